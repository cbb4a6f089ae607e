"""PURE: lowered definitions -> the bytes that Unleash's backend SDKs fetch.

Rendering follows Unleash's client API and is canonical (docs/engine.md, "Exactly Unleash");
long constraints that several strategies share become segments, since a payload is fetched by
every server of a customer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from msgspec import Raw

from flags.engine.canonical import LIST_OPERATORS
from flags.engine.definitions import (
    Constraint,
    Dependency,
    Segment,
    Strategy,
    Variant,
)
from flags.engine.lower import LoweredDefinitions, LoweredFeature
from flags.wire.unleash_import import UnreadablePayload, parse_features
from regions import canonical

__all__ = [
    "UnreadablePayload",
    "build_feature",
    "parse_features",
    "render_features",
    "render_steps",
]

VERSION = 2
# Shorter constraints cost less where they are than as a segment's number.
_SHARED_BYTES_MIN = 120


def render_features(
    lowered: Sequence[LoweredDefinitions],
    *,
    environment: str,
    revision: int = 0,
    inline_segments: bool = False,
    name_prefix: str = "",
    query: dict[str, Any] | None = None,
    etag: str = "",
) -> bytes:
    """Return the body of `GET /api/client/features` for one or several apps.

    Features are sorted by name and segments by id, since Edge hashes bodies. Where two
    apps have a feature of the same name, the first app's is sent.
    """
    steps = render_steps(
        lowered,
        environment=environment,
        revision=revision,
        inline_segments=inline_segments,
        name_prefix=name_prefix,
        query=query,
        etag=etag,
    )
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            body: bytes = stop.value
            return body


def render_steps(
    lowered: Sequence[LoweredDefinitions],
    *,
    environment: str,
    revision: int = 0,
    inline_segments: bool = False,
    name_prefix: str = "",
    query: dict[str, Any] | None = None,
    etag: str = "",
) -> Generator[None, None, bytes]:
    """Render as `render_features` does, yielding often enough for a serving loop."""
    features, segments = yield from _write_features(
        lowered, inline_segments=inline_segments, name_prefix=name_prefix
    )
    body: dict[str, Any] = {
        "version": VERSION,
        "features": features,
        "query": {
            "environment": environment,
            "inlineSegmentConstraints": inline_segments,
            **(query or {}),
        },
        "meta": {"revisionId": revision, **({"etag": etag} if etag else {})},
    }
    if not inline_segments:
        body["segments"] = segments
    return canonical.encode(body)


def _write_features(
    lowered: Sequence[LoweredDefinitions], *, inline_segments: bool, name_prefix: str
) -> Generator[None, None, tuple[list[Raw], list[Raw]]]:
    """Return the features and the segments that they use, each encoded."""
    chosen: dict[str, tuple[str, LoweredFeature]] = {}
    own: dict[int, Segment] = {}
    for scope in lowered:
        for segment in scope.segments:
            own.setdefault(segment.id, segment)
        for feature in scope.features:
            if feature.key.startswith(name_prefix):
                chosen.setdefault(feature.key, (scope.app, feature))
        _add_parents(chosen, scope)
        yield
    writer = _Writer(own, inline=inline_segments)
    if not inline_segments:
        yield from writer.share([feature for _app, feature in chosen.values()])
    features = []
    for name in sorted(chosen):
        features.append(Raw(canonical.encode(writer.feature(*chosen[name]))))
        yield
    shared = []
    for one in writer.list_segments():
        shared.append(Raw(canonical.encode(one)))
        yield
    return features, shared


def build_feature(lowered: Sequence[LoweredDefinitions], name: str) -> dict[str, Any] | None:
    """Return one feature with its segments inlined, None when there is none."""
    for scope in lowered:
        for feature in scope.features:
            if feature.key == name:
                own = {segment.id: segment for segment in scope.segments}
                return _Writer(own, inline=True).feature(scope.app, feature)
    return None


def _add_parents(chosen: dict[str, tuple[str, LoweredFeature]], scope: LoweredDefinitions) -> None:
    """Send the parents of what was chosen too: without them a dependency is never met."""
    known = {feature.key: feature for feature in scope.features}
    for _app, feature in list(chosen.values()):
        for dependency in feature.dependencies:
            parent = known.get(dependency.feature)
            if parent is not None:
                chosen.setdefault(parent.key, (scope.app, parent))


class _Writer:
    """Writes features, giving numbers to constraints that are worth sharing."""

    def __init__(self, own: dict[int, Segment], *, inline: bool) -> None:
        self.own = own
        self.inline = inline
        self.shared: dict[Constraint, int] = {}
        self.used: set[int] = set()

    def share(self, features: list[LoweredFeature]) -> Generator[None, None, None]:
        """Give numbers to the long constraints that come more than once."""
        counts: Counter[Constraint] = Counter()
        for feature in features:
            for strategy in feature.strategies:
                counts.update(strategy.constraints)
            yield
        number = max(self.own, default=0)
        for constraint, count in counts.items():
            if count == 1:
                continue
            if len(canonical.encode(_write_constraint(constraint))) >= _SHARED_BYTES_MIN:
                number += 1
                self.shared[constraint] = number
            yield

    def feature(self, app: str, feature: LoweredFeature) -> dict[str, Any]:
        """Write a feature."""
        written: dict[str, Any] = {
            "name": feature.key,
            "type": "release",
            "description": feature.description or None,
            "enabled": feature.enabled,
            "project": app,
            "stale": False,
            "impressionData": False,
            "strategies": [self._strategy(strategy) for strategy in feature.strategies],
            "variants": [
                _write_variant(variant, variant.stickiness or "default")
                for variant in feature.variants
            ],
        }
        if feature.dependencies:
            written["dependencies"] = [_write_dependency(one) for one in feature.dependencies]
        return written

    def _strategy(self, strategy: Strategy) -> dict[str, Any]:
        constraints = list(strategy.constraints)
        numbers: list[int] = []
        if self.inline:
            for number in strategy.segments:
                constraints += self.own[number].constraints
        else:
            numbers = [
                *strategy.segments,
                *[self.shared[c] for c in constraints if c in self.shared],
            ]
            constraints = [c for c in constraints if c not in self.shared]
            self.used.update(numbers)
        written: dict[str, Any] = {
            "name": strategy.name,
            "parameters": dict(sorted(strategy.parameters.items())),
            "constraints": [_write_constraint(constraint) for constraint in constraints],
            "variants": [
                _write_variant(variant, strategy.parameters["stickiness"])
                for variant in strategy.variants
            ],
        }
        if numbers:
            written["segments"] = numbers
        return written

    def list_segments(self) -> Iterator[dict[str, Any]]:
        """Write every segment that was used, by id."""
        segments = {
            number: (segment.key, segment.constraints) for number, segment in self.own.items()
        }
        segments.update(
            (number, (f"shared-{number}", (constraint,)))
            for constraint, number in self.shared.items()
        )
        for number in sorted(self.used):
            yield {
                "id": number,
                "name": segments[number][0],
                "constraints": [_write_constraint(one) for one in segments[number][1]],
            }


def _write_constraint(constraint: Constraint) -> dict[str, Any]:
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


def _write_variant(variant: Variant, stickiness: str) -> dict[str, Any]:
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


def _write_dependency(dependency: Dependency) -> dict[str, Any]:
    written: dict[str, Any] = {"feature": dependency.feature, "enabled": dependency.enabled}
    if dependency.variants:
        written["variants"] = list(dependency.variants)
    return written
