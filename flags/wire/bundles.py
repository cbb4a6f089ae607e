"""PURE: how a bundle stands for one person, summed up from what its features answered.

A bundle's status is never typed by anybody: where its features differ, it is `partial`. As on
the board, its features that ask for no offer do not count, unless all of them are such.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from flags.engine.definitions import Definitions
from flags.engine.display import DISPLAYS, REASON_KEY
from flags.engine.result import Reason
from flags.engine.tables import Purse, Table

encode = msgspec.json.Encoder().encode

# What a bundle is called of which nothing is on, by what most of its features say.
STATUSES: Mapping[Reason, str] = {
    Reason.BLOCKED_BY_LAW: "blocked-by-law",
    Reason.NEEDS_PARTNER: "needs-partner",
    Reason.NEEDS_PARTNER_HERE: "needs-partner",
    Reason.NOT_OFFERED: "not-offered",
    Reason.PLANNED: "planned",
    Reason.SUNSET: "withdrawn",
    Reason.WITHDRAWN: "withdrawn",
}
OTHERWISE_OFF = "off"
# What a note and its slot take, besides the fragment that it was read from.
NOTE_BYTES = 600
_ORDER = {reason: place for place, reason in enumerate(Reason)}


class Seen(Struct, frozen=True):
    """What a rendered feature says that a bundle's status depends on."""

    key: str
    on: bool
    reason: Reason


decode = msgspec.json.Decoder(list[Seen]).decode


class Note(NamedTuple):
    """What one fragment says: bundles with features that are on, and the others' reasons.

    `running` are the features of schedules that are on.
    """

    on: tuple[tuple[int, int], ...]
    off: tuple[tuple[int, Reason, int], ...]
    running: tuple[str, ...]


class Standing(NamedTuple):
    """How all bundles stand: how many features are on, and a reason where none is."""

    states: tuple[tuple[int, Reason | None], ...]
    running: frozenset[str]


class Bundles:
    """The bundles of a scope; reads a fragment once, and then remembers what it says."""

    def __init__(self, definitions: Definitions, scheduled: frozenset[str], purse: Purse) -> None:
        """Take who belongs where, and the features of which it matters that they are on.

        What is remembered is paid for from `purse`.
        """
        asking = {one.bundle for one in definitions.features if one.offer_basis != "none"}
        counted = [
            one
            for one in definitions.features
            if one.offer_basis != "none" or one.bundle not in asking
        ]
        sizes = Counter(one.bundle for one in counted)
        self.listed = tuple(
            (bundle.key, bundle.name, sizes[bundle.key])
            for bundle in definitions.bundles
            if sizes[bundle.key]
        )
        places = {key: place for place, (key, _name, _size) in enumerate(self.listed)}
        self.homes = {one.key: places[one.bundle] for one in counted if one.bundle in places}
        self.scheduled = scheduled
        content = encode([self.listed, sorted(self.homes.items())])
        self.digest = hashlib.blake2b(content, digest_size=16).digest()
        self.notes: Table[bytes, Note] = Table()
        purse.adopt(self.notes)

    def sum_up(self, fragments: Iterable[bytes]) -> Standing:
        """Sum up what fragments say, which together hold every feature once."""
        counts = [0] * len(self.listed)
        off: list[tuple[int, Reason, int]] = []
        running: list[str] = []
        notes = self.notes
        for fragment in fragments:
            note = notes.get(fragment) or self._read(fragment)
            for place, count in note.on:
                counts[place] += count
            off += note.off
            running += note.running
        reasons: dict[int, Counter[Reason]] = {}
        for place, reason, count in off:
            if not counts[place]:
                reasons.setdefault(place, Counter())[reason] += count
        states = tuple(
            (count, _choose(reasons[place]) if place in reasons else None)
            for place, count in enumerate(counts)
        )
        return Standing(states, frozenset(running))

    def _read(self, fragment: bytes) -> Note:
        """Read a fragment: one or more rendered features, joined with commas."""
        on: Counter[int] = Counter()
        off: Counter[tuple[int, Reason]] = Counter()
        running: list[str] = []
        for one in decode(b"[" + fragment + b"]"):
            home = self.homes.get(one.key)
            if one.on and one.key in self.scheduled:
                running.append(one.key)
            if home is not None and one.on:
                on[home] += 1
            elif home is not None:
                off[home, one.reason] += 1
        note = Note(
            tuple(on.items()),
            tuple((place, reason, count) for (place, reason), count in off.items()),
            tuple(running),
        )
        self.notes.put(fragment, note, NOTE_BYTES + len(fragment))
        return note

    def build(self, standing: Standing, texts: Mapping[str, str]) -> list[dict[str, Any]]:
        """Build the statuses of all bundles in the words of a locale."""
        return [
            _build_bundle(listed, state, texts)
            for listed, state in zip(self.listed, standing.states, strict=True)
        ]


def _choose(reasons: Counter[Reason]) -> Reason:
    """Return what most features say; of two as frequent, that of the earlier gate."""
    return min(reasons, key=lambda one: (-reasons[one], _ORDER[one]))


def _build_bundle(
    listed: tuple[str, str, int], state: tuple[int, Reason | None], texts: Mapping[str, str]
) -> dict[str, Any]:
    key, name, size = listed
    on, reason = state
    status = "live" if on == size else "partial"
    built: dict[str, Any] = {"key": key, "name": name, "status": status, "on": on, "of": size}
    if reason is not None:
        text_key = REASON_KEY + reason.value
        built["status"] = STATUSES.get(reason, OTHERWISE_OFF)
        built["reason"] = reason.value
        built["display"] = DISPLAYS[reason]
        built["textKey"] = text_key
        built["text"] = texts.get(text_key, "")
    return built
