"""The gate clusters: whole groups in a declared order, and how SDKs are told of them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import ClusterRollout, Feature, Rule
from flags.engine.explain import explain
from flags.engine.lower import LoweredFeature, lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import NOW, ask, context, scope

VIDEO = Feature(key="social.short-video", offer_basis="account", default_status="live")
SCHOOLS = ClusterRollout(
    rule=Rule(key="us-campus"),
    feature=VIDEO.key,
    order=("us-ca-ucla", "us-ny-nyu", "us-ma-mit"),
    enabled=1,
)
SINGAPORE = ClusterRollout(
    rule=Rule(key="sg-city"),
    feature=VIDEO.key,
    order=("Jurong East", "Tampines"),
    enabled=2,
    field="city",
    territory="SG",
)


@pytest.mark.parametrize(
    ("enabled", "clusters", "expected"),
    [
        (1, ["us-ca-ucla"], True),
        (1, ["us-ny-nyu"], False),
        (1, ["us-ny-nyu", "us-ca-ucla"], True),
        (1, "us-ny-nyu, us-ca-ucla", True),
        (1, [" US-CA-UCLA "], True),
        (1, [], False),
        (1, None, False),
        (1, ["us-ca-ucla-2"], False),
        (0, ["us-ca-ucla"], False),
        (2, ["us-ny-nyu"], True),
        (3, ["us-ma-mit"], True),
        (99, ["us-ma-mit"], True),
        (-1, ["us-ca-ucla"], False),
    ],
)
def test_s40_whole_clusters_have_it_in_their_order(
    *, enabled: int, clusters: Any, expected: bool
) -> None:
    """Everybody of an enabled school has it; of two schools it is enough that one has it."""
    world = scope(VIDEO, clusters=(replace(SCHOOLS, enabled=enabled),))
    found = ask(world, context(clusters=clusters))
    assert expected is found.on
    if not expected:
        assert (Reason.NOT_IN_ROLLOUT, SCHOOLS.rule, "clusters") == (
            found.reason,
            found.rule,
            found.detail,
        )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"city": "jurong east"}, (Reason.LIVE, "")),
        ({"city": " Tampines"}, (Reason.LIVE, "")),
        ({"city": "us-ca-ucla"}, (Reason.NOT_IN_ROLLOUT, "sg-city")),
        ({"clusters": ["us-ca-ucla"]}, (Reason.NOT_IN_ROLLOUT, "sg-city")),
        ({"accountCountry": "KR", "clusters": ["us-ca-ucla"]}, (Reason.LIVE, "")),
        ({"accountCountry": "KR", "city": "Tampines"}, (Reason.NOT_IN_ROLLOUT, "us-campus")),
        ({"accountCountry": None, "city": "Tampines"}, (Reason.NOT_IN_ROLLOUT, "us-campus")),
    ],
)
def test_the_rollout_of_the_territory_counts(
    fields: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """A territory's own rollout stands in the place of the one for everywhere."""
    found = ask(scope(VIDEO, clusters=(SINGAPORE, SCHOOLS)), context(**fields))
    assert expected == (found.reason, found.rule.key if found.rule else "")


def test_elsewhere_a_rollout_says_nothing() -> None:
    """A rollout of Singapore's cities closes nothing in Korea or nowhere."""
    world = scope(VIDEO, clusters=(SINGAPORE,))
    people = [context(accountCountry=code) for code in ("KR", None, "SG")]
    assert [True, True, False] == [ask(world, person).on for person in people]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"accountCountry": "SG", "locationCountry": "KR"}, False),
        ({"accountCountry": "KR", "locationCountry": "SG"}, True),
        ({"accountCountry": None, "locationCountry": "SG"}, False),
        ({"accountCountry": None, "locationCountry": None}, True),
    ],
)
def test_without_offer_basis_the_account_tells_the_place(
    fields: dict[str, Any], *, expected: bool
) -> None:
    """The location is looked at where the account's country is unknown."""
    world = scope(replace(VIDEO, offer_basis="none"), clusters=(SINGAPORE,))
    assert expected is ask(world, context(**fields)).on


def test_an_explanation_tells_the_groups() -> None:
    """What was read of the person stands beside the rule."""
    world = scope(VIDEO, clusters=(SCHOOLS,))
    steps = explain(compile_snapshot(world), VIDEO.key, context(clusters=["B", "a"]))
    (step,) = [one for one in steps if one.gate == "clusters"]
    assert ("closed", {"clusters": "a,b"}) == (step.state, step.read)


def lowered(*rollouts: ClusterRollout, feature: Feature = VIDEO) -> LoweredFeature:
    """Lower a feature with these rollouts."""
    return lower(scope(feature, clusters=rollouts), now=NOW).features[0]


def told(feature: LoweredFeature) -> set[tuple[str, str]]:
    """Return the first values that each field is asked for."""
    return {
        (one.context_name, one.value or one.values[0])
        for way in feature.strategies
        for one in way.constraints
    }


def test_sdks_get_a_pattern_for_lists_and_values_for_texts() -> None:
    """A list comes as one text with commas; other fields are compared whole."""
    schools = lowered(replace(SCHOOLS, order=("a.b", "c"), enabled=2))
    assert {("clusters", "(?:^|,)(?:a[.]b|c)(?:,|$)")} == told(schools)
    city = lowered(replace(SINGAPORE, territory=""))
    (strategy,) = city.strategies
    (constraint,) = strategy.constraints
    assert ("Jurong East", "Tampines", "jurong east", "tampines") == constraint.values
    assert (True, True) == (schools.exact, city.exact)


def test_sdks_get_an_allow_list_for_each_rollout() -> None:
    """Where places are rolled out differently, each has a strategy of its own."""
    found = lowered(SINGAPORE, SCHOOLS)
    assert found.exact
    assert ["city", "clusters"] == sorted(
        way.constraints[-1].context_name for way in found.strategies
    )
    codes = {
        way.constraints[-1].context_name: way.constraints[0].values for way in found.strategies
    }
    assert ("SG",) == codes["city"]
    assert "SG" not in codes["clusters"]


def test_nobody_enabled_is_off_in_sdks() -> None:
    """An empty list of groups lets nobody in, instead of everybody."""
    found = lowered(replace(SCHOOLS, enabled=0))
    assert (False, ()) == (found.enabled, found.strategies)


def test_a_group_that_cannot_be_sent_is_told() -> None:
    """The feature is stricter in SDKs, and says so."""
    found = lowered(replace(SCHOOLS, order=("münchen", "berlin"), enabled=2))
    assert {("clusters", "(?:^|,)(?:berlin)(?:,|$)")} == told(found)
    assert (False, ("the group münchen cannot be sent",)) == (found.exact, found.notes)
