"""PURE: definitions -> Unleash definitions, for SDKs that evaluate by themselves.

The law (docs/decisions.md 18): lowered on => engine on, on every context; and equal on canonical
complete contexts where a feature is marked exact. Places become `IN` allow-lists, never
`NOT_IN`, which would let unknown countries in. What cannot be said is left out, which makes
a feature stricter.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from flags.engine.canonical import (
    canonical_constraint,
    canonical_strategy,
    canonical_variants,
    needs_more,
)
from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledFeature, CompiledSnapshot
from flags.engine.constraints import AtomTest, UnreadableConstraint, compile_constraint
from flags.engine.definitions import (
    Constraint,
    Definitions,
    Dependency,
    Feature,
    KillSwitch,
    PlatformProfile,
    Segment,
    Strategy,
    Variant,
)
from flags.engine.ground import Ground
from flags.engine.lowered_places import Entry, Places, list_entries
from flags.engine.probe import EVERYBODY
from regions.zones import EARLIEST

TWIN = ".self"
SEGMENT_ID_MAX = 2**31 - 1


class LoweredFeature(Struct, frozen=True):
    """One feature as SDKs get it; `notes` say where it is stricter than the engine.

    A `hidden` one is a twin that only dependencies name. `tags` are not sent: queries name them.
    """

    key: str
    enabled: bool
    strategies: tuple[Strategy, ...] = ()
    variants: tuple[Variant, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    exact: bool = True
    notes: tuple[str, ...] = ()
    hidden: bool = False
    description: str = ""
    tags: tuple[str, ...] = ()


class LoweredDefinitions(Struct, frozen=True):
    """All features of a scope, sorted by key, twins among them.

    From `until` on features may be stricter than they need: lower again then.
    """

    app: str
    environment: str
    features: tuple[LoweredFeature, ...]
    segments: tuple[Segment, ...]
    until: datetime | None = None


def lower(
    definitions: Definitions, kills: tuple[KillSwitch, ...] = (), *, now: datetime | None = None
) -> LoweredDefinitions:
    """Lower a scope from `now` on, or for all times when no time is given.

    Dated rules become date constraints, so an SDK that is cut off still follows them.
    """
    steps = lower_steps(compile_snapshot(definitions, kills), now=now)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            lowered: LoweredDefinitions = stop.value
            return lowered


def lower_steps(
    snapshot: CompiledSnapshot, *, now: datetime | None = None
) -> Generator[None, None, LoweredDefinitions]:
    """Lower what is compiled already, yielding often enough for a serving loop."""
    definitions = snapshot.definitions
    ground = Ground(definitions, snapshot.kills)
    segments = _list_segments(definitions)
    lowering = _Lowering(snapshot, ground, {segment.id for segment in segments}, now or EARLIEST)
    for key in snapshot.feature_keys:
        yield from lowering.find_ways(key)
        yield
    features = []
    for key in snapshot.feature_keys:
        features.append(lowering.feature(key))
        yield
    features += [lowering.twin(key) for key in sorted(lowering.twins)]
    used = {number for one in features for way in one.strategies for number in way.segments}
    return LoweredDefinitions(
        app=definitions.app,
        environment=definitions.environment,
        features=tuple(sorted(features, key=lambda one: one.key)),
        segments=tuple(segment for segment in segments if segment.id in used),
        until=lowering.until,
    )


class _Kept(NamedTuple):
    """What the regional gates of a compiled feature said, and from when on."""

    profiles: tuple[PlatformProfile, ...]
    since: datetime
    places: Places

    def holds(self, profiles: tuple[PlatformProfile, ...], now: datetime) -> bool:
        """Tell whether they would say the same now."""
        return self.since <= now < self.places.flips_at and self.profiles == profiles


class Ways(NamedTuple):
    """The strategies of a feature's own gates, requirements apart."""

    strategies: tuple[Strategy, ...]
    notes: tuple[str, ...]


