"""PURE: gate `signal`, which asks: is a signal unknown that a feature which fails closed needs.

No participants given is not missing; one that cannot be read is (docs/decisions.md 13).
"""

from __future__ import annotations

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.result import Reason


class SignalGate:
    """Closed while one of the needed signals is missing."""

    flips: tuple[Flip, ...] = ()

    def __init__(self, needed: tuple[str, ...], answers: Answers) -> None:
        """Take the signals in the order in which they are named."""
        self.answers = answers
        self.missing = {
            signal: Atom(signal, lambda sighting: sighting.missing, key="missing")
            for signal in needed
        }
        self.atoms = tuple(self.missing.values())

    def check(self, reader: Reader) -> Outcome | None:
        """Close by the first signal that is missing."""
        for signal, atom in self.missing.items():
            if reader.cell(atom):
                return self.answers.off(Reason.MISSING_SIGNAL, signal=signal, detail=signal)
        return None


def build(feature: Feature, _ground: Ground, answers: Answers) -> SignalGate | None:
    """Return the gate, or None when the feature fails open or needs no signal."""
    if not feature.fail_closed:
        return None
    needed = dict.fromkeys((feature.offer_basis, *feature.law_basis, feature.partner_basis))
    signals = tuple(signal for signal in needed if signal not in ("", "none"))
    return SignalGate(signals, answers) if signals else None
