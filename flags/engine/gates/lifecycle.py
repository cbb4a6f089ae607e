"""PURE: gate `lifecycle`, which asks: is the feature ending where it is offered.

The place is the offer basis's; for a feature without one the account's territory, else
the location's. Days are local to it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature, LifeCycle, Rule
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.places import Atlas
from flags.engine.result import Reason
from flags.engine.rows import Held, Passed, Shelf
from flags.engine.signals import Residence, Sighting
from regions.zones import EARLIEST, LATEST, instant


class Ending(NamedTuple):
    """A life cycle where it holds in `[starts, ends)`, with the instants of its steps."""

    rule: Rule
    place: str
    starts: datetime
    ends: datetime
    closed: datetime
    sunset: datetime

    def find_reason(self, passed: Passed) -> Reason | None:
        """Return how far the feature has ended, None when it has not begun to."""
        if passed(self.sunset):
            return Reason.SUNSET
        return Reason.CLOSED_TO_NEW if passed(self.closed) else None


class Here(NamedTuple):
    """The life cycles at a person's place, most specific first."""

    signal: str
    endings: tuple[Ending, ...]


NOTHING = Here("", ())


class LifeCycleGate:
    """Closed first to people who are new, then to everybody."""

    def __init__(
        self, basis: str, cycles: tuple[LifeCycle, ...], atlas: Atlas, answers: Answers
    ) -> None:
        """Take ranked life cycles and the signal by which the feature is offered."""
        self.basis = basis
        self.answers = answers
        self.shelf = Shelf(atlas, cycles)
        self.endings: dict[str | None, tuple[Ending, ...]] = {}
        self.place = Atom("residence" if basis == "none" else basis, self._read_place)
        self.enrolled = Atom("enrolled", bool, key="enrolled")
        self.atoms: tuple[Atom, ...] = (self.place, self.enrolled)
        self.flips = tuple(sorted(set(self._list_flips())))

    def check(self, reader: Reader) -> Outcome | None:
        """Close by the most specific life cycle; `detail` names its place."""
        signal, endings = reader.cell(self.place)
        ending = _find_current(endings, reader.passed)
        if ending is None:
            return None
        reason = ending.find_reason(reader.passed)
        if reason is None or (reason is Reason.CLOSED_TO_NEW and reader.cell(self.enrolled)):
            return None
        return self.answers.off(reason, rule=ending.rule, signal=signal, detail=ending.place)

    def find_reason(self, code: str, now: datetime) -> Reason | None:
        """Return how far the feature has ended at a territory, for people who are new."""

        def passed(at: datetime) -> bool:
            return at <= now

        ending = _find_current(self._endings_at(code), passed)
        return None if ending is None else ending.find_reason(passed)

    def _read_place(self, seen: Sighting | Residence) -> Here:
        endings = self._endings_at(seen.code)
        signal = seen.signal if isinstance(seen, Residence) else self.basis
        return Here(signal, endings) if endings else NOTHING

    def _endings_at(self, code: str | None) -> tuple[Ending, ...]:
        endings = self.endings.get(code)
        if endings is None:
            zone = self.shelf.atlas.zone_of(code)
            held = self.shelf.list_held(code)
            endings = self.endings[code] = tuple(_end(row, zone) for row in held)
        return endings

    def _list_flips(self) -> list[Flip]:
        return [
            Flip(at, code or "")
            for code in self.shelf.list_dated()
            for ending in self._endings_at(code)
            for at in (ending.starts, ending.ends, ending.closed, ending.sunset)
            if EARLIEST < at < LATEST
        ]


def build(feature: Feature, ground: Ground, answers: Answers) -> LifeCycleGate | None:
    """Return the gate, or None when no life cycle names the feature."""
    cycles = ground.life_cycles_of(feature)
    if not cycles:
        return None
    return LifeCycleGate(feature.offer_basis, cycles, ground.atlas, answers)


def _find_current(endings: tuple[Ending, ...], passed: Passed) -> Ending | None:
    for ending in endings:
        if passed(ending.starts) and not passed(ending.ends):
            return ending
    return None


def _end(row: Held[LifeCycle], zone: str) -> Ending:
    """Place the steps of a life cycle in time; one without a day never comes."""

    def at(day: date | None) -> datetime:
        return LATEST if day is None else instant(day, zone)

    cycle = row.of
    return Ending(
        rule=cycle.rule,
        place=cycle.place.key,
        starts=row.starts,
        ends=row.ends,
        closed=at(cycle.closed_to_new),
        sunset=at(cycle.sunset),
    )
