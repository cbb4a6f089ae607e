"""PURE: gate `consent`, which asks: has the person agreed to all that their place asks for.

The account's territory counts, else the location's. Who cannot be placed has not agreed
while any rule holds anywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flags.engine.atoms import NAMES_PREFIX, Atom, normalise_name
from flags.engine.definitions import ConsentRule, Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Outcome, Reader
from flags.engine.places import Atlas
from flags.engine.result import Reason
from flags.engine.rows import Held, Shelf, find_current
from flags.engine.signals import Residence

CONSENTS_FIELD = "consents"


class Here(NamedTuple):
    """The rules at a person's place, most specific first; no signal means nowhere known."""

    signal: str
    rows: tuple[Held[ConsentRule], ...]


NOTHING = Here("account", ())


class ConsentGate:
    """Closed until every consent is given."""

    def __init__(self, rules: tuple[ConsentRule, ...], atlas: Atlas, answers: Answers) -> None:
        """Take ranked rules; of a person's consents only those that they name are told apart."""
        self.answers = answers
        self.shelf = Shelf(atlas, rules)
        self.names = {rule.consent: normalise_name(rule.consent) for rule in rules}
        names = frozenset(self.names.values())
        self.place = Atom("residence", self._read_place)
        self.given = Atom(NAMES_PREFIX + CONSENTS_FIELD, names.intersection, key=("given", names))
        self.atoms: tuple[Atom, ...] = (self.place, self.given)
        self.flips = self.shelf.list_flips()

    def check(self, reader: Reader) -> Outcome | None:
        """Close by the first rule that is not met; `detail` names its consent."""
        signal, rows = reader.cell(self.place)
        if not signal:
            found = find_current(rows, reader.passed)
            return None if found is None else self.answers.off(Reason.CONSENT_REQUIRED)
        given = reader.cell(self.given)
        row = find_current(
            (row for row in rows if self.names[row.of.consent] not in given), reader.passed
        )
        if row is None:
            return None
        rule, consent = row.of.rule, row.of.consent
        return self.answers.off(Reason.CONSENT_REQUIRED, rule=rule, signal=signal, detail=consent)

    def list_consents(self, code: str, now: datetime) -> tuple[str, ...]:
        """Return what a territory asks for, each once."""
        rows = self.shelf.list_held(code)
        return tuple(sorted({row.of.consent for row in rows if row.starts <= now < row.ends}))

    def _read_place(self, seen: Residence) -> Here:
        if seen.code is None:
            return Here("", self.shelf.list_anywhere())
        held = self.shelf.list_held(seen.code)
        return Here(seen.signal, held) if held else NOTHING


def build(feature: Feature, ground: Ground, answers: Answers) -> ConsentGate | None:
    """Return the gate, or None when no rule names the feature."""
    rules = ground.consents_of(feature)
    return ConsentGate(rules, ground.atlas, answers) if rules else None
