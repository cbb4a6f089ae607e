"""Hypothesis strategies: canonical definitions without regional rules, every operator in use."""

from __future__ import annotations

from hypothesis import strategies as st

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

WORDS = ("pro", "free", "Pro", "7", "42", "shop.example", "ünïcode", "SG")
VERSIONS = ("1.2.3", "1.2.3-beta.2", "1.10.0", "2.0.0", "0.9.9+build")
ADDRESSES = ("10.1.2.3", "192.168.0.0/16", "10.0.0.0/8", "2001:db8::1", "2001:db8::/32")
TIMES = ("2026-11-20T12:00:00.000Z", "2026-11-21T00:00:00.000Z")
PATTERNS = ("^pro$", "[0-9]+", "a|e", "^(pro|free)", ".")
FIELDS = ("userId", "plan", "age", "version", "ip", "appName")

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True).map(tuple)
marks = {"inverted": st.booleans(), "case_insensitive": st.booleans()}
fields = st.sampled_from(FIELDS)


def valued(
    names: tuple[str, ...], field: str, values: tuple[str, ...]
) -> st.SearchStrategy[Constraint]:
    """Build constraints whose operator takes one value."""
    return st.builds(
        Constraint,
        context_name=st.just(field),
        operator=st.sampled_from(names),
        value=st.sampled_from(values),
        **marks,
    )


COMPARISONS = ("EQ", "GT", "GTE", "LT", "LTE")
constraints = st.one_of(
    st.builds(
        Constraint,
        context_name=fields,
        operator=st.sampled_from(
            ("IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS")
        ),
        values=words,
        **marks,
    ),
    st.builds(
        Constraint,
        context_name=st.sampled_from(("ip", "remoteAddress")),
        operator=st.just("IN_CIDR"),
        values=st.lists(st.sampled_from(ADDRESSES), min_size=1, unique=True).map(tuple),
        inverted=st.booleans(),
    ),
    valued(tuple(f"NUM_{name}" for name in COMPARISONS), "age", ("17", "18", "18.5", "-1")),
    valued(tuple(f"SEMVER_{name}" for name in COMPARISONS), "version", VERSIONS),
    valued(("DATE_AFTER", "DATE_BEFORE"), "currentTime", TIMES),
    valued(("REGEX",), "plan", PATTERNS),
)
payloads = st.none() | st.builds(
    Payload,
    type=st.sampled_from(("string", "csv", "json", "number")),
    value=st.sampled_from(("1", "", "text")),
)


@st.composite
def variants(draw: st.DrawFn) -> tuple[Variant, ...]:
    """Draw variants with some weight in total, or none."""
    weights = draw(st.lists(st.sampled_from((0, 1, 333, 1000)), max_size=3))
    if not sum(weights):
        return ()
    return tuple(
        Variant(name=f"v{number}", weight=weight, payload=draw(payloads))
        for number, weight in enumerate(weights)
    )


@st.composite
def strategies(draw: st.DrawFn) -> Strategy:
    """Draw one of the strategies that SDKs know, with all of its parameters."""
    common = {"groupId": draw(st.sampled_from(("a", "shared", "日本"))), "stickiness": "default"}
    name, own = draw(
        st.sampled_from(
            (
                ("default", {}),
                ("flexibleRollout", {"rollout": "30"}),
                ("flexibleRollout", {"rollout": "100", "stickiness": "plan"}),
                ("flexibleRollout", {"rollout": "60", "stickiness": "sessionId"}),
                ("flexibleRollout", {"rollout": "0"}),
                ("userWithId", {"userIds": "7, 42"}),
                ("gradualRolloutUserId", {"percentage": "40"}),
                ("gradualRolloutSessionId", {"percentage": "70"}),
                ("gradualRolloutRandom", {"percentage": "100"}),
                ("remoteAddress", {"IPs": "10.0.0.0/8, nonsense, 2001:db8::1"}),
            )
        )
    )
    return Strategy(
        name=name,
        parameters={**common, **own},
        constraints=tuple(draw(st.lists(constraints, max_size=2))),
        segments=draw(st.sampled_from(((), (), (1,), (1, 2)))),
        variants=draw(variants()),
    )


@st.composite
def legacy_variants(draw: st.DrawFn) -> tuple[Variant, ...]:
    """Draw feature variants with overrides, which strategies' own variants outrank."""
    found = draw(variants())
    override = Override(context_name="plan", values=("pro",))
    return tuple(
        Variant(
            name=variant.name,
            weight=variant.weight,
            payload=variant.payload,
            stickiness="userId",
            overrides=(override,) if draw(st.booleans()) else (),
        )
        for variant in found
    )


@st.composite
def definitions(draw: st.DrawFn) -> Definitions:
    """Draw a parent, a child that depends on it, and a feature of its own."""
    parent = Feature(
        key="parent",
        strategies=tuple(draw(st.lists(strategies(), max_size=2))),
        enabled=draw(st.sampled_from((True, True, False))),
    )
    own = Feature(
        key="own",
        strategies=tuple(draw(st.lists(strategies(), max_size=3))),
        variants=draw(legacy_variants()),
    )
    child = Feature(
        key="child",
        strategies=tuple(draw(st.lists(strategies(), max_size=2))),
        dependencies=(Dependency(feature="parent"),) if draw(st.booleans()) else (),
    )
    segments = tuple(
        Segment(id=number, key=f"s{number}", constraints=(draw(constraints),)) for number in (1, 2)
    )
    return Definitions(
        app="superapp",
        environment="production",
        features=(child, own, parent),
        segments=segments,
    )


contexts = st.fixed_dictionaries(
    # Chance is left out: everybody has the ids that stickiness asks for.
    {"userId": st.sampled_from(WORDS), "sessionId": st.sampled_from(WORDS)},
    optional={
        "appName": st.sampled_from(WORDS),
        "remoteAddress": st.sampled_from(("10.9.9.9", "2001:db8::1", "1.1.1.1", "nonsense")),
        "ip": st.sampled_from(("10.9.9.9", "192.168.3.4", "2001:db8::5", "x")),
        "plan": st.sampled_from(WORDS),
        "age": st.sampled_from(("17", "18", "18.0", "18.5", "-1", "old")),
        "version": st.sampled_from((*VERSIONS, "v1.2.3", "1.2", "1.2.3.4")),
    },
)