class _Lowering:
    """One run over a snapshot; twins are collected on the way."""

    def __init__(
        self, snapshot: CompiledSnapshot, ground: Ground, segments: set[int], now: datetime
    ) -> None:
        self.snapshot = snapshot
        self.ground = ground
        self.segments = segments
        environment = snapshot.definitions.environment
        self.nowhere = {
            segment.id
            for segment in snapshot.definitions.segments
            if _settle_environment(segment.constraints, environment) is None
        }
        self.now = now
        self.twins: set[str] = set()
        self.until: datetime | None = None
        self.ways: dict[str, Ways] = {}
        self._places: dict[Hashable, Places] = {}

    def feature(self, key: str) -> LoweredFeature:
        """Lower a feature with its requirements as dependencies."""
        feature = self.snapshot.features[key].definition
        ways = self.ways[key]
        notes = list(ways.notes)
        dependencies = self._depend(feature, notes)
        if canonical_variants(feature.variants) is None:
            notes.append("variants cannot be sent")
        on = bool(ways.strategies) and dependencies is not None
        return LoweredFeature(
            key=key,
            enabled=on,
            strategies=ways.strategies if on else (),
            variants=_legacy_variants(feature) if on else (),
            dependencies=dependencies or (),
            exact=not notes,
            notes=tuple(dict.fromkeys(notes)),
            description=feature.description,
            tags=_list_tags(feature),
        )

    def twin(self, key: str) -> LoweredFeature:
        """Lower a required feature's own gates, so that it can be depended on."""
        ways = self.ways[key]
        return LoweredFeature(
            key=key + TWIN,
            enabled=bool(ways.strategies),
            strategies=ways.strategies,
            exact=not ways.notes,
            notes=ways.notes,
            hidden=True,
        )

    def find_ways(self, key: str) -> Generator[None, None, None]:
        """Lower a feature's own gates; every feature needs this before any is lowered."""
        self.ways[key] = yield from self._find_ways(self.snapshot.features[key])

    def _find_ways(self, compiled: CompiledFeature) -> Generator[None, None, Ways]:
        feature = compiled.definition
        if compiled.gates[0][0] == "known":
            return Ways((), ("broken",))
        if not feature.enabled:
            return Ways((), ())
        notes: list[str] = []
        targeting = self._lower_targeting(feature, notes)
        places = yield from self._list_places(compiled)
        notes += places.notes
        if places.until is not None:
            self.until = min(places.until, self.until or places.until)
        strategies = [
            joined
            for strategy in targeting
            for entry in places.entries
            if (joined := _join(strategy, entry, feature.key, notes)) is not None
        ]
        return Ways(tuple(strategies), tuple(dict.fromkeys(notes)))

    def _list_places(self, compiled: CompiledFeature) -> Generator[None, None, Places]:
        """Ask the regional gates once for all features that have the same rules.

        What they said stays with the compiled feature, which the next publish takes over
        where nothing changed, and holds until the next rule flips.
        """
        profiles = self.snapshot.definitions.profiles
        kept = compiled.places
        if isinstance(kept, _Kept) and kept.holds(profiles, self.now):
            return kept.places
        feature = compiled.definition
        key = (
            tuple(id(rule) for rules in self.ground.rules_of(feature) for rule in rules),
            feature.profile,
            feature.offer_basis,
            feature.law_basis,
            feature.partner_basis,
            feature.fail_closed,
            feature.default_status,
        )
        places = self._places.get(key)
        if places is None:
            places = yield from list_entries(compiled, self.ground, self.now)
            self._places[key] = places
        if self.now != EARLIEST:
            compiled.places = _Kept(profiles, self.now, places)
        return places

    def _lower_targeting(self, feature: Feature, notes: list[str]) -> list[Strategy]:
        """Return the canonical strategies; those that cannot be sent are left out."""
        given = feature.strategies or (Strategy(name="default"),)
        environment = self.snapshot.definitions.environment
        kept = []
        for strategy in given:
            constraints = _settle_environment(strategy.constraints, environment)
            if constraints is None or self.nowhere.intersection(strategy.segments):
                continue
            canonical = canonical_strategy(replace(strategy, constraints=constraints), feature.key)
            if canonical is None or not set(canonical.segments) <= self.segments:
                notes.append(f"strategy {strategy.name} cannot be sent")
            else:
                kept.append(canonical)
                if needs_more(strategy, canonical):
                    notes.append(
                        f"strategy {strategy.name} needs {canonical.parameters['stickiness']}"
                    )
        return kept

    def _depend(self, feature: Feature, notes: list[str]) -> tuple[Dependency, ...] | None:
        """Return a dependency on every ancestor, or None when one is never on."""
        wanted: dict[str, Dependency] = {}
        for key in _list_ancestors(self.ground.features, feature):
            ancestor = self.ground.features.get(key)
            if ancestor is None or ancestor.dependencies:
                notes.append(f"{key} cannot be depended on")
                return None
            name = key
            if ancestor.requires:
                name = key + TWIN
                if name in self.ground.features:
                    notes.append(f"the name {name} is taken")
                    return None
                self.twins.add(key)
            notes += [f"{key}: {note}" for note in self.ways[key].notes]
            wanted[name] = Dependency(feature=name)
        for dependency in feature.dependencies:
            parent = self.ground.features.get(dependency.feature)
            sendable = parent and not (parent.dependencies or parent.requires)
            named = bool(dependency.variants) and not (parent and self._always_varies(parent))
            if not (dependency.enabled and sendable) or named or dependency.feature in wanted:
                notes.append(f"dependency on {dependency.feature} cannot be sent")
                return None
            notes += [f"{dependency.feature}: {n}" for n in self.ways[dependency.feature].notes]
            wanted[dependency.feature] = dependency
        return tuple(wanted[name] for name in sorted(wanted))

    def _always_varies(self, parent: Feature) -> bool:
        """Tell whether SDKs know a variant of the parent whenever it is on, and the same one.

        They take a parent without any variant for one that has each of them.
        """
        ways = self.ways[parent.key]
        return not ways.notes and bool(
            _legacy_variants(parent) or all(way.variants for way in ways.strategies)
        )


