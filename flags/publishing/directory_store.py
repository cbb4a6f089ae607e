"""The last known good parts on a node's own disk: what it serves when nobody answers.

One file holds all parts and the text bundles that they name, with a SHA-256 over the
whole. It is replaced atomically, and the generation before it is kept: a file that is
damaged in any way is ignored and the older one is used. No Django here, since an edge
imports it.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog
from msgspec import Struct

from flags.publishing.snapshot import named_blobs
from flags.publishing.store import Head, PartKey, StoredPart, check_blob, check_part
from regions import canonical

MAGIC = b"landfall-lkg-1\n"
CURRENT = "parts.lkg"
PREVIOUS = "parts.previous.lkg"
# Touched when a source confirmed what is kept: the parts themselves are written on change only.
HEARD = "heard"
HEARD_EVERY_SECONDS = 20.0
_DIGEST_BYTES = 64

_log = structlog.get_logger(__name__)


class Generation(Struct, frozen=True):
    """Everything that one file holds."""

    parts: tuple[StoredPart, ...] = ()
    blobs: dict[str, bytes] = {}


_decode_generation = msgspec.msgpack.Decoder(Generation).decode


class DirectoryStore:
    """Parts and text bundles in one directory, shared by the processes of one node.

    A text bundle alone is not worth a write: it goes to the disk with the next part.
    """

    name = "file"

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int, int] | None, ...] = ()
        self._generation = Generation()
        self._waiting: dict[str, bytes] = {}
        self._heard_at = -HEARD_EVERY_SECONDS

    def heads(self) -> dict[PartKey, Head]:
        """Return how new each part is."""
        return {part.key: part.head for part in self._load().parts}

    def get(self, key: PartKey) -> StoredPart | None:
        """Return the newest good part, or None."""
        return next((part for part in self._load().parts if part.key == key), None)

    def get_blob(self, sha256: str) -> bytes | None:
        """Return a text bundle, or None."""
        return self._waiting.get(sha256) or self._load().blobs.get(sha256)

    def put(self, part: StoredPart) -> bool:
        """Keep the part unless one at least as new is there; durable when this returns."""
        check_part(part)
        with self._lock, self._alone():
            kept = {old.key: old for old in self._read().parts}
            old = kept.get(part.key)
            if not part.head.is_newer_than(old.head if old else None):
                self._forget_written()
                return False
            kept[part.key] = part
            parts = tuple(kept[key] for key in sorted(kept))
            blobs = {**self._generation.blobs, **self._waiting}
            self._write(Generation(parts=parts, blobs=_needed(parts, blobs)))
            return True

    def put_blob(self, sha256: str, body: bytes) -> None:
        """Keep an immutable text bundle until the part that names it is put."""
        self._waiting.setdefault(sha256, check_blob(sha256, body))

    def note_heard(self) -> None:
        """Note that a source confirmed the parts, at most every 20 s."""
        if time.monotonic() - self._heard_at >= HEARD_EVERY_SECONDS:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._path / HEARD).touch(mode=0o600)
            self._heard_at = time.monotonic()

    def age_seconds(self) -> float:
        """Return how long ago the parts were confirmed or written, at most; 0 without any.

        A clock that was set back since makes them new, never of the future.
        """
        times = [_written_at(self._path / name) for name in (HEARD, CURRENT)]
        return max(0.0, time.time() - max(times)) if any(times) else 0.0

    def _load(self) -> Generation:
        with self._lock:
            return self._read()

    def _read(self) -> Generation:
        """Return the newest good generation; unchanged files are not read again."""
        files = [self._path / CURRENT, self._path / PREVIOUS]
        seen = tuple(_signature(file) for file in files)
        if seen != self._seen:
            found = (read_generation(file) for file in files)
            self._generation = next((good for good in found if good is not None), Generation())
            self._seen = seen
        return self._generation

    def _write(self, generation: Generation) -> None:
        """Replace the file so that a kill at any instant leaves a whole one.

        The file before it becomes the previous generation only when it is good itself:
        a damaged file must not push out the last good one.
        """
        current, previous = self._path / CURRENT, self._path / PREVIOUS
        fresh = self._path / f"{CURRENT}.{os.getpid()}.tmp"
        with _open_private(fresh) as file:
            payload = msgspec.msgpack.encode(generation)
            file.write(MAGIC + canonical.digest(payload).encode() + payload)
            file.flush()
            os.fsync(file.fileno())
        if read_generation(current) is not None:
            kept = self._path / f"{PREVIOUS}.{os.getpid()}.tmp"
            kept.unlink(missing_ok=True)
            os.link(current, kept)
            kept.replace(previous)
        fresh.replace(current)
        _sync_directory(self._path)
        self._generation = generation
        self._seen = (_signature(current), _signature(previous))
        self._forget_written()

    def _forget_written(self) -> None:
        """Forget the text bundles that are in the file, whichever process wrote it."""
        for sha256 in self._generation.blobs:
            self._waiting.pop(sha256, None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the node's other processes from writing, until this one is done or dead."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _open_private(self._path / "lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for leftover in self._path.glob("*.tmp"):
                leftover.unlink(missing_ok=True)  # of a process that was killed while writing
            yield


def read_generation(file: Path) -> Generation | None:
    """Return what the file holds, or None when it is absent, cut off or damaged."""
    with suppress(FileNotFoundError):
        raw = file.read_bytes()
        start = len(MAGIC) + _DIGEST_BYTES
        digest = raw[len(MAGIC) : start]
        if raw.startswith(MAGIC) and canonical.digest(raw[start:]).encode() == digest:
            try:
                return _decode_generation(raw[start:])
            except msgspec.MsgspecError as error:
                _log.warning("lkg.unreadable", file=file.name, error=str(error))
                return None
        _log.warning("lkg.damaged", file=file.name, body_bytes=len(raw))
    return None


def _needed(parts: tuple[StoredPart, ...], blobs: dict[str, bytes]) -> dict[str, bytes]:
    names = {sha256 for part in parts for sha256 in named_blobs(part)}
    return {sha256: blobs[sha256] for sha256 in sorted(names & blobs.keys())}


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _written_at(file: Path) -> float:
    """Return the Unix time of a file's last change, 0 when there is none."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _open_private(path: Path) -> BinaryIO:
    """Open for writing; nobody but the owner may read, since token hashes are inside."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
