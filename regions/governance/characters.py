"""PURE: find characters in a command that no table, file or client could carry.

NUL ends texts in PostgreSQL and in C, and a lone surrogate cannot be written as UTF-8.
Both are looked for once, in every text of every command, before its operation runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from regions.governance.commands import Command, Refused

DEEPEST_LEVEL = 32


def check_characters(command: Command) -> None:
    """Refuse a command in which any text, at any depth, holds NUL or a lone surrogate."""
    for entry in fields(command):
        for path, text in _walk(getattr(command, entry.name), entry.name, 0):
            if "\0" in text:
                raise Refused(
                    f"{path} holds a NUL character, which cannot be kept.",
                    code="nul_character",
                    field=entry.name,
                )
            if not text.isascii() and _has_lone_surrogate(text):
                raise Refused(
                    f"{path} holds half of a character (a lone surrogate).",
                    code="invalid_unicode",
                    field=entry.name,
                )


def _has_lone_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _walk(value: object, path: str, level: int) -> Iterator[tuple[str, str]]:
    """Yield every text with the path to it; keys of mappings are texts too."""
    if isinstance(value, str):
        yield path, value
        return
    if level > DEEPEST_LEVEL:
        name = path.split(".", 1)[0].split("[", 1)[0]
        raise Refused(
            f"{name} is nested deeper than {DEEPEST_LEVEL} levels.", code="too_deep", field=name
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield f"a key of {path}", str(key)
            yield from _walk(item, f"{path}.{_shown(str(key))}", level + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for position, item in enumerate(value):
            yield from _walk(item, f"{path}[{position}]", level + 1)
    elif is_dataclass(value):
        for entry in fields(value):
            yield from _walk(getattr(value, entry.name), f"{path}.{entry.name}", level + 1)


def _shown(key: str) -> str:
    return key[:40].encode("ascii", "backslashreplace").decode().replace("\0", "\\0")
