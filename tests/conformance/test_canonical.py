"""The canonical payload (docs/engine.md), held where rows are saved and where it is sent.

What saving takes is sent as it is. What got past it all the same, or was imported, is left
out: whatever a feature holds, Unleash's engine takes the payload, is on for nobody for whom
Landfall is off, and decides every other feature as if the broken one were not there.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.engine.canonical import canonical_constraint, canonical_strategy
from flags.engine.compile import compile_snapshot
from flags.engine.constraints import OPERATORS
from flags.engine.definitions import (
    Constraint,
    Definitions,
    Dependency,
    Feature,
    Override,
    Payload,
    Segment,
    Strategy,
    Variant,
)
from flags.engine.evaluate import evaluate
from flags.engine.lower import lower
from flags.operations import constraints as saving
from flags.operations import targeting
from flags.operations.values import ValueRules
from flags.wire.context import read_context
from flags.wire.unleash import render_features
from regions.governance.commands import Refused
from tests.conformance.crowds import Person, draw_crowd
from tests.conformance.payloads import ADDRESSES, NUMBERS, PATTERNS, TIMES, VERSIONS, WORDS
from tests.conformance.sdk import Sdk

ON_OR_OFF = ValueRules(feature="pay.card", kind="boolean", schema={}, off=False)
JUNK = (
    *("", " ", " a ", "a\\b", '"', "\\", "a\nb", "é", "٣", "1e3", "NaN", "99", "100", "101", "-1"),
    *(
        "50.5",
        "٥",
        "v1.2.3",
        "1.2",
        "1.2.99999999999999999999",
        "2026-11-20",
        "x{",
        "[a&&b]",
        "(?i)a",
    ),
    *("(", "\\d", "a**", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.000-12:00", "10.0.0.0/99"),
    *("2026-11-20T12:00:00.1234567Z", "fe80::1%eth0", "10.0.0.0/255.0.0.0", '" or true or "'),
)
values = st.sampled_from((*JUNK, *WORDS, *VERSIONS, *ADDRESSES, *TIMES, *NUMBERS, *PATTERNS))
names = st.sampled_from(
    ("userId", "plan", "ip", "currentTime", "environment", "a b", 'a"b', "a\\b", "", "é")
)
operators = st.sampled_from((*OPERATORS, "EQUALS", ""))
constraints = st.builds(
    Constraint,
    context_name=names,
    operator=operators,
    values=st.lists(values, max_size=2).map(tuple),
    value=values,
    inverted=st.booleans(),
    case_insensitive=st.booleans(),
)
wild_variants = st.builds(
    Variant,
    name=st.sampled_from(("v0", "v1", 'v"')),
    weight=st.sampled_from((0, 1, 1000, 1001, -1, 2**40)),
    payload=st.none()
    | st.builds(Payload, type=st.sampled_from(("string", "json", "xml", "")), value=values),
    stickiness=st.sampled_from(("", "default", "userId", "currentTime", 'a"b')),
    overrides=st.lists(
        st.builds(Override, context_name=names, values=st.lists(values, max_size=2).map(tuple)),
        max_size=1,
    ).map(tuple),
)
parameters = st.dictionaries(
    st.sampled_from(("rollout", "percentage", "groupId", "stickiness", "userIds", "IPs", "other")),
    values,
)
wild_strategies = st.builds(
    Strategy,
    name=st.sampled_from(
        (
            *("default", "flexibleRollout", "userWithId", "remoteAddress", "custom", ""),
            *("gradualRolloutUserId", "gradualRolloutSessionId", "applicationHostname"),
        )
    ),
    parameters=parameters,
    constraints=st.lists(constraints, max_size=2).map(tuple),
    segments=st.sampled_from(((), (), (1,), (2,), (9,))),
    variants=st.lists(wild_variants, max_size=2).map(tuple),
)
wild_dependencies = st.builds(
    Dependency,
    feature=st.sampled_from(("fine", "other", "ghost", "wild")),
    enabled=st.booleans(),
    variants=st.lists(st.sampled_from(("v0", "a", "")), max_size=2).map(tuple),
)
FINE = Feature(
    key="fine",
    strategies=(
        Strategy(
            name="flexibleRollout",
            parameters={"rollout": "60", "stickiness": "userId", "groupId": "fine"},
            variants=(Variant(name="a", weight=1), Variant(name="b", weight=2)),
        ),
    ),
)


@st.composite
def wild_definitions(draw: st.DrawFn) -> Definitions:
    """Draw two features that nobody checked beside one that is as it should be."""
    wild, other = (
        Feature(
            key=key,
            strategies=tuple(draw(st.lists(wild_strategies, max_size=3))),
            variants=tuple(draw(st.lists(wild_variants, max_size=2))),
            dependencies=tuple(draw(st.lists(wild_dependencies, max_size=1))),
            requires=draw(st.sampled_from(((), (), ("fine",), ("other",), ("ghost",)))),
        )
        for key in ("wild", "other")
    )
    segments = tuple(
        Segment(id=number, key=f"s{number}", constraints=(draw(constraints),)) for number in (1, 2)
    )
    return Definitions(
        app="superapp",
        environment="default",
        features=(FINE, other, wild),
        segments=(
            *segments,
            *draw(st.sampled_from(((), (Segment(id=2**40, key="far", constraints=()),)))),
        ),
    )


def ours(world: Definitions, key: str, person: Person) -> tuple[bool, str]:
    """Ask Landfall's engine."""
    snapshot = compile_snapshot(world)
    context = read_context(
        person.fields, now=person.now, dice=lambda _sides: 1, environment="default"
    )
    found = evaluate(snapshot, key, context)
    return found.on, found.variant.name if found.variant else "disabled"


