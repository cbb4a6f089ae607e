"""PURE: lowered features as the JSON objects of Unleash's client API.

Canonical (docs/engine.md, "Exactly Unleash"). Long constraints become segments of their own,
since most are lists of countries that many strategies share and every server of a customer
fetches them. Such a segment is numbered by what it says: the number never means anything
else in a later payload, and a feature is written alike whatever is beside it, so a change of
one feature is an update of one feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from flags.engine.canonical import LIST_OPERATORS
from flags.engine.definitions import Constraint, Dependency, Segment, Strategy, Variant
from flags.engine.lower import LoweredFeature
from regions import canonical

# Shorter constraints cost less where they are than as a segment's number.
_SHARED_BYTES_MIN = 120
# Numbers of shared constraints have eight digits, more than row ids of named segments have;
# more digits would be sent with every strategy. Two that meet are spelled out (`states`).
_SHARED_FROM, _SHARED_TO = 10_000_000, 100_000_000

Shared = tuple[int, bytes] | None


class Written(NamedTuple):
    """A feature as sent: its bytes, the named segments it uses, and those of shared constraints."""

    body: bytes
    named: tuple[int, ...]
    shared: dict[int, bytes]


class Writer:
    """Writes features one by one; it remembers constraints, which come again and again."""

    def __init__(self) -> None:
        self.known: dict[Constraint, Shared] = {}

    def write(self, app: str, feature: LoweredFeature) -> Written:
        """Write a feature for SDKs that resolve segments themselves."""
        shared: dict[int, bytes] = {}
        named: dict[int, None] = {}
        strategies = []
        for strategy in feature.strategies:
            numbers, constraints = list(strategy.segments), []
            named.update(dict.fromkeys(numbers))
            for constraint in strategy.constraints:
                known = self._share(constraint)
                if known is None:
                    constraints.append(constraint)
                else:
                    shared[known[0]] = known[1]
                    numbers.append(known[0])
            strategies.append(_strategy(strategy, constraints, list(dict.fromkeys(numbers))))
        body = canonical.encode(_feature(app, feature, strategies))
        return Written(body, tuple(named), shared)

    def _share(self, constraint: Constraint) -> Shared:
        """Return the segment that a long constraint becomes, None for a short one."""
        if constraint in self.known:
            return self.known[constraint]
        written = _constraint(constraint)
        body = canonical.encode(written)
        known: Shared = None
        if len(body) >= _SHARED_BYTES_MIN:
            drawn = int(sha256(body).hexdigest()[:16], 16)
            number = _SHARED_FROM + drawn % (_SHARED_TO - _SHARED_FROM)
            known = number, write_segment(number, "shared", (constraint,))
        self.known[constraint] = known
        return known


def write_inline(app: str, feature: LoweredFeature, named: Mapping[int, Segment]) -> dict[str, Any]:
    """Write a feature whose segments' constraints stand in its strategies."""
    strategies = []
    for strategy in feature.strategies:
        constraints = list(strategy.constraints)
        for number in strategy.segments:
            constraints += named[number].constraints
        strategies.append(_strategy(strategy, constraints, []))
    return _feature(app, feature, strategies)


def write_segment(number: int, name: str, constraints: tuple[Constraint, ...]) -> bytes:
    """Write a segment."""
    written = [_constraint(constraint) for constraint in constraints]
    return canonical.encode({"id": number, "name": name, "constraints": written})


def _feature(app: str, feature: LoweredFeature, strategies: list[dict[str, Any]]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": feature.key,
        "type": "release",
        "description": feature.description or None,
        "enabled": feature.enabled,
        "project": app,
        "stale": False,
        "impressionData": False,
        "strategies": strategies,
        "variants": [
            _variant(variant, variant.stickiness or "default") for variant in feature.variants
        ],
    }
    if feature.dependencies:
        written["dependencies"] = [_dependency(one) for one in feature.dependencies]
    return written


def _strategy(
    strategy: Strategy, constraints: list[Constraint], numbers: list[int]
) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": strategy.name,
        "parameters": dict(sorted(strategy.parameters.items())),
        "constraints": [_constraint(constraint) for constraint in constraints],
        "variants": [
            _variant(variant, strategy.parameters["stickiness"]) for variant in strategy.variants
        ],
    }
    if numbers:
        written["segments"] = numbers
    return written


def _constraint(constraint: Constraint) -> dict[str, Any]:
    written: dict[str, Any] = {
        "contextName": constraint.context_name,
        "operator": constraint.operator,
        "inverted": constraint.inverted,
        "caseInsensitive": constraint.case_insensitive,
    }
    if constraint.operator in LIST_OPERATORS:
        written["values"] = list(constraint.values)
    else:
        written["value"] = constraint.value
    return written


def _variant(variant: Variant, stickiness: str) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": variant.name,
        "weight": variant.weight,
        "weightType": "variable",
        "stickiness": stickiness,
    }
    if variant.payload is not None:
        written["payload"] = {"type": variant.payload.type, "value": variant.payload.value}
    if variant.overrides:
        written["overrides"] = [
            {"contextName": override.context_name, "values": list(override.values)}
            for override in variant.overrides
        ]
    return written


def _dependency(dependency: Dependency) -> dict[str, Any]:
    written: dict[str, Any] = {"feature": dependency.feature, "enabled": dependency.enabled}
    if dependency.variants:
        written["variants"] = list(dependency.variants)
    return written
