"""Commands about whom a feature is for: strategies, constraints, segments and variants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flags.models import Constraint, Segment, Strategy, Variant
from flags.models.targeting import PAYLOAD_TYPES, STRATEGIES
from flags.operations.constraints import (
    CONTEXT_NAME,
    ConstraintSpec,
    canonical,
    check_networks,
)
from flags.operations.lookups import get_environment, get_feature
from flags.operations.segments import (
    SetSegment,
    build_constraints,
    describe_constraint,
    plain_constraint,
)
from flags.operations.values import PAYLOADS, Unfit, ValueRules
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App
from regions.operations.checks import (
    check_choice,
    check_count,
    check_once,
    get_app,
    shown,
)

__all__ = ["ConstraintSpec", "SetSegment", "SetTargeting", "StrategySpec", "VariantSpec"]

STRATEGIES_PER_FEATURE = 30
SEGMENTS_PER_STRATEGY = 5
VARIANTS_PER_STRATEGY = 50
WHOLE_WEIGHT = 1_000
PAYLOAD_BYTES = 20_000
PARAMETER_BYTES = 20_000
TITLE_CHARACTERS = 120
VARIANT_NAME = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,99}")
PARAMETER_PATTERNS = {
    "rollout": (re.compile(r"0|[1-9][0-9]?|100"), "a whole number from 0 to 100"),
    # Being sticky on these is hashed by some SDKs only, and the same for everybody anyway.
    "stickiness": (
        re.compile(rf"(?!(?:currentTime|environment)\Z){CONTEXT_NAME.pattern}"),
        "the name of a context field that differs from person to person",
    ),
    # Non-ASCII groups are hashed differently by node clients; quotes
    # and backslashes break the rule that other clients make of them.
    "groupId": (
        re.compile(r"[!#-\[\]-~]{1,100}"),
        "1 to 100 visible ASCII characters without quotes and backslashes",
    ),
    "userIds": (re.compile(r"[^\\]*"), "a list of users without backslashes"),
}
PARAMETERS = {
    "default": frozenset[str](),
    "flexibleRollout": frozenset({"rollout", "stickiness", "groupId"}),
    "userWithId": frozenset({"userIds"}),
    "remoteAddress": frozenset({"IPs"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSpec:
    """A value that a strategy hands out with this weight; no payload without a type."""

    name: str
    weight: int
    payload_type: str = ""
    payload_value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySpec:
    """One way to be on, in Unleash's words; parameters are texts."""

    name: str
    title: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[ConstraintSpec, ...] = ()
    segments: tuple[str, ...] = ()
    variants: tuple[VariantSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTargeting(Command):
    """Give a feature exactly these strategies, in order, in one environment."""

    app: str
    environment: str
    feature: str
    strategies: tuple[StrategySpec, ...]


@operation(SetTargeting, permission="targeting")
def set_targeting(command: SetTargeting, _moment: Moment) -> Iterable[Change]:
    """Write the strategies as a whole where any of them differs."""
    app = get_app(command.app)
    feature = get_feature(app, command.feature)
    check_count(
        len(command.strategies),
        STRATEGIES_PER_FEATURE,
        things=f"strategies of {feature.key}",
        field="strategies",
    )
    rules = ValueRules.of(feature)
    wanted = [
        _canonical(strategy, rules, f"Strategy {number} of {feature.key}")
        for number, strategy in enumerate(command.strategies, 1)
    ]
    segments = _get_segments(app, wanted)
    rows = list(
        Strategy.objects.filter(feature=feature, environment__key=command.environment)
        .order_by("position")
        .prefetch_related("constraints", "segments", "variants")
    )
    before = [_describe(row) for row in rows]
    after = [_plain(strategy) for strategy in wanted]
    if before == after:
        return []
    for row in rows:
        row.delete()
    environment = get_environment(command.environment)
    for position, strategy in enumerate(wanted):
        row = Strategy.objects.create(
            feature=feature,
            environment=environment,
            position=position,
            name=strategy.name,
            title=strategy.title,
            parameters=dict(strategy.parameters),
        )
        _add_children(row, strategy, segments)
    return [
        Change(
            object_type="targeting",
            object_key=feature.key,
            action="updated" if before else "created",
            before={"strategies": before} if before else None,
            after={"strategies": after},
        )
    ]


def _canonical(strategy: StrategySpec, rules: ValueRules, of: str) -> StrategySpec:
    """Return the strategy as every SDK reads it: texts only, nothing left to a default."""
    check_choice(strategy.name, STRATEGIES, name="strategy", field="strategies")
    if len(strategy.title) > TITLE_CHARACTERS:
        raise _refused(
            of, f"its title has {len(strategy.title)} characters, {TITLE_CHARACTERS} are possible"
        )
    check_once(strategy.segments, things=f"segments of {of}", field="strategies")
    check_count(
        len(strategy.segments),
        SEGMENTS_PER_STRATEGY,
        things=f"segments of {of}",
        field="strategies",
    )
    variants = tuple(_canonical_variant(variant, rules) for variant in strategy.variants)
    _check_variants(variants, rules, of)
    return replace(
        strategy,
        variants=variants,
        parameters=_canonical_parameters(strategy, rules.feature, of),
        constraints=canonical(strategy.constraints, of=of),
        segments=tuple(sorted(strategy.segments)),
    )


def _canonical_parameters(strategy: StrategySpec, feature: str, of: str) -> dict[str, str]:
    """Return the parameters with stickiness and group filled in, in a fixed order."""
    known = PARAMETERS[strategy.name]
    given = dict(strategy.parameters)
    for name, value in given.items():
        if not isinstance(value, str):
            raise _refused(of, f"the parameter {shown(name)} must be a text, not {value!r}")
        if name not in known | {"stickiness", "groupId"}:
            raise _refused(of, f"{strategy.name} knows no parameter “{shown(name)}”")
        if len(value.encode()) > PARAMETER_BYTES:
            raise _refused(of, f"{name} may have at most {PARAMETER_BYTES} bytes")
    if strategy.name == "flexibleRollout":
        given.setdefault("rollout", "100")
    if strategy.name == "flexibleRollout" or strategy.variants:
        given.setdefault("stickiness", "default")
        given.setdefault("groupId", feature)
    for name in known - given.keys():
        raise _refused(of, f"{strategy.name} needs the parameter {name}")
    _check_parameters(given, of)
    return dict(sorted(given.items()))


def _check_parameters(given: Mapping[str, str], of: str) -> None:
    for name, (pattern, wanted) in PARAMETER_PATTERNS.items():
        if name in given and not pattern.fullmatch(given[name]):
            raise _refused(of, f"{name} is {wanted}, not “{shown(given[name])}”")
    if "IPs" in given:
        check_networks(given["IPs"].split(","), of)


def _canonical_variant(variant: VariantSpec, rules: ValueRules) -> VariantSpec:
    """Return the variant with its payload's type, which the feature's type decides."""
    known = PAYLOADS.get(rules.kind)
    if known is None or variant.payload_type or not variant.payload_value:
        return variant
    return replace(variant, payload_type=known[0])


def _check_variants(variants: tuple[VariantSpec, ...], rules: ValueRules, of: str) -> None:
    check_count(
        len(variants), VARIANTS_PER_STRATEGY, things=f"variants of {of}", field="strategies"
    )
    check_once([variant.name for variant in variants], things="variants", field="strategies")
    for variant in variants:
        if not VARIANT_NAME.fullmatch(variant.name):
            raise _refused(of, f"“{shown(variant.name)}” cannot be the name of a variant")
        weight = variant.weight
        if type(weight) is not int or not 0 <= weight <= WHOLE_WEIGHT:
            raise _refused(
                of,
                f"the weight of {variant.name} is a whole number from 0 to {WHOLE_WEIGHT},"
                f" not {weight!r}",
            )
        if variant.payload_type:
            known = [word for word, _label in PAYLOAD_TYPES]
            check_choice(variant.payload_type, known, name="payload type", field="strategies")
        elif variant.payload_value:
            raise _refused(of, f"the payload of {variant.name} has a value but no type")
        size = len(variant.payload_value.encode())
        if size > PAYLOAD_BYTES:
            raise _refused(
                of, f"a payload may have at most {PAYLOAD_BYTES} bytes; {variant.name} has {size}"
            )
        try:
            rules.check_payload(variant.name, variant.payload_type, variant.payload_value)
        except Unfit as why:
            raise _refused(of, str(why)) from None
    if variants and not sum(variant.weight for variant in variants):
        raise _refused(of, "the weights of its variants add up to nothing")


def _get_segments(app: App, strategies: list[StrategySpec]) -> dict[str, Segment]:
    wanted = {key for strategy in strategies for key in strategy.segments}
    found = {row.key: row for row in Segment.objects.filter(app=app, key__in=wanted)}
    for key in sorted(wanted):
        if key not in found:
            raise Refused(
                f"{app.key} has no segment “{shown(key)}”.",
                code="unknown_segment",
                field="strategies",
            )
    return found


def _add_children(row: Strategy, strategy: StrategySpec, segments: Mapping[str, Segment]) -> None:
    Constraint.objects.bulk_create(build_constraints(strategy.constraints, strategy=row))
    if strategy.segments:
        row.segments.set([segments[key] for key in strategy.segments])
    Variant.objects.bulk_create(
        Variant(
            strategy=row,
            position=position,
            name=variant.name,
            weight=variant.weight,
            payload_type=variant.payload_type,
            payload_value=variant.payload_value,
        )
        for position, variant in enumerate(strategy.variants)
    )


def _describe(row: Strategy) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "parameters": row.parameters,
        "constraints": [describe_constraint(constraint) for constraint in row.constraints.all()],
        "segments": sorted(segment.key for segment in row.segments.all()),
        "variants": [
            [variant.name, variant.weight, variant.payload_type, variant.payload_value]
            for variant in row.variants.all()
        ],
    }


def _plain(strategy: StrategySpec) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "title": strategy.title,
        "parameters": dict(strategy.parameters),
        "constraints": [plain_constraint(constraint) for constraint in strategy.constraints],
        "segments": list(strategy.segments),
        "variants": [
            [variant.name, variant.weight, variant.payload_type, variant.payload_value]
            for variant in strategy.variants
        ],
    }


def _refused(of: str, what: str) -> Refused:
    return Refused(f"{of}: {what}.", code="bad_strategy", field="strategies")