@settings(max_examples=150)
@given(world=wild_definitions(), seed=st.integers(0, 2**32), inline=st.booleans())
def test_a_broken_feature_is_stricter_and_harms_no_other(
    world: Definitions, seed: int, *, inline: bool
) -> None:
    """Unleash's engine takes the payload; broken features are never looser, others the same."""
    lowered = lower(world)
    sdk = Sdk(render_features([lowered], environment="default", inline_segments=inline))
    assert sdk.warnings is None
    alone = replace(world, features=(FINE,))
    exact = {one.key for one in lowered.features if one.exact}
    assert "fine" in exact
    for person in draw_crowd(seed, 6):
        fields = {name: text for name, text in person.fields.items() if name != "environment"}
        someone = Person(fields, person.now)
        fine = ours(alone, "fine", someone)
        assert fine == ours(world, "fine", someone)
        assert fine == (
            sdk.is_on("fine", fields, person.now),
            sdk.variant("fine", fields, person.now),
        )
        for key in ("wild", "other"):
            on = sdk.is_on(key, fields, person.now)
            assert on <= ours(world, key, someone)[0]
            if key in exact:
                assert (on, sdk.variant(key, fields, person.now)) == ours(world, key, someone)


@given(constraint=constraints, listed=st.booleans())
def test_a_constraint_that_saving_takes_is_sent_as_it_is(
    constraint: Constraint, *, listed: bool
) -> None:
    """Nothing that the admin accepts is dropped on its way to SDKs."""
    given_values = constraint.values if listed else ()
    spec = saving.ConstraintSpec(
        context_name=constraint.context_name,
        operator=constraint.operator,
        values=given_values,
        value="" if listed else constraint.value,
        inverted=constraint.inverted,
        case_insensitive=constraint.case_insensitive,
    )
    try:
        (kept,) = saving.canonical((spec,), of="A segment")
    except Refused:
        return
    stored = Constraint(
        context_name=kept.context_name,
        operator=kept.operator,
        values=kept.values,
        value=kept.value,
        inverted=kept.inverted,
        case_insensitive=kept.case_insensitive,
    )
    sent = canonical_constraint(stored)
    assert sent is not None
    assert set(sent.values) == set(stored.values)
    assert replace(sent, values=(), value="") == replace(stored, values=(), value="")


@given(
    name=st.sampled_from(tuple(targeting.PARAMETERS)),
    given_parameters=parameters,
    weights=st.lists(st.sampled_from((0, 1, 1000, 1001, -1)), max_size=2),
)
def test_a_strategy_that_saving_takes_is_sent(
    name: str, given_parameters: dict[str, str], weights: list[int]
) -> None:
    """Its parameters, variants and weights are ones that every SDK reads."""
    known = targeting.PARAMETERS[name] | {"stickiness", "groupId"}
    spec = targeting.StrategySpec(
        name=name,
        parameters={key: text for key, text in given_parameters.items() if key in known},
        variants=tuple(
            targeting.VariantSpec(name=f"v{number}", weight=weight)
            for number, weight in enumerate(weights)
        ),
    )
    try:
        kept = targeting._canonical(spec, ON_OR_OFF, "Strategy 1")
    except Refused:
        return
    stored = Strategy(
        name=kept.name,
        parameters=dict(kept.parameters),
        variants=tuple(Variant(name=one.name, weight=one.weight) for one in kept.variants),
    )
    sent = canonical_strategy(stored, "pay.card")
    assert sent is not None
    assert sent.variants == stored.variants
    assert stored.parameters.items() <= {**sent.parameters, **only_listed(stored)}.items()


def only_listed(strategy: Strategy) -> dict[str, str]:
    """Return the users of a strategy, which SDKs get as a constraint."""
    return {key: text for key, text in strategy.parameters.items() if key == "userIds"}
