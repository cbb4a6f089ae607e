"""PURE: which of the locales that exist a person is started on.

UTS #35 part 1, section 4.4 "Language Matching": CLDR distances between maximised tags.
What that locale lacks is then found along its content chain, see fallback.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

# The public twin keeps every pair it ever saw; clients choose the tags, so that would grow.
from langcodes.language_distance import _tuple_distance

from regions.locales.fallback import inherit
from regions.locales.tag import UnreadableTag, maximise, normalise_tag

# Cantonese to Traditional Chinese is 10; the next script of one language starts above 15.
_MAX_DISTANCE = 10
_MAX_WANTED = 20


def best(wanted: Sequence[str], available: Collection[str]) -> str | None:
    """Return the available locale that suits the person best, None when none does.

    `wanted` is in order of preference and may hold anything a device sends; the first
    entry with an acceptable locale decides. Another script is never acceptable.
    """
    return _best(tuple(wanted[:_MAX_WANTED]), tuple(sorted(available)))


def read_accept_language(header: str) -> tuple[str, ...]:
    """Return the tags of an Accept-Language header, most wanted first (RFC 9110, 12.5.4).

    Tags with q=0 and the wildcard are left out, unreadable parts are skipped.
    """
    weighed: list[tuple[float, str]] = []
    for part in header[:1000].split(",")[:_MAX_WANTED]:
        tag, _, parameters = part.strip().partition(";")
        quality = _read_quality(parameters)
        try:
            canonical = normalise_tag(tag)
        except UnreadableTag:
            continue
        if quality > 0:
            weighed.append((-quality, canonical))
    return tuple(tag for _, tag in sorted(weighed, key=lambda entry: entry[0]))


@lru_cache(maxsize=4096)
def _best(wanted: tuple[str, ...], available: tuple[str, ...]) -> str | None:
    for text in wanted:
        try:
            tag = normalise_tag(text)
        except UnreadableTag:
            continue
        if tag in available:
            return tag
        ranked = _rank(tag, available)
        if ranked:
            return ranked[0]
    return None


def _rank(wanted: str, available: tuple[str, ...]) -> list[str]:
    """Return the acceptable locales, nearest first; among equals a parent comes first."""
    triple = maximise(wanted)
    parents = inherit(wanted)
    near: list[tuple[int, int, str]] = []
    for candidate in available:
        other = maximise(candidate)
        if other[1] != triple[1]:
            continue
        distance = _tuple_distance(triple, other)
        if distance <= _MAX_DISTANCE:
            rank = parents.index(candidate) if candidate in parents else len(parents)
            near.append((distance, rank, candidate))
    return [candidate for _, _, candidate in sorted(near)]


def _read_quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
