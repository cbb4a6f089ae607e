"""PURE: gate `age`, which asks: is the person old enough for the feature where they live.

The account's territory counts, else the location's. Who cannot be placed is too young
while any rule holds anywhere, and an age that is no number is too young everywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flags.engine.atoms import FIELD_PREFIX, Atom
from flags.engine.constraints import parse_number
from flags.engine.definitions import AgeRule, Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Outcome, Reader
from flags.engine.places import Atlas
from flags.engine.result import Reason
from flags.engine.rows import Held, Shelf, find_current
from flags.engine.signals import Residence

AGE_FIELD = "age"


class Here(NamedTuple):
    """The rules at a person's place, most specific first; no signal means nowhere known."""

    signal: str
    rows: tuple[Held[AgeRule], ...]


NOTHING = Here("account", ())


class AgeGate:
    """Closed below the age of the most specific rule."""

    def __init__(self, rules: tuple[AgeRule, ...], atlas: Atlas, answers: Answers) -> None:
        """Take ranked rules; the ages that they name are all that is told apart."""
        self.answers = answers
        self.shelf = Shelf(atlas, rules)
        steps = tuple(sorted({rule.minimum for rule in rules}))
        self.place = Atom("residence", self._read_place)
        self.age = Atom(
            FIELD_PREFIX + AGE_FIELD, lambda text: _reach(steps, text), key=("reached", steps)
        )
        self.atoms: tuple[Atom, ...] = (self.place, self.age)
        self.flips = self.shelf.list_flips()

    def check(self, reader: Reader) -> Outcome | None:
        """Close below the least age; `detail` names it."""
        signal, rows = reader.cell(self.place)
        row = find_current(rows, reader.passed)
        if row is None:
            return None
        if not signal:
            return self.answers.off(Reason.AGE)
        least = row.of.minimum
        if reader.cell(self.age) >= least:
            return None
        return self.answers.off(Reason.AGE, rule=row.of.rule, signal=signal, detail=str(least))

    def find_least(self, code: str, now: datetime) -> int:
        """Return the least age at a territory, 0 where none is asked."""
        row = find_current(self.shelf.list_held(code), lambda at: at <= now)
        return 0 if row is None else row.of.minimum

    def _read_place(self, seen: Residence) -> Here:
        if seen.code is None:
            rows = self.shelf.list_anywhere()
            return Here("", tuple(row for row in rows if row.of.minimum > 0))
        held = self.shelf.list_held(seen.code)
        return Here(seen.signal, held) if held else NOTHING


def build(feature: Feature, ground: Ground, answers: Answers) -> AgeGate | None:
    """Return the gate, or None when no rule names the feature."""
    rules = ground.ages_of(feature)
    return AgeGate(rules, ground.atlas, answers) if rules else None


def _reach(steps: tuple[int, ...], text: str | None) -> int:
    """Return the highest of the ages that was reached; 0 also for what is no number."""
    age = parse_number(text.strip()) if text else None
    return max((step for step in steps if age is not None and age >= step), default=0)
