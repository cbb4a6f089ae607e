"""PURE: gate `cap`, which asks: is a place left for somebody who is not enrolled yet.

The most specific cap that holds now counts. It is looked up at the offer basis; without a
basis at the account's territory, else at the location's. People are counted in the
database: a snapshot carries only whether a cap is full, and a trusted caller's count
"as of" another time overrides it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flags.engine.atoms import Atom
from flags.engine.constraints import parse_number
from flags.engine.definitions import Cap, Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Outcome, Reader
from flags.engine.places import Atlas
from flags.engine.result import Reason
from flags.engine.rows import Held, Shelf, list_flips
from flags.engine.signals import Sighting, list_basis


class CapGate:
    """Closed to people who are not enrolled where the cap that holds is full."""

    def __init__(self, basis: str, caps: tuple[Cap, ...], atlas: Atlas, answers: Answers) -> None:
        """Take ranked caps; the rows of a territory are made when it is first seen."""
        self.shelf = Shelf(atlas, caps)
        self.answers = answers
        self.rows: dict[str | None, tuple[Held[Cap], ...]] = {}
        anywhere = all(cap.place.kind == "everywhere" for cap in caps) and not self._list_dated()
        self.places = {
            signal: Atom(signal, self._read_place)
            for signal in (() if anywhere else list_basis(basis))
        }
        self.enrolled = Atom("enrolled", bool, key="enrolled")
        self.counts = {
            limit: Atom("enrolledCount", _has_reached(limit), key=("at least", limit))
            for limit in sorted({cap.limit for cap in caps})
        }
        self.atoms = (*self.places.values(), self.enrolled, *self.counts.values())
        self.flips = tuple(
            sorted(
                {
                    flip
                    for code in self._list_dated()
                    for flip in list_flips(self._rows_at(code), code or "")
                }
            )
        )

    def check(self, reader: Reader) -> Outcome | None:
        """Close unless the person is enrolled or a place is left."""
        rows, signal = self._find_rows(reader)
        for cap, starts, ends in rows:
            if reader.passed(starts) and not reader.passed(ends):
                return self._check_cap(cap, signal, reader)
        return None

    def find_cap(self, code: str | None, now: datetime) -> Cap | None:
        """Return the cap that counts at a territory, None where there is none."""
        rows = self._rows_at(code)
        return next((cap for cap, starts, ends in rows if starts <= now < ends), None)

    def _check_cap(self, cap: Cap, signal: str, reader: Reader) -> Outcome | None:
        counted: bool | None = reader.cell(self.counts[cap.limit])
        full = cap.full if counted is None else counted
        if not full or reader.cell(self.enrolled):
            return None
        return self.answers.off(
            Reason.CAP_REACHED, rule=cap.rule, signal=signal, detail=cap.place.key
        )

    def _find_rows(self, reader: Reader) -> tuple[tuple[Held[Cap], ...], str]:
        """Return the rows of the person's place, and the signal that told it."""
        for signal, atom in self.places.items():
            rows: tuple[Held[Cap], ...] | None = reader.cell(atom)
            if rows is not None:
                return rows, signal
        return self._rows_at(None), ""

    def _read_place(self, seen: Sighting) -> tuple[Held[Cap], ...] | None:
        return None if seen.code is None else self._rows_at(seen.code)

    def _rows_at(self, code: str | None) -> tuple[Held[Cap], ...]:
        rows = self.rows.get(code)
        if rows is None:
            rows = self.rows[code] = self.shelf.list_held(code)
        return rows

    def _list_dated(self) -> frozenset[str | None]:
        return self.shelf.list_dated()


def build(feature: Feature, ground: Ground, answers: Answers) -> CapGate | None:
    """Return the gate, or None when the feature has no cap."""
    caps = ground.caps_of(feature)
    return CapGate(feature.offer_basis, caps, ground.atlas, answers) if caps else None


def _has_reached(limit: int) -> Callable[[str | None], bool | None]:
    """Make the question whether a count has come to the limit; None is no count."""

    def read(text: Any) -> bool | None:
        count = parse_number(text) if text else None
        # What is not a number at all is not equal to itself.
        return None if count is None or count != count else count >= limit  # noqa: PLR0124

    return read
