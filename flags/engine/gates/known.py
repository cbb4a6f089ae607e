"""PURE: gate `known`, which asks: is there such a feature, and can it be decided at all."""

from __future__ import annotations

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.result import Evaluation, Reason


class BrokenGate:
    """Closed to everybody: the feature is known and broken."""

    atoms: tuple[Atom, ...] = ()
    flips: tuple[Flip, ...] = ()

    def __init__(self, answers: Answers, code: str) -> None:
        """Take the code of what is broken; it becomes the detail."""
        self.closed = answers.error(code)

    def check(self, _reader: Reader) -> Outcome:
        """Close."""
        return self.closed


def build(_feature: Feature, _ground: Ground, _answers: Answers) -> None:
    """Return nothing: a feature that gets here is known; broken ones never get here."""
    return


def answer_unknown(key: str) -> Evaluation:
    """Return the evaluation of a feature that the snapshot does not have."""
    return Evaluation(feature=key, on=False, value=False, reason=Reason.UNKNOWN_FEATURE)
