"""Hypothesis strategies: canonical definitions without regional rules, everything in use.

Chance is left out, since nobody can compare dice: `random` comes with 0 and 100 % only, and
everybody in `crowds` has the ids that default stickiness asks for.
"""

from __future__ import annotations

from hypothesis import strategies as st

from flags.engine.canonical import canonical_constraint
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
from flags.engine.lower import LoweredDefinitions, LoweredFeature
from flags.wire.unleash import render_features

WORDS = ("pro", "free", "Pro", "7", "42", "shop.example", "ünïcode", "SG", "ß", "ΑΣ", 'a"b', "İ")
VERSIONS = ("1.2.3", "1.2.3-beta.2", "1.10.0", "2.0.0", "0.9.9+build", "1.0.0-0", "1.0.0-a-b")
ADDRESSES = ("10.1.2.3", "192.168.0.0/16", "10.0.0.1/8", "2001:db8::1", "2001:db8::/32", "::/0")
TIMES = ("2026-11-20T12:00:00.000Z", "2026-11-21T00:00:00.000Z", "2026-11-20T11:59:59.999Z")
NUMBERS = ("17", "18", "18.5", "-1", "0.1", "007", "123456789012345678901234567890")
PATTERNS = ("^pro$", "[0-9]+", "a|e", "^(pro|free)", ".", "^$", r"\.", "^.{4,8}$", "(?:r|R)+o?")
FIELDS = ("userId", "sessionId", "plan", "age", "version", "ip", "appName", "environment", "none")
STICKINESS = ("default", "userId", "sessionId", "plan", "appName", "remoteAddress", "none")

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True).map(tuple)
marks = {"inverted": st.booleans(), "case_insensitive": st.booleans()}
fields = st.sampled_from(FIELDS)
COMPARISONS = ("EQ", "GT", "GTE", "LT", "LTE")


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


atoms = st.sampled_from((*"ap7R.", "[a-z]", "[^0-9]", r"\.", "(?:o|e)", "(r)"))
repeats = st.sampled_from(("", "", "", "*", "+?", "?", "{2}", "{1,3}"))
pieces = st.builds(lambda atom, repeat: atom + repeat, atoms, repeats)
patterns = st.builds(
    lambda start, parts, end: start + "".join(parts) + end,
    st.sampled_from(("", "^", "p|")),
    st.lists(pieces, min_size=1, max_size=4),
    st.sampled_from(("", "$", "|o")),
)
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
    st.builds(Constraint, context_name=fields, operator=st.sampled_from(("IN", "NOT_IN")), **marks),
    st.builds(
        Constraint,
        context_name=st.sampled_from(("ip", "remoteAddress")),
        operator=st.just("IN_CIDR"),
        values=st.lists(st.sampled_from(ADDRESSES), min_size=1, unique=True).map(tuple),
        **marks,
    ),
    valued(tuple(f"NUM_{name}" for name in COMPARISONS), "age", NUMBERS),
    valued(tuple(f"SEMVER_{name}" for name in COMPARISONS), "version", VERSIONS),
    valued(("DATE_AFTER", "DATE_BEFORE"), "currentTime", TIMES),
    valued(("REGEX",), "plan", PATTERNS),
    st.builds(
        Constraint,
        context_name=st.sampled_from(("plan", "userId", "version")),
        operator=st.just("REGEX"),
        value=patterns,
        **marks,
    ),
).filter(lambda constraint: canonical_constraint(constraint) is not None)
payloads = st.none() | st.builds(
    Payload,
    type=st.sampled_from(("string", "csv", "json", "number")),
    value=st.sampled_from(("1", "", "text", '{"a": "ü"}')),
)


@st.composite
def variants(draw: st.DrawFn) -> tuple[Variant, ...]:
    """Draw variants with some weight in total, or none."""
    weights = draw(st.lists(st.sampled_from((0, 1, 333, 1000)), max_size=4))
    if not sum(weights):
        return ()
    return tuple(
        Variant(name=f"v{number}", weight=weight, payload=draw(payloads))
        for number, weight in enumerate(weights)
    )


