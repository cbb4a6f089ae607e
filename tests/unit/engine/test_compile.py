"""Broken features harm no other, and what did not change is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import json
from msgspec.structs import replace

from flags.engine.compile import (
    REQUIRES_DEPTH_MAX,
    compile_snapshot,
    compile_steps,
    find_flaws,
)
from flags.engine.definitions import (
    Constraint,
    Definitions,
    Feature,
    KillSwitch,
    Payload,
    Place,
    Rule,
    Strategy,
    Target,
    Variant,
)
from flags.engine.evaluate import evaluate, evaluate_all
from flags.engine.result import Reason
from tests.unit.engine.scopes import COLLECTIONS, NOW, VOICE, context, offer, scope

LIVE = offer("live", Place(kind="everywhere"))
GOOD = Feature(key="good")


def constrained(operator: str, value: str) -> Feature:
    """Build a feature with one constraint on a property."""
    constraint = Constraint(context_name="plan", operator=operator, value=value)
    return Feature(key="bad", strategies=(Strategy(name="default", constraints=(constraint,)),))


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        (Feature(key="bad", profile="no-such"), "unknown_profile"),
        (constrained("NUM_GT", "many"), "bad_constraint"),
        (constrained("SEMVER_GT", "v1.2.3"), "bad_constraint"),
        (constrained("DATE_AFTER", "2026-11-20"), "bad_constraint"),
        (
            Feature(
                key="bad",
                value_type="number",
                variants=(Variant(name="v", weight=1, payload=Payload("number", "many")),),
            ),
            "bad_payload",
        ),
        (Feature(key="bad", requires=("bad",)), "requires_cycle"),
    ],
)
def test_a_broken_feature_is_off_and_named(feature: Feature, code: str) -> None:
    """It answers ERROR with the code in detail; its neighbour is on."""
    snapshot = compile_snapshot(scope(feature, GOOD))
    found = evaluate(snapshot, "bad", context())
    assert (False, Reason.ERROR, code) == (found.on, found.reason, found.detail)
    assert [("bad", code)] == [(one.feature, one.code) for one in snapshot.warnings]
    assert evaluate(snapshot, "good", context()).on is True


@pytest.mark.parametrize(
    ("strategy", "code"),
    [
        (Strategy(name="default", segments=(9,)), "unknown_segment"),
        (
            Strategy(
                name="default",
                constraints=(Constraint(context_name="plan", operator="REGEX", value="(?=x)"),),
            ),
            "bad_pattern",
        ),
    ],
)
def test_a_strategy_that_can_never_hold_is_named(strategy: Strategy, code: str) -> None:
    """Unleash calls it false, so other strategies of the feature still hold."""
    way_out = Strategy(name="userWithId", parameters={"userIds": "7"})
    snapshot = compile_snapshot(scope(Feature(key="f", strategies=(strategy, way_out))))
    assert [code] == [one.code for one in snapshot.warnings]
    assert evaluate(snapshot, "f", context(userId="7", plan="x")).on is True
    assert evaluate(snapshot, "f", context(userId="8", plan="x")).on is False


def test_a_cycle_breaks_only_the_features_on_it() -> None:
    """What needs one of them is off because of it, not broken itself."""
    world = scope(
        Feature(key="a", requires=("b",)),
        Feature(key="b", requires=("c",)),
        Feature(key="c", requires=("a",)),
        Feature(key="d", requires=("a",)),
        GOOD,
    )
    snapshot = compile_snapshot(world)
    reasons = {one.feature: one.reason for one in evaluate_all(snapshot, context())}
    assert reasons == {
        "a": Reason.ERROR,
        "b": Reason.ERROR,
        "c": Reason.ERROR,
        "d": Reason.REQUIRES_OFF,
        "good": Reason.LIVE,
    }


@pytest.mark.parametrize("first", ["a", "b", "c"])
def test_every_member_of_knotted_cycles_is_named(first: str) -> None:
    """Two cycles that share features break all of them, from wherever one looks."""
    edges = {"a": ("b", "c"), "b": ("c",), "c": ("a",)}
    names = sorted(edges, key=lambda name: name != first)
    features = [Feature(key=key, requires=edges[key]) for key in names]
    features += [Feature(key="on-top", requires=("b",)), GOOD]
    flaws = find_flaws({feature.key: feature for feature in features})
    assert dict.fromkeys(edges, "requires_cycle") == flaws


def test_a_chain_of_requirements_that_is_too_long_is_refused() -> None:
    """A chain as long as the limit is decided; one more is broken and named."""
    links = [Feature(key="f000")]
    links += [
        Feature(key=f"f{n:03}", requires=(f"f{n - 1:03}",))
        for n in range(1, REQUIRES_DEPTH_MAX + 1)
    ]
    snapshot = compile_snapshot(scope(*links))
    answers = evaluate_all(snapshot, context())
    assert [one.on for one in answers] == [True] * REQUIRES_DEPTH_MAX + [False]
    assert answers[-1].reason is Reason.ERROR


def test_compiling_can_be_done_in_steps() -> None:
    """A serving loop gets a chance to breathe after each feature at least."""
    features = tuple(Feature(key=f"f{number}") for number in range(20))
    assert sum(1 for _step in compile_steps(scope(*features))) >= len(features)


def test_unchanged_features_and_their_plans_are_kept() -> None:
    """A kill of commerce leaves calls alone, with all that was learned about them."""
    calls = offer("live", Place(kind="everywhere"), bundle="calling")
    world = scope(COLLECTIONS, VOICE, offers=(LIVE, calls))
    old = compile_snapshot(world)
    evaluate_all(old, context())
    kill = KillSwitch(
        rule=Rule(key="k"),
        target=Target(bundle="commerce"),
        since=NOW,
        expires=NOW + timedelta(days=1),
    )
    new = compile_snapshot(world, (kill,), old)
    assert new.features["calling.voice"] is old.features["calling.voice"]
    assert new.features["commerce.collections"] is not old.features["commerce.collections"]
    kept = [group for group in new.groups if any(group is one for one in old.groups)]
    assert [("calling.voice",)] == [group.keys for group in kept]
    assert all(len(group.plans) == 1 for group in kept)
    assert evaluate(new, "commerce.collections", context()).reason is Reason.KILLED
    assert evaluate(new, "calling.voice", context()).on is True


def test_warnings_of_kept_features_are_told_again() -> None:
    """A publish without changes has the same warnings."""
    world = scope(replace(GOOD, requires=("no.such",)))
    old = compile_snapshot(world)
    assert old.warnings == compile_snapshot(world, (), old).warnings
    assert len(old.warnings) == 1


def test_a_publish_that_decodes_all_anew_keeps_what_is_equal() -> None:
    """One changed offer compiles its own bundle again; of the rest nothing is made twice."""
    calls = offer("live", Place(kind="everywhere"), key="calls", bundle="calling")
    world = scope(COLLECTIONS, VOICE, offers=(calls, LIVE))
    old = compile_snapshot(world)
    changed = replace(world, offers=(calls, replace(LIVE, status="planned")))
    decoded = json.decode(json.encode(changed), type=Definitions)
    new = compile_snapshot(decoded, (), old)
    assert new.definitions == decoded
    assert new.features["calling.voice"] is old.features["calling.voice"]
    assert new.definitions.offers[0] is old.definitions.offers[0]
    assert evaluate(new, "commerce.collections", context()).reason is Reason.PLANNED
