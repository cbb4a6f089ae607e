"""PURE: gate `requires`, which asks: are all features on that this one needs.

Landfall's own requirements are recursive; Unleash's dependencies, which come from
imported payloads, look one level deep.
"""

from __future__ import annotations

from flags.engine.atoms import Atom
from flags.engine.context import Context
from flags.engine.definitions import Dependency, Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Chance, Decision, Draw, Flip, Open, Outcome, Reader
from flags.engine.result import Reason

NO_VARIANT = "disabled"


Waiting = tuple[tuple[Dependency, Decision | None], ...]


class RequiresGate:
    """Closed by the first needed feature that is not as it should be; names it."""

    atoms: tuple[Atom, ...] = ()
    flips: tuple[Flip, ...] = ()

    def __init__(self, feature: Feature, refused: frozenset[str], answers: Answers) -> None:
        """Take the dependencies that can never be satisfied as `refused`."""
        self.wants = (
            *[(Dependency(feature=key), False) for key in feature.requires],
            *[(want, want.feature in refused) for want in feature.dependencies],
        )
        self.answers = answers

    def check(self, reader: Reader) -> Outcome | Chance | None:
        """Close, or leave it to chance when a needed feature has hashes left."""
        waiting: list[tuple[Dependency, Decision | None]] = []
        for want, refused in self.wants:
            decision = None if refused else reader.decide(want.feature)
            waiting.append((want, decision))
            if not isinstance(decision, Open) and not is_met(want, decision):
                break
        if any(isinstance(decision, Open) for _want, decision in waiting):
            return RequiresChance(self, tuple(waiting))
        want, last = waiting[-1]
        return None if isinstance(last, Outcome) and is_met(want, last) else self.close(want)

    def close(self, want: Dependency) -> Outcome:
        """Return the outcome that names the needed feature."""
        return self.answers.off(Reason.REQUIRES_OFF, detail=want.feature)


class RequiresChance:
    """Needed features of which at least one has hashes left."""

    def __init__(self, gate: RequiresGate, waiting: Waiting) -> None:
        """Take what the plan knows of each needed feature, in order."""
        self.gate = gate
        self.waiting = waiting

    def settle(self, context: Context) -> Outcome | None:
        """Settle the needed features for this person; close by the first that does not do."""
        for want, decision in self.waiting:
            outcome = decision.settle(context) if isinstance(decision, Open) else decision
            if not is_met(want, outcome):
                return self.gate.close(want)
        return None

    def draw(self, last: Outcome) -> Draw | None:
        """Follow the needed feature's own draw where there is no other question."""
        want, decision = self.waiting[0]
        draw = decision.draw if isinstance(decision, Open) and len(self.waiting) == 1 else None
        if draw is None:
            return None
        prizes = [last if is_met(want, prize) else self.gate.close(want) for prize in draw.prizes]
        return draw._replace(prizes=tuple(prizes))


def is_met(want: Dependency, outcome: Outcome | None) -> bool:
    """Tell whether the needed feature is on (or off, if so wanted) with a wanted variant."""
    if outcome is None:
        return False
    if not want.enabled:
        return not outcome.on
    if not outcome.on:
        return False
    variant = outcome.evaluation.variant
    return not want.variants or (variant.name if variant else NO_VARIANT) in want.variants


def build(feature: Feature, ground: Ground, answers: Answers) -> RequiresGate | None:
    """Return the gate, or None when the feature needs no other."""
    if not (feature.requires or feature.dependencies):
        return None
    # A parent that is missing, or has parents itself, is never satisfied.
    refused = frozenset(
        want.feature
        for want in feature.dependencies
        if want.feature not in ground.features or ground.features[want.feature].dependencies
    )
    for key in feature.requires:
        if key not in ground.features:
            ground.warn(feature.key, "unknown_requirement", f"there is no feature {key!r}")
    return RequiresGate(feature, refused, answers)
