"""PURE: definitions -> CompiledSnapshot and warnings.

A feature that cannot be compiled is off and named; it is never fatal to the others. What
is unchanged since the previous snapshot is kept, with the plans that were made for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from typing import Any

from flags.engine import signals
from flags.engine.atoms import Attribute, find_attribute, normalise_platform
from flags.engine.compiled import CompiledFeature, CompiledSnapshot, Dated, Group, collect_needs
from flags.engine.context import Context
from flags.engine.definitions import Definitions, Feature, KillSwitch
from flags.engine.gates import GATES
from flags.engine.gates.known import BrokenGate
from flags.engine.ground import BrokenFeature, Ground
from flags.engine.outcomes import Answers, Gate
from flags.engine.sameness import keep_equal
from flags.engine.timetables import list_walls
from regions.zones import LATEST, prepare_instants

# A chain of requirements deeper than this is a mistake, and would exhaust the stack.
REQUIRES_DEPTH_MAX = 50
# Not a mistake in the rows but in here.
UNFORESEEN = "internal"
_CYCLE = "requires_cycle"
_TOO_DEEP = "requires_too_deep"


def compile_snapshot(
    definitions: Definitions,
    kills: tuple[KillSwitch, ...] = (),
    previous: CompiledSnapshot | None = None,
) -> CompiledSnapshot:
    """Compile in one go."""
    steps = compile_steps(definitions, kills, previous)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            snapshot: CompiledSnapshot = stop.value
            return snapshot


def compile_steps(
    definitions: Definitions,
    kills: tuple[KillSwitch, ...] = (),
    previous: CompiledSnapshot | None = None,
) -> Generator[None, None, CompiledSnapshot]:
    """Compile, yielding after each feature so that a serving loop can breathe.

    Features whose ingredients equal those of `previous` are taken from it, and groups of
    nothing but such features keep their plans.
    """
    if previous is not None:
        definitions = keep_equal(definitions, previous.definitions)
        yield
    ground = Ground(definitions, kills)
    yield
    yield from _prepare(definitions, previous)
    old = _reusable(previous, definitions)
    flaws = find_flaws(ground.features)
    yield
    features: dict[str, CompiledFeature] = {}
    for feature in definitions.features:
        ingredients = ground.ingredients_of(feature, flaws.get(feature.key, ""))
        kept = old.get(feature.key)
        if kept is not None and kept.ingredients == ingredients:
            features[feature.key] = kept
            ground.warnings += kept.warnings
        else:
            features[feature.key] = _compile_feature(feature, ground, ingredients)
        yield
    groups = yield from _group(features, previous)
    dated = yield from _list_dated(features)
    return CompiledSnapshot(
        definitions=definitions,
        kills=kills,
        features=features,
        groups=groups,
        attributes=_list_attributes(groups, ground),
        warnings=tuple(ground.warnings),
        dated=dated,
    )


def find_flaws(features: Mapping[str, Feature]) -> dict[str, str]:
    """Name every feature on a cycle of requirements, or on top of too long a chain."""
    flaws: dict[str, str] = {}
    depths: dict[str, int] = {}
    for knot in _list_knots(features):
        needed = {need for key in knot for need in features[key].requires}
        if len(knot) > 1 or needed.issuperset(knot):
            flaws.update(dict.fromkeys(knot, _CYCLE))
            # They are broken and decide nothing, so a chain ends here.
            depths.update(dict.fromkeys(knot, 1))
            continue
        depth = depths[knot[0]] = 1 + max((depths.get(need, 0) for need in needed), default=0)
        if depth > REQUIRES_DEPTH_MAX:
            flaws[knot[0]] = _TOO_DEEP
    return flaws


def _list_knots(features: Mapping[str, Feature]) -> Iterator[list[str]]:
    """Yield the features that require each other, each with its like, what is required first.

    Tarjan's strongly connected components, with a stack of its own: chains may be long.
    """
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_keys: dict[str, None] = {}
    for start in features:
        stack = [] if start in numbers else [(start, iter(features[start].requires))]
        while stack:
            key, needs = stack[-1]
            if key not in numbers:
                numbers[key] = lowest[key] = len(numbers)
                open_keys[key] = None
            need = next((need for need in needs if need in features), None)
            if need is not None and need not in numbers:
                stack.append((need, iter(features[need].requires)))
            elif need is not None:
                if need in open_keys:
                    lowest[key] = min(lowest[key], numbers[need])
            else:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[key])
                if lowest[key] == numbers[key]:
                    yield _pop_until(open_keys, key)


def _pop_until(keys: dict[str, None], last: str) -> list[str]:
    """Take the keys off the end, down to and with the last one."""
    taken: list[str] = []
    while not taken or taken[-1] != last:
        taken.append(keys.popitem()[0])
    return taken


def _prepare(definitions: Definitions, previous: CompiledSnapshot | None) -> Iterator[None]:
    """Find the instants of new schedules in all zones, which is much for one step."""
    known = previous.definitions.schedules if previous else ()
    for schedule in definitions.schedules:
        if schedule not in known:
            try:
                for wall in list_walls(schedule):
                    yield from prepare_instants(wall)
            except ValueError:
                # Its features will say so, and be off.
                continue


def _reusable(
    previous: CompiledSnapshot | None, definitions: Definitions
) -> dict[str, CompiledFeature]:
    """Return the features that may be kept: none when places or platforms have changed."""
    if previous is None:
        return {}
    before = previous.definitions
    same = (
        before.territories == definitions.territories
        and before.markets == definitions.markets
        and before.retirements == definitions.retirements
        # Dependencies look at whether their parents exist and have parents themselves.
        and _list_parents(before) == _list_parents(definitions)
    )
    return previous.features if same else {}


def _list_parents(definitions: Definitions) -> dict[str, bool]:
    return {feature.key: bool(feature.dependencies) for feature in definitions.features}


def _compile_feature(feature: Feature, ground: Ground, ingredients: Any) -> CompiledFeature:
    """Build every gate of a feature; one that cannot be built breaks the feature alone."""
    answers = Answers(feature)
    mark = len(ground.warnings)
    try:
        _refuse_flaw(ingredients[1])
        built = [(name, build(feature, ground, answers)) for name, build in GATES]
        gates: list[tuple[str, Gate]] = [(name, gate) for name, gate in built if gate is not None]
    except BrokenFeature as error:
        ground.warn(feature.key, error.code, error.message)
        gates = [("known", BrokenGate(answers, error.code))]
    except Exception as error:  # noqa: BLE001  # harms no other feature
        ground.warn(feature.key, UNFORESEEN, f"{type(error).__name__} while compiling")
        gates = [("known", BrokenGate(answers, UNFORESEEN))]
    needs = (*feature.requires, *[want.feature for want in feature.dependencies])
    return CompiledFeature(
        feature,
        answers=answers,
        gates=tuple(gates),
        needs=() if gates[0][0] == "known" else needs,
        ingredients=ingredients,
        warnings=tuple(ground.warnings[mark:]),
    )


def _refuse_flaw(flaw: str) -> None:
    if flaw:
        raise BrokenFeature(flaw, f"its requirements cannot be decided: {flaw}")


def _group(
    features: dict[str, CompiledFeature], previous: CompiledSnapshot | None
) -> Generator[None, None, tuple[Group, ...]]:
    """Put features that read the same attributes together, keeping unchanged groups."""
    read_sets: dict[tuple[str, ...], list[str]] = {}
    for key in sorted(features):
        closure = collect_needs(features, (key,))
        names = {atom.attribute for feature in closure for atom in feature.atoms}
        read_sets.setdefault(tuple(sorted(names)), []).append(key)
    old = {group.keys: group for group in previous.groups} if previous else {}
    groups = []
    for keys in sorted(tuple(keys) for keys in read_sets.values()):
        closure = collect_needs(features, keys)
        kept = old.get(keys)
        same = (
            kept is not None
            and len(kept.closure) == len(closure)
            and all(a is b for a, b in zip(kept.closure, closure, strict=True))
        )
        groups.append(kept if kept is not None and same else Group(closure, keys))
        yield
    return tuple(groups)


def _list_dated(
    features: dict[str, CompiledFeature],
) -> Generator[None, None, tuple[Dated, ...]]:
    """List the instants at which answers change, each once and in order.

    The dates of kill switches matter to questions "as of" only: no answer changes by them.
    """
    # All features share the tuple of the days on which platforms end, the longest by far.
    gates = [gate for one in features.values() for name, gate in one.gates if name != "kill"]
    found: dict[datetime, set[str]] = {}
    for flips in {id(gate.flips): gate.flips for gate in gates}.values():
        for flip in flips:
            if flip.at < LATEST:
                found.setdefault(flip.at, set()).add(flip.territory)
        yield
    return tuple(
        Dated(at, frozenset() if "" in found[at] else frozenset(found[at])) for at in sorted(found)
    )


def _list_attributes(groups: tuple[Group, ...], ground: Ground) -> dict[str, Attribute]:
    names = {name for group in groups for name in group.asked}
    return {
        name: _retirement_attribute(frozenset(ground.retirements))
        if name == "retirement"
        else find_attribute(name)
        for name in names
    }


def _retirement_attribute(retired: frozenset[str]) -> Attribute:
    """Make the attribute that tells apart only people on platforms that retire.

    Everybody else reads None, so that territories do not multiply their classes.
    """

    def raw(context: Context) -> Any:
        name = context.properties.get("platform")
        if name is None or normalise_platform(name) not in retired:
            return None
        enrolled = context.properties.get("enrolled")
        return (name, enrolled, signals.raw_account(context), signals.raw_location(context))

    def find(seen: Any) -> Any:
        if seen is None:
            return None
        name, enrolled, account, location = seen
        return (
            normalise_platform(name),
            signals.find_account(account).code,
            signals.find_location(location).code,
            (enrolled or "").strip().lower() == "true",
        )

    fields = ("platform", "enrolled", *signals.EVIDENCE["account"], *signals.EVIDENCE["location"])
    return Attribute("retirement", raw, find, fields=fields)
