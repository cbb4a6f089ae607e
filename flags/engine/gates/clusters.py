"""PURE: gate `clusters`, which asks: is one of the person's groups enabled by now.

A group gets a feature whole and in a declared order, so no hash is asked. The rollout of
the person's territory counts, else the one for everywhere, else nothing is asked. The
territory is the one of the offer basis; without a basis the account's, else the location's.
"""

from __future__ import annotations

from collections.abc import Callable

from flags.engine.atoms import NAMES_PREFIX, Atom, normalise_name
from flags.engine.definitions import ClusterRollout, Feature
from flags.engine.ground import Ground
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.result import Reason
from flags.engine.signals import Sighting, list_basis

NOWHERE = -1


class ClustersGate:
    """Closed where a rollout holds and none of the person's groups is among the enabled."""

    flips: tuple[Flip, ...] = ()

    def __init__(self, basis: str, rollouts: tuple[ClusterRollout, ...], answers: Answers) -> None:
        """Take rollouts in the order of their keys; the first of a territory counts."""
        self.rollouts = rollouts
        self.answers = answers
        self.by_code: dict[str, int] = {}
        for number, rollout in enumerate(rollouts):
            self.by_code.setdefault(rollout.territory, number)
        self.everywhere = self.by_code.get("", NOWHERE)
        self.places = {
            signal: Atom(signal, self._find_number)
            for signal in (list_basis(basis) if any(self.by_code) else ())
        }
        self.groups = tuple(
            Atom(NAMES_PREFIX + rollout.field, _is_among(list_enabled(rollout)))
            for rollout in rollouts
        )
        self.atoms = (*self.places.values(), *self.groups)

    def check(self, reader: Reader) -> Outcome | None:
        """Close unless a group of the person is enabled where the person is."""
        number, signal = self._find(reader)
        if number == NOWHERE or reader.cell(self.groups[number]):
            return None
        rollout = self.rollouts[number]
        return self.answers.off(
            Reason.NOT_IN_ROLLOUT, rule=rollout.rule, signal=signal, detail=rollout.field
        )

    def find_rollout(self, code: str | None) -> ClusterRollout | None:
        """Return the rollout of a territory, None where nothing is asked."""
        number = self.everywhere if code is None else self.by_code.get(code, self.everywhere)
        return None if number == NOWHERE else self.rollouts[number]

    def _find(self, reader: Reader) -> tuple[int, str]:
        """Return the number of the rollout that counts, and the signal that told the place."""
        for signal, atom in self.places.items():
            number: int | None = reader.cell(atom)
            if number is not None:
                return number, signal
        return self.everywhere, ""

    def _find_number(self, seen: Sighting) -> int | None:
        """Return the number of a known territory's rollout, None where it is unknown."""
        return None if seen.code is None else self.by_code.get(seen.code, self.everywhere)


def list_enabled(rollout: ClusterRollout) -> frozenset[str]:
    """Return the groups that are enabled, as they are compared."""
    return frozenset(map(normalise_name, rollout.order[: max(0, rollout.enabled)]))


def build(feature: Feature, ground: Ground, answers: Answers) -> ClustersGate | None:
    """Return the gate, or None when the feature is rolled out to no groups."""
    rollouts = ground.clusters_of(feature)
    return ClustersGate(feature.offer_basis, rollouts, answers) if rollouts else None


def _is_among(enabled: frozenset[str]) -> Callable[[frozenset[str]], bool]:
    return lambda names: not enabled.isdisjoint(names)
