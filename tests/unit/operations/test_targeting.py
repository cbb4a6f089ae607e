"""Commands about segments and strategies: what every SDK reads alike, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from flags.models import Constraint, Segment, Strategy, Variant
from flags.operations import segments
from flags.operations.constraints import ConstraintSpec
from flags.operations.segments import SetSegment
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from regions.governance.commands import Refused
from tests.unit.world import Do

ADULT = ConstraintSpec(context_name="age", operator="NUM_GTE", value="18")


def targeting(*strategies: StrategySpec) -> SetTargeting:
    """Return a command that gives the feature these strategies in production."""
    return SetTargeting(
        app="shop", environment="production", feature="pay.card", strategies=strategies
    )


def rollout(**differences: Any) -> StrategySpec:
    """Return a gradual rollout that differs from the plain one only as said."""
    return StrategySpec(**{"name": "flexibleRollout", **differences})


def condition(operator: str, *values: str, name: str = "city", value: str = "") -> ConstraintSpec:
    """Return a constraint."""
    return ConstraintSpec(context_name=name, operator=operator, values=values, value=value)


def a_segment(*constraints: ConstraintSpec, key: str = "adults") -> SetSegment:
    """Return a command for a segment."""
    return SetSegment(app="shop", key=key, constraints=constraints)


def test_stickiness_and_group_are_always_filled_in(world: Do) -> None:
    """Nothing is left to a default that engines read differently."""
    world(targeting(rollout()))
    assert {"rollout": "100", "stickiness": "default", "groupId": "pay.card"} == (
        Strategy.objects.get().parameters
    )


def test_strategies_are_replaced_as_a_whole(world: Do) -> None:
    """The last command's strategies stand in its order, with all that hangs on them."""
    world(a_segment(ADULT))
    variants = (VariantSpec(name="a", weight=500), VariantSpec(name="b", weight=500))
    world(targeting(rollout(), rollout(parameters={"rollout": "5"})))
    receipt = world(
        targeting(
            StrategySpec(name="userWithId", parameters={"userIds": "1,2"}),
            rollout(
                constraints=(ADULT, condition("IN", "US", "US", "SG", name="accountCountry")),
                segments=("adults",),
                variants=variants,
            ),
        )
    )
    first, second = Strategy.objects.order_by("position")
    assert ("userWithId", "flexibleRollout") == (first.name, second.name)
    assert [["18", []], ["", ["US", "SG"]]] == [
        [row.value, row.values] for row in second.constraints.all()
    ]
    assert ["adults"] == [row.key for row in second.segments.all()]
    assert ["a", "b"] == list(Variant.objects.values_list("name", flat=True))
    assert 2 == len((receipt.changes[0].before or {})["strategies"])


def test_identical_targeting_changes_nothing(world: Do) -> None:
    """The same strategies again leave the rows alone, defaults written out or not."""
    world(targeting(rollout(constraints=(ADULT,))))
    written_out = {"rollout": "100", "stickiness": "default", "groupId": "pay.card"}
    assert not world(targeting(rollout(constraints=(ADULT,), parameters=written_out))).changed


def test_environments_are_targeted_apart(world: Do) -> None:
    """Strategies in one environment leave another's alone."""
    world(targeting(rollout()))
    world(
        SetTargeting(app="shop", environment="staging", feature="pay.card", strategies=(rollout(),))
    )
    assert 2 == Strategy.objects.count()


def test_a_segment_follows_its_last_command(world: Do) -> None:
    """Constraints of a segment are replaced, and an identical command changes nothing."""
    world(a_segment(ADULT))
    assert not world(a_segment(ADULT)).changed
    world(a_segment(condition("STR_CONTAINS", "Vegas")))
    assert ["STR_CONTAINS"] == [row.operator for row in Segment.objects.get().constraints.all()]


@pytest.mark.parametrize(
    "constraint",
    [
        condition("NUM_EQ", value="-1.50"),
        condition("DATE_AFTER", name="currentTime", value="2026-11-20T12:00:00Z"),
        condition("DATE_BEFORE", name="currentTime", value="2026-11-20T12:00:00.123Z"),
        condition("SEMVER_GTE", value="8.0.70-rc.1+build.5"),
        condition("REGEX", value="^[0-9]{3,5}(a|b)\\.$"),
        condition("IN_CIDR", "10.0.0.0/8", "2001:db8::/32", "127.0.0.1"),
        condition("NOT_IN", "Las Vegas"),
        condition("STR_ENDS_WITH", "vegas"),
    ],
)
def test_constraints_that_every_sdk_reads_are_kept(world: Do, constraint: ConstraintSpec) -> None:
    """Values stay exactly as they were given."""
    world(a_segment(constraint))
    row = Constraint.objects.get()
    assert (list(constraint.values), constraint.value) == (row.values, row.value)