@st.composite
def strategies(draw: st.DrawFn) -> Strategy:
    """Draw one of the strategies that SDKs know, with all of its parameters."""
    common = {
        "groupId": draw(st.sampled_from(("a", "shared", "x y"))),
        "stickiness": draw(st.sampled_from(STICKINESS)),
    }
    percent = draw(st.sampled_from(("0", "1", "30", "60", "99", "100")))
    name, own = draw(
        st.sampled_from(
            (
                ("default", {}),
                ("flexibleRollout", {"rollout": percent}),
                ("flexibleRollout", {"rollout": percent}),
                ("flexibleRollout", {"rollout": percent}),
                ("flexibleRollout", {"rollout": "100", "stickiness": "random"}),
                ("flexibleRollout", {"rollout": "0", "stickiness": "random"}),
                ("userWithId", {"userIds": "7, 42,,x y , 日本"}),
                ("gradualRolloutUserId", {"percentage": percent}),
                ("gradualRolloutSessionId", {"percentage": percent}),
                ("gradualRolloutRandom", {"percentage": "100"}),
                ("gradualRolloutRandom", {"percentage": "0"}),
                ("remoteAddress", {"IPs": "10.0.0.0/8, nonsense, 2001:db8::1,192.168.3.4"}),
                ("remoteAddress", {"IPs": "0.0.0.0/0"}),
            )
        )
    )
    parameters = {**common, **own}
    # A missing id leaves a variant to dice.
    settled = parameters["stickiness"] in ("default", "userId", "sessionId")
    return Strategy(
        name=name,
        parameters=parameters,
        constraints=tuple(draw(st.lists(constraints, max_size=3))),
        segments=draw(st.sampled_from(((), (), (1,), (2,), (1, 2)))),
        variants=draw(variants()) if settled else (),
    )


@st.composite
def legacy_variants(draw: st.DrawFn) -> tuple[Variant, ...]:
    """Draw feature variants with overrides, which strategies' own variants outrank."""
    found = draw(variants())
    stickiness = draw(st.sampled_from(("default", "userId", "sessionId")))
    overrides = st.lists(
        st.builds(
            Override,
            context_name=st.sampled_from(("plan", "userId", "appName", "none")),
            values=words,
        ),
        max_size=2,
    ).map(tuple)
    return tuple(
        Variant(
            name=variant.name,
            weight=variant.weight,
            payload=variant.payload,
            stickiness=stickiness,
            overrides=draw(overrides),
        )
        for variant in found
    )


@st.composite
def dependencies(draw: st.DrawFn, parents: tuple[Feature, ...]) -> tuple[Dependency, ...]:
    """Draw wishes about parents; variants are wished for where the parent always has one."""
    found = []
    numbers = st.lists(st.integers(0, len(parents) - 1), max_size=2, unique=True)
    for parent in [parents[number] for number in draw(numbers)]:
        enabled = draw(st.sampled_from((True, True, False)))
        varies = enabled and (
            parent.variants
            or (parent.strategies and all(way.variants for way in parent.strategies))
        )
        wanted = draw(st.sampled_from(((), ("v0",), ("v1", "v2")))) if varies else ()
        found.append(Dependency(feature=parent.key, enabled=enabled, variants=wanted))
    if draw(st.integers(0, 9)) == 0:
        found.append(Dependency(feature="ghost", enabled=draw(st.booleans())))
    return tuple(found)


@st.composite
def features(draw: st.DrawFn, key: str, parents: tuple[Feature, ...] = ()) -> Feature:
    """Draw a feature that may depend on others."""
    return Feature(
        key=key,
        enabled=draw(st.sampled_from((True, True, True, False))),
        strategies=tuple(draw(st.lists(strategies(), max_size=3))),
        variants=draw(legacy_variants()),
        dependencies=draw(dependencies(parents)) if parents else (),
    )


@st.composite
def definitions(draw: st.DrawFn) -> Definitions:
    """Draw two parents, a child that may depend on them, and a grandchild."""
    first, second = draw(features("first")), draw(features("second"))
    child = draw(features("child", (first, second)))
    grandchild = draw(features("grandchild", (first, second, child)))
    segments = tuple(
        Segment(id=number, key=f"s{number}", constraints=tuple(some))
        for number, some in enumerate(
            draw(st.lists(st.lists(constraints, max_size=2), min_size=2, max_size=2)), 1
        )
    )
    return Definitions(
        app="superapp",
        environment="default",
        features=(child, first, grandchild, second),
        segments=segments,
    )


def write_as_it_is(world: Definitions, *, inline: bool = False) -> bytes:
    """Render definitions as Unleash's own server would: nothing lowered, nothing left out."""
    plain = LoweredDefinitions(
        app=world.app,
        environment=world.environment,
        features=tuple(
            LoweredFeature(
                key=feature.key,
                enabled=feature.enabled,
                strategies=feature.strategies,
                variants=feature.variants,
                dependencies=feature.dependencies,
            )
            for feature in world.features
        ),
        segments=world.segments,
    )
    return render_features([plain], environment=world.environment, inline_segments=inline)
