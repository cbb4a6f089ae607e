"""PURE: how gates ask and answer: readers, chances, outcomes."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from flags.engine.atoms import Atom
from flags.engine.context import Context
from flags.engine.definitions import Feature, Rule
from flags.engine.result import ChosenVariant, Evaluation, Reason


class Finding(Struct, frozen=True):
    """Something in a feature that compile could not take as it stands."""

    feature: str
    code: str
    message: str


class Flip(NamedTuple):
    """An instant at which a rule begins or ends; an empty territory concerns everybody."""

    at: datetime
    territory: str = ""


class Fragment(NamedTuple):
    """A rendered evaluation and the digest of its bytes; no bytes mean left out."""

    body: bytes
    digest: bytes


class Outcome:
    """An evaluation that many people share, with its fragments by renderer."""

    __slots__ = ("evaluation", "fragments", "on")

    def __init__(self, evaluation: Evaluation) -> None:
        """Wrap the evaluation."""
        self.evaluation = evaluation
        self.on = evaluation.on
        self.fragments: dict[str, Fragment] = {}


class Chance(Protocol):
    """A gate's question that only a hash of the person's id can answer."""

    def settle(self, context: Context) -> Outcome | None:
        """Return how the feature ends here, or None when the gate is open."""
        ...


class Open:
    """A feature of a plan with hashes left: the first chance that closes it decides."""

    __slots__ = ("answers", "chances", "last")

    def __init__(self, answers: Answers, chances: tuple[Chance, ...], last: Outcome) -> None:
        """Take the chances in the order of their gates and the outcome when all are open."""
        self.answers = answers
        self.chances = chances
        self.last = last

    def settle(self, context: Context) -> Outcome:
        """Return this person's outcome; an error is one too."""
        try:
            for chance in self.chances:
                outcome = chance.settle(context)
                if outcome is not None:
                    return outcome
        except Exception as error:  # noqa: BLE001  # an answer always comes back
            return self.answers.error(error)
        return self.last


Decision = Outcome | Open


class Credit(NamedTuple):
    """The rule and the signal that opened a feature; told when it is on."""

    rule: Rule | None = None
    signal: str = ""


class Reader(Protocol):
    """All that a gate may know of a person: declared atoms, declared flips, other features."""

    credit: Credit

    def cell(self, atom: Atom) -> Any:
        """Return the atom's cell for this person."""
        ...

    def passed(self, at: datetime) -> bool:
        """Tell whether the instant is now or in the past."""
        ...

    def decide(self, key: str) -> Decision | None:
        """Return what becomes of another feature, None when there is none."""
        ...


class Gate(Protocol):
    """One question of the fixed order, compiled for one feature."""

    atoms: tuple[Atom, ...]
    flips: tuple[Flip, ...]

    def check(self, reader: Reader) -> Outcome | Chance | None:
        """Return the outcome when closed, a chance when only a hash can tell, else None."""
        ...


class Answers:
    """Every outcome that a feature can have, each made once."""

    __slots__ = ("_made", "feature")

    def __init__(self, feature: Feature) -> None:
        """Start with none."""
        self.feature = feature
        self._made: dict[Hashable, Outcome] = {}

    def off(
        self, reason: Reason, *, rule: Rule | None = None, signal: str = "", detail: str = ""
    ) -> Outcome:
        """Return the outcome with the feature's off value."""
        key = (reason, rule, signal, detail)
        outcome = self._made.get(key)
        if outcome is None:
            evaluation = Evaluation(
                feature=self.feature.key,
                on=False,
                value=self.feature.off_value,
                reason=reason,
                rule=rule,
                signal=signal,
                detail=detail,
            )
            outcome = self._made[key] = Outcome(evaluation)
        return outcome

    def on(
        self, value: Any, *, credit: Credit, variant: ChosenVariant | None = None, place: int = -1
    ) -> Outcome:
        """Return the outcome of being on; `place` numbers the variant within the feature."""
        key = ("on", place, credit)
        outcome = self._made.get(key)
        if outcome is None:
            evaluation = Evaluation(
                feature=self.feature.key,
                on=True,
                value=value,
                reason=Reason.LIVE if variant is None else Reason.VARIANT,
                variant=variant,
                rule=credit.rule,
                signal=credit.signal,
            )
            outcome = self._made[key] = Outcome(evaluation)
        return outcome

    def error(self, error: Exception | str) -> Outcome:
        """Return off with reason ERROR, naming what broke; never the person's values."""
        detail = error if isinstance(error, str) else type(error).__name__
        return self.off(Reason.ERROR, detail=detail)