@pytest.mark.parametrize(
    ("constraint", "told"),
    [
        (condition("EQUALS", "x"), "not an operator"),
        (condition("IN"), "no values"),
        (condition("IN", ""), "empty"),
        (condition("IN", " x"), "space"),
        (condition("IN", "a\\b"), "backslash"),
        (condition("IN", "x" * 101), "100"),
        (condition("IN", *map(str, range(251))), "250"),
        (condition("IN", "x", value="y"), "list of values"),
        (condition("IN", "UK", name="accountCountry"), "GB"),
        (condition("IN", "XX", name="locationCountry"), "ISO 3166-1"),
        (condition("IN_CIDR", "10.0.0.0/33"), "network"),
        (condition("NUM_GT", "5"), "one value"),
        (condition("NUM_GT", value="1e3"), "number"),
        (condition("NUM_GT", value="٣"), "number"),
        (condition("NUM_GT", value=""), "number"),
        (condition("DATE_AFTER", value="2026-11-20T12:00:00Z"), "currentTime only"),
        (condition("DATE_AFTER", name="currentTime", value="2026-02-30T12:00:00Z"), "instant"),
        (condition("DATE_AFTER", name="currentTime", value="2026-11-20T12:00:00"), "instant"),
        (condition("DATE_AFTER", name="currentTime", value="2026-11-20T12:00:00.1Z"), "instant"),
        (condition("SEMVER_EQ", value="1.2"), "version"),
        (condition("SEMVER_EQ", value="v1.2.3"), "version"),
        (condition("SEMVER_EQ", value="01.2.3"), "version"),
        (condition("SEMVER_EQ", value="１.２.３"), "version"),
        (condition("SEMVER_EQ", value="1.2." + "3" * 70), "version"),
        (condition("REGEX", value="("), "RE2"),
        (condition("REGEX", value="(?=a)"), "RE2"),
        (condition("REGEX", value="(a)\\1"), "RE2"),
        (condition("REGEX", value="(a{1000}){1000}"), "RE2"),
        (condition("REGEX", value="\\d+"), "write its characters out"),
        (condition("REGEX", value="[a&&b]"), "in different ways"),
        (condition("REGEX", value="x{"), "in different ways"),
        (condition("REGEX", value="[[:alpha:]]"), "in different ways"),
        (condition("REGEX", value="(?i)pro"), "in different ways"),
        (condition("REGEX", value="größe"), "in different ways"),
        (condition("REGEX", value=""), "pattern"),
        (condition("IN", "x", name="currentTime"), "DATE_AFTER or DATE_BEFORE only"),
        (condition("NUM_GT", value="5", name="currentTime"), "DATE_AFTER or DATE_BEFORE only"),
        (condition("SEMVER_EQ", value="18446744073709551616.0.0"), "version"),
        (condition("IN_CIDR", "10.0.0.0/255.0.0.0"), "network"),
        (condition("IN_CIDR", "fe80::1%eth0"), "network"),
        (condition("REGEX", value="a" * 513), "512"),
        (condition("IN", "x", name='a"b'), "context field"),
        (condition("IN", "x", name="x" * 101), "context field"),
    ],
)
def test_constraints_that_some_sdk_misreads_are_refused(
    world: Do, constraint: ConstraintSpec, told: str
) -> None:
    """Each is refused when it is saved, in segments and in strategies alike."""
    with pytest.raises(Refused, match=told):
        world(a_segment(constraint))
    with pytest.raises(Refused, match=told):
        world(targeting(rollout(constraints=(constraint,))))
    assert not Constraint.objects.exists()


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (StrategySpec(name="gradualRolloutRandom"), "not a known strategy"),
        (StrategySpec(name="userWithId"), "needs the parameter userIds"),
        (StrategySpec(name="default", parameters={"rollout": "5"}), "no parameter"),
        (rollout(parameters={"rollout": "101"}), "whole number from 0 to 100"),
        (rollout(parameters={"rollout": "50.5"}), "whole number"),
        (rollout(parameters={"rollout": " 5"}), "whole number"),
        (rollout(parameters={"rollout": 5}), "must be a text"),
        (rollout(parameters={"stickiness": ""}), "stickiness"),
        (rollout(parameters={"stickiness": "currentTime"}), "differs from person to person"),
        (rollout(parameters={"stickiness": "environment"}), "differs from person to person"),
        (rollout(parameters={"groupId": "grüppe"}), "ASCII"),
        (rollout(parameters={"groupId": 'a"b'}), "quotes"),
        (rollout(parameters={"groupId": "a\\b"}), "backslashes"),
        (StrategySpec(name="userWithId", parameters={"userIds": "a\\b"}), "backslashes"),
        (StrategySpec(name="remoteAddress", parameters={"IPs": "nonsense"}), "network"),
        (StrategySpec(name="remoteAddress", parameters={"IPs": ""}), "network"),
        (rollout(segments=("nope",)), "no segment"),
        (rollout(segments=("a", "a")), "twice"),
        (rollout(title="x" * 121), "120"),
        (rollout(constraints=(ADULT,) * 31), "30"),
        (rollout(variants=(VariantSpec(name="a", weight=0),)), "add up to nothing"),
        (rollout(variants=(VariantSpec(name="a", weight=1001),)), "whole number"),
        (rollout(variants=(VariantSpec(name="a", weight=0.5),)), "whole number"),  # type: ignore[arg-type]
        (rollout(variants=(VariantSpec(name="a", weight=True),)), "whole number"),
        (rollout(variants=(VariantSpec(name="a", weight=1),) * 2), "twice"),
        (rollout(variants=(VariantSpec(name="..", weight=1),)), "name of a variant"),
        (
            rollout(variants=(VariantSpec(name="a", weight=1, payload_type="xml"),)),
            "payload type",
        ),
        (
            rollout(variants=(VariantSpec(name="a", weight=1, payload_value="x"),)),
            "value but no type",
        ),
    ],
)
def test_strategies_that_some_sdk_misreads_are_refused(
    world: Do, strategy: StrategySpec, told: str
) -> None:
    """Each is refused when it is saved, and nothing is stored."""
    with pytest.raises(Refused, match=told):
        world(targeting(strategy))
    assert not Strategy.objects.exists()


def test_an_app_has_a_limit_of_segments(world: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """One segment too many is refused with the limit; existing ones can still be changed."""
    monkeypatch.setattr(segments, "SEGMENTS_PER_APP", 1)
    world(a_segment(ADULT))
    assert world(a_segment(condition("IN", "x"))).changed
    with pytest.raises(Refused, match="At most 1 segments"):
        world(a_segment(ADULT, key="others"))
