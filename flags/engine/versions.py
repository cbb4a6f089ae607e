"""PURE: two readings of versions: Unleash's strict SemVer 2, and the gates' padded one."""

from __future__ import annotations

import re
from typing import Any

Version = tuple[Any, ...]

_NUMBER = r"(?:0|[1-9][0-9]{0,19})"
_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_TAIL = rf"(?:-(?P<pre>{_PART}(?:\.{_PART})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_STRICT = re.compile(rf"(?P<core>{_NUMBER}\.{_NUMBER}\.{_NUMBER}){_TAIL}", re.ASCII)
# Platforms give one to five parts, some with leading zeros.
_PADDED = re.compile(rf"(?P<core>[0-9]{{1,20}}(?:\.[0-9]{{1,20}}){{0,4}}){_TAIL}", re.ASCII)
_PADDED_PARTS = 5
# As Unleash's engines have it: what they can compare and we could not would be on there only.
_NUMBER_MAX = 2**64 - 1
# More than a context's field may have; Python refuses to read numbers of many more digits.
_LENGTH_MAX = 2_000


def parse_strict(text: str) -> Version | None:
    """Return a comparable SemVer 2 version; build metadata is ignored, None when invalid.

    >>> parse_strict("1.2") is None
    True
    """
    return _parse(_STRICT, text, parts=3)


def parse_padded(text: str) -> Version | None:
    """Return a comparable version in which `8.0` means `8.0.0`, None when invalid.

    >>> parse_padded("8.0") == parse_padded("8.0.0")
    True
    """
    return _parse(_PADDED, text.strip(), parts=_PADDED_PARTS)


def pad(text: str) -> str | None:
    """Return a minimum as strict SemVer for Unleash, None when three parts cannot say it.

    >>> pad("8.0")
    '8.0.0'
    """
    version = parse_padded(text)
    if version is None:
        return None
    numbers, pre = version
    if any(numbers[3:]) or pre != (1,):
        return None
    return ".".join(str(number) for number in numbers[:3])


def is_zero(version: Version) -> bool:
    """Tell whether every version is at least this one, so that none need be given."""
    return not any(version[0])


def _parse(pattern: re.Pattern[str], text: str, *, parts: int) -> Version | None:
    if len(text) > _LENGTH_MAX:
        return None
    match = pattern.fullmatch(text)
    if match is None:
        return None
    numbers = [int(number) for number in match["core"].split(".")]
    if max(numbers) > _NUMBER_MAX:
        return None
    numbers += [0] * (parts - len(numbers))
    return (tuple(numbers), _rank_pre(match["pre"]))


def _rank_pre(pre: str | None) -> tuple[Any, ...]:
    """Rank a pre-release (SemVer 2, point 11): below its release, numbers below words."""
    if pre is None:
        return (1,)
    return (
        0,
        *[(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")],
    )
