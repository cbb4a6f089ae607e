"""PURE: what clients send -> Context.

The words are the same in every protocol (docs/domain.md section 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from flags.engine.constraints import parse_instant
from flags.engine.context import LIST_FIELDS, Context, Dice
from flags.engine.signals import EVIDENCE

FIELDS_MAX = 100
TEXT_BYTES_MAX = 2_000
NAMES_CACHED = 1_024

_STANDARD = frozenset({"userId", "sessionId", "remoteAddress", "appName", "environment"})
# Clients set neither the clock nor who came first (docs/decisions.md 14).
_TRUSTED_ONLY = frozenset({"currentTime", "enrolled", "enrolledCount"})
_SPECIAL = _TRUSTED_ONLY.union(LIST_FIELDS)
# Where "given, but not readable" is something else than "not given".
_TOLD_UNREADABLE = frozenset(LIST_FIELDS).union(*EVIDENCE.values())


class UnreadableContext(ValueError):
    """A context that no sensible client sends; names the field and what is wrong with it."""

    def __init__(self, field: str, why: str) -> None:
        """Take the field's name, empty for the context as a whole."""
        super().__init__(f"context field {field!r} {why}" if field else f"the context {why}")
        self.field = field
        self.why = why


def read_context(
    mapping: Mapping[str, Any],
    *,
    now: datetime,
    dice: Dice,
    environment: str,
    trusted: bool = False,
    address: str | None = None,
) -> Context:
    """Return the context that a client sent, or raise UnreadableContext.

    Numbers and booleans become texts; nulls, objects and empty texts are absent; fields in
    `properties` win over others of the same name, but over none of Unleash's own.
    `targetingKey` is the user. The environment is the token's. `trusted` callers may set
    `currentTime`. `address` is the remote address of who sent none.
    """
    texts, lists, unreadable = _read_fields(_flatten(mapping), trusted=trusted)
    asked = _read_time(texts.pop("currentTime", None))
    user = texts.pop("targetingKey", None) or texts.get("userId")
    return Context(
        now=asked or now,
        dice=dice,
        user_id=user,
        session_id=texts.get("sessionId"),
        remote_address=texts.get("remoteAddress") or address,
        app_name=texts.get("appName"),
        environment=environment or None,
        properties={name: text for name, text in texts.items() if name not in _STANDARD},
        lists=lists,
        unreadable=frozenset(unreadable),
        as_of=asked is not None,
    )


def _read_fields(
    fields: dict[str, Any], *, trusted: bool
) -> tuple[dict[str, str], dict[str, tuple[str, ...]], set[str]]:
    """Return texts, lists, and the names of what was given and cannot be read."""
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    unreadable: set[str] = set()
    for name, value in fields.items():
        if type(value) is str and name not in _SPECIAL:
            # Nearly all there is; the limits of a text without a call for each.
            if len(value) > TEXT_BYTES_MAX or not value.isascii() or "\x00" in value:
                _check_text(name, value)
            text: str | None = value
        elif value is None or (not trusted and name in _TRUSTED_ONLY):
            continue
        elif name in LIST_FIELDS:
            entries, whole = _read_list(name, value)
            if not whole:
                unreadable.add(name)
            if entries:
                lists[name] = entries
            text = ",".join(entries)
        else:
            text = _read_text(name, value)
            if text is None and name in _TOLD_UNREADABLE:
                unreadable.add(name)
        if text:
            texts[name] = text
    return texts, lists, unreadable


def _flatten(mapping: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(mapping, Mapping):
        raise UnreadableContext("", "is not an object")
    nested = mapping.get("properties")
    fields = dict(mapping)
    fields.pop("properties", None)
    if isinstance(nested, Mapping):
        for name, value in nested.items():
            # Unleash knows a person by the fields of its own alone.
            if value is not None and not (name in _STANDARD and fields.get(name) is not None):
                fields[name] = value
    if len(fields) > FIELDS_MAX:
        raise UnreadableContext("", f"has {len(fields)} fields, more than {FIELDS_MAX}")
    for name in fields:
        _check_name(name)
    return fields


@lru_cache(NAMES_CACHED)
def _check_name(name: Any) -> None:
    """Refuse a field's name; good ones are remembered, since clients use few."""
    if not isinstance(name, str):
        raise UnreadableContext("", "has a field whose name is not a text")
    _check_text(name, name)


def _read_text(name: str, value: Any) -> str | None:
    """Return a scalar as text, None for what has no text."""
    if isinstance(value, str):
        _check_text(name, value)
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to print integers of thousands of digits.
        return str(value) if value.bit_length() <= TEXT_BYTES_MAX else None
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else None
    return None


def _read_list(name: str, value: Any) -> tuple[tuple[str, ...], bool]:
    """Return the entries of a list or of a comma text, and whether all could be read."""
    if isinstance(value, str):
        _check_text(name, value)
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return (), False
    if len(value) > FIELDS_MAX:
        raise UnreadableContext(name, f"has {len(value)} entries, more than {FIELDS_MAX}")
    texts = [_read_text(name, entry) for entry in value]
    entries = tuple(text.strip() for text in texts if text and text.strip())
    return entries, None not in texts


def _check_text(name: str, text: str) -> None:
    if text.isascii() and len(text) <= TEXT_BYTES_MAX and "\x00" not in text:
        return
    if "\x00" in text:
        raise UnreadableContext(_printable(name), "contains a NUL character")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UnreadableContext(_printable(name), "contains half a surrogate pair") from None
    if size > TEXT_BYTES_MAX:
        raise UnreadableContext(_printable(name), f"has {size} bytes, more than {TEXT_BYTES_MAX}")


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:100].replace("\x00", "\\x00")


def _read_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = parse_instant(text)
    if at is None:
        raise UnreadableContext("currentTime", "is not an RFC 3339 time with a zone")
    return at
