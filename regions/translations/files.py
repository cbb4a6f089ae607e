"""The catalogs on disk: find, read, lock and replace `<tag>/LC_MESSAGES/<component>.po`.

Names come from canonical tags and slugs only, never from what a person typed; a link that
leads out of the directory is not followed.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from regions.locales.tag import UnreadableTag, file_name, normalise_tag
from regions.translations.formats.gettext import MAX_BYTES

_MESSAGES = "LC_MESSAGES"
_COMPONENT = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
# Django's own domains are loaded by Django; they are not texts of an app.
_NOT_OURS = frozenset({"django", "djangojs"})
_NEW_FILE_MODE = 0o644


class CatalogMoved(Exception):
    """A file changed between reading and writing; nothing was written."""


class UnsafePath(ValueError):
    """A catalog that would lie outside the directory of catalogs."""


@dataclass(frozen=True, slots=True)
class CatalogPath:
    """One catalog file and what its path says."""

    path: Path
    locale: str
    component: str


def scan(locale_dir: Path) -> tuple[list[CatalogPath], list[str]]:
    """Return the catalogs, ordered by path, and a sentence for each that is left out."""
    found: list[CatalogPath] = []
    problems: list[str] = []
    for path in sorted(locale_dir.glob(f"*/{_MESSAGES}/*.po")):
        component = path.stem
        if component in _NOT_OURS:
            continue
        name = path.parent.parent.name
        try:
            tag = normalise_tag(name)
            expected = path_of(locale_dir, locale=tag, component=component)
        except (UnreadableTag, UnsafePath) as error:
            problems.append(f"{path.relative_to(locale_dir)}: {error}")
            continue
        if expected != path:
            problems.append(
                f"{path.relative_to(locale_dir)}: the directory of {tag} is {file_name(tag)}."
            )
            continue
        found.append(CatalogPath(path, tag, component))
    return found, problems


def path_of(locale_dir: Path, *, locale: str, component: str) -> Path:
    """Return where a catalog lies. Raises UnsafePath, UnreadableTag."""
    if not _COMPONENT.fullmatch(component):
        raise UnsafePath(f"“{component[:60]}” is not the key of a component.")
    path = locale_dir / file_name(normalise_tag(locale)) / _MESSAGES / f"{component}.po"
    if not path.resolve().is_relative_to(locale_dir.resolve()):
        raise UnsafePath(f"{path.name} leads out of the directory of catalogs.")
    return path


def read(path: Path) -> bytes | None:
    """Return the bytes of a file, one more than is allowed at most; None when it is not there.

    Raises OSError, also for a pipe, which would be waited for without end.
    """
    if path.exists() and not path.is_file():
        raise OSError(f"{path.name} is not a file.")
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file's directory, across processes; makes the directory.

    The directory is locked and not the file, since a replaced file is another one, and
    since a lock file would lie among the catalogs.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def all_locked(locale_dir: Path) -> Iterator[None]:
    """Hold the locks of every directory of catalogs, in the order of their paths.

    Nobody who holds one of them takes another, so that none waits for ever.
    """
    with ExitStack() as stack:
        for folder in sorted(locale_dir.glob(f"*/{_MESSAGES}")):
            if folder.is_dir():
                stack.enter_context(locked(folder / "any.po"))
        yield


def replace(path: Path, body: bytes, *, seen: bytes | None) -> None:
    """Put new bytes in the place of those that were `seen`, all or nothing.

    Raises CatalogMoved when the file no longer holds them, OSError when it cannot be
    written.
    """
    if read(path) != seen:
        raise CatalogMoved(f"{path.name} was changed by somebody else meanwhile.")
    mode = path.stat().st_mode & 0o777 if seen is not None else _NEW_FILE_MODE
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