def _join(strategy: Strategy, entry: Entry, key: str, notes: list[str]) -> Strategy | None:
    """Put a place's constraints before a strategy's own, or None when both cannot hold."""
    parameters = strategy.parameters
    if entry.percent < EVERYBODY:
        same = parameters["groupId"] == key and parameters["stickiness"] == "default"
        if strategy.name != "flexibleRollout" or not same:
            notes.append("an offer's rollout and a strategy's cannot be joined")
            return None
        # The same hash for both: being within the smaller is being within both.
        percent = min(entry.percent, int(parameters["rollout"]))
        parameters = {**parameters, "rollout": str(percent)}
    return Strategy(
        name=strategy.name,
        parameters=parameters,
        constraints=(*entry.constraints, *strategy.constraints),
        segments=strategy.segments,
        variants=strategy.variants,
    )


def _list_ancestors(features: dict[str, Feature], feature: Feature) -> list[str]:
    """List everything that a feature requires, directly or not."""
    found: dict[str, None] = {}
    waiting = list(feature.requires)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found[key] = None
            ancestor = features.get(key)
            waiting += ancestor.requires if ancestor else ()
    return sorted(found)


def _list_tags(feature: Feature) -> tuple[str, ...]:
    """Return its own tags, and the one that its bundle makes."""
    derived = (f"bundle:{feature.bundle}",) if feature.bundle else ()
    return tuple(sorted({*feature.tags, *derived}))


def _legacy_variants(feature: Feature) -> tuple[Variant, ...]:
    return canonical_variants(feature.variants) or ()


def _list_segments(definitions: Definitions) -> tuple[Segment, ...]:
    """Return the segments of which every constraint can be sent."""
    found = []
    for segment in definitions.segments:
        settled = _settle_environment(segment.constraints, definitions.environment)
        constraints = [canonical_constraint(constraint) for constraint in settled or ()]
        sendable = settled is not None and None not in constraints
        if sendable and 0 < segment.id <= SEGMENT_ID_MAX:
            kept = tuple(one for one in constraints if one is not None)
            found.append(Segment(id=segment.id, key=segment.key, constraints=kept))
    return tuple(sorted(found, key=lambda segment: segment.id))


def _settle_environment(
    constraints: tuple[Constraint, ...], environment: str
) -> tuple[Constraint, ...] | None:
    """Answer constraints on the environment here, None when one does not hold.

    The environment is the token's; an SDK may have been told another name for it.
    """
    kept = []
    for constraint in constraints:
        if constraint.context_name != "environment":
            kept.append(constraint)
            continue
        try:
            test = compile_constraint(constraint)
        except UnreadableConstraint:
            # Whoever asks it is broken and off; the others must not notice.
            return None
        if not (isinstance(test, AtomTest) and test.atom.read(environment)):
            return None
    return tuple(kept)
