"""How regional gates look to an SDK; that they decide alike is proved in conformance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.atoms import Atom
from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.definitions import (
    Constraint,
    Definitions,
    Feature,
    KillSwitch,
    Offer,
    Place,
    PlatformRetirement,
    Rule,
    Segment,
    Strategy,
    Target,
)
from flags.engine.gates import GATES
from flags.engine.ground import Ground
from flags.engine.lower import LoweredFeature, lower, lower_steps
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.probe import SAID
from flags.engine.result import Reason
from regions.canonical import encode
from tests.unit.engine.scopes import COLLECTIONS, NOW, VOICE, offer, scope, territory

OPEN = replace(COLLECTIONS, profile="", law_basis=())


def lowered(
    definitions: Definitions, key: str = "", kills: tuple[KillSwitch, ...] = ()
) -> LoweredFeature:
    """Lower a scope and return one of its features."""
    found = {one.key: one for one in lower(definitions, kills, now=NOW).features}
    return found[key or definitions.features[0].key]


def allowed(feature: LoweredFeature, field: str) -> list[tuple[str, ...]]:
    """List the allow-lists of a field, strategy by strategy."""
    return [
        constraint.values
        for strategy in feature.strategies
        for constraint in strategy.constraints
        if constraint.context_name == field
    ]


def test_territories_with_the_same_answer_share_a_strategy() -> None:
    """Two live territories make one allow-list, never a list of what is closed."""
    offers = (
        offer("live", territory("SG")),
        offer("live", territory("KR")),
        offer("planned", territory("AE")),
    )
    found = lowered(scope(OPEN, offers=offers))
    assert allowed(found, "accountCountry") == [("KR", "SG")]
    assert {one.operator for way in found.strategies for one in way.constraints} == {"IN"}
    assert found.exact


@pytest.mark.parametrize("offers", [(), (offer("planned", territory("SG")),)])
def test_an_empty_allow_list_is_a_feature_that_is_off(offers: tuple[Offer, ...]) -> None:
    """Strategies are never empty by accident, which would be on for everybody."""
    found = lowered(scope(OPEN, offers=offers))
    assert (found.enabled, found.strategies) == (False, ())


def test_everywhere_asks_for_no_country() -> None:
    """What is open to everybody carries no allow-list."""
    found = lowered(scope(OPEN, offers=(offer("live", Place(kind="everywhere")),)))
    assert found.enabled
    assert found.strategies[0].constraints == ()


def test_a_block_leaves_every_other_country_of_the_world() -> None:
    """Countries that no rule names are spelled out, since they are open in the engine."""
    offers = (
        offer("live", Place(kind="everywhere")),
        offer("blocked-by-law", territory("AE"), key="law"),
    )
    found = lowered(scope(replace(OPEN, law_basis=("location",)), offers=offers))
    (codes,) = allowed(found, "locationCountry")
    assert len(codes) == 248
    assert "AE" not in codes


def test_platforms_carry_their_least_versions() -> None:
    """Versions are padded to the three parts that SDKs can read."""
    found = lowered(scope(offers=(offer("live", territory("SG")),)))
    asked = {
        (
            way.constraints[0].values,
            tuple((c.operator, c.value) for c in way.constraints if c.value),
        )
        for way in found.strategies
    }
    assert asked == {
        (("android",), (("SEMVER_GTE", "8.0.0"), ("SEMVER_GTE", "8.0.50"))),
        (("ios",), (("SEMVER_GTE", "15.0.0"),)),
        (("web",), ()),
    }


def test_a_rollout_joins_a_strategy_of_the_same_hash() -> None:
    """Being within the smaller share is being within both."""
    share = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "50", "stickiness": "default", "groupId": OPEN.key},
    )
    offers = (offer("live", territory("SG"), rollout=30), offer("live", territory("KR")))
    found = lowered(scope(replace(OPEN, strategies=(share,)), offers=offers))
    shares = {
        one.parameters["rollout"]: allowed(replace(found, strategies=(one,)), "accountCountry")
        for one in found.strategies
    }
    assert shares == {"30": [("SG",)], "50": [("KR",)]}
    assert found.exact


def test_a_rollout_of_another_hash_makes_the_feature_stricter() -> None:
    """Two hashes cannot be asked in one strategy."""
    share = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "50", "stickiness": "userId", "groupId": "other"},
    )
    offers = (offer("live", territory("SG"), rollout=30), offer("live", territory("KR")))
    found = lowered(scope(replace(OPEN, strategies=(share,)), offers=offers))
    assert allowed(found, "accountCountry") == [("KR",)]
    assert not found.exact
    assert found.notes


def test_requirements_become_twins_without_parents() -> None:
    """Unleash looks one level deep, so each ancestor is named."""
    world = scope(
        Feature(key="base"),
        Feature(key="middle", requires=("base",)),
        Feature(key="top", requires=("middle",)),
    )
    found = {one.key: one for one in lower(world, now=NOW).features}
    assert sorted(found) == ["base", "middle", "middle.self", "top"]
    assert [one.feature for one in found["top"].dependencies] == ["base", "middle.self"]
    assert found["middle.self"].hidden
    assert found["middle.self"].dependencies == ()


def test_a_coming_date_is_told_to_sdks() -> None:
    """An SDK that is cut off still turns the feature on, and off, in time."""
    row = offer("live", territory("SG"), starts=date(2026, 11, 22), ends=date(2026, 11, 25))
    (strategy,) = lowered(scope(OPEN, offers=(row,))).strategies
    dates = {
        one.operator: one.value for one in strategy.constraints if one.context_name == "currentTime"
    }
    assert dates == {
        "DATE_AFTER": "2026-11-21T16:00:00.000Z",
        "DATE_BEFORE": "2026-11-24T16:00:00.000Z",
    }


def test_participants_are_alone_or_all_allowed() -> None:
    """A list of participants is read by a pattern of the allowed codes only."""
    offers = (
        offer("live", Place(kind="everywhere"), bundle="calling"),
        offer("blocked-by-law", territory("AE"), bundle="calling"),
    )
    found = lowered(scope(VOICE, offers=offers))
    patterns = [
        one
        for way in found.strategies
        for one in way.constraints
        if one.context_name == "participantCountries"
    ]
    assert [(one.operator, one.inverted) for one in patterns] == [("REGEX", True), ("REGEX", False)]
    assert "|AF|" in patterns[1].value
    assert "AE" not in patterns[1].value


def test_a_kill_takes_a_territory_out_of_both_signals() -> None:
    """The account and the location must each be somewhere else."""
    kill = KillSwitch(
        rule=Rule(key="k"),
        target=Target(bundle="commerce"),
        since=NOW,
        expires=NOW + timedelta(days=1),
        territory="KR",
    )
    offers = (offer("live", territory("SG")), offer("live", territory("KR")))
    found = lowered(scope(OPEN, offers=offers), kills=(kill,))
    assert allowed(found, "accountCountry") == [("SG",)]
    (codes,) = allowed(found, "locationCountry")
    assert "KR" not in codes


ENVIRONMENT = Constraint(context_name="environment", operator="IN", values=("production",))


@pytest.mark.parametrize(
    ("constraint", "enabled"),
    [(ENVIRONMENT, True), (replace(ENVIRONMENT, inverted=True), False)],
)
def test_the_environment_is_answered_here(constraint: Constraint, *, enabled: bool) -> None:
    """SDKs call their environment as they like; the token's is the one that counts."""
    feature = Feature(key="f", strategies=(Strategy(name="default", constraints=(constraint,)),))
    found = lowered(scope(feature))
    assert found.enabled is enabled
    assert found.exact
    assert allowed(found, "environment") == []
    segment = Segment(id=1, key="s", constraints=(constraint,))
    feature = Feature(key="f", strategies=(Strategy(name="default", segments=(1,)),))
    assert lowered(scope(feature, segments=(segment,))).enabled is enabled


BAD: list[dict[str, Any]] = [
    {"operator": "NO_SUCH", "values": ("x",)},
    {"operator": "IN", "values": (" x ",)},
    {"operator": "IN", "values": ("",)},
    {"operator": "STR_CONTAINS", "values": ()},
    {"operator": "STR_CONTAINS", "values": ("a\\b",)},
    {"operator": "REGEX", "value": "\\d+"},
    {"operator": "REGEX", "value": "(?=x)"},
    {"operator": "DATE_AFTER", "value": "2026-11-20T00:00:00Z"},
    {"operator": "IN", "values": ("x",), "context_name": 'a"b'},
]


@pytest.mark.parametrize("given", BAD)
def test_what_sdks_read_differently_is_left_out(given: dict[str, Any]) -> None:
    """One bad value would make an SDK drop the whole payload; the feature is stricter."""
    constraint = Constraint(**{"context_name": "plan", **given})
    bad = Strategy(name="default", constraints=(constraint,))
    good = Strategy(name="userWithId", parameters={"userIds": "7"})
    found = lowered(scope(Feature(key="f", strategies=(bad, good))))
    assert len(found.strategies) == 1
    assert not found.exact


def test_a_broken_feature_is_off_in_sdks() -> None:
    """What is ERROR here is off there."""
    found = lowered(scope(Feature(key="f", profile="no-such")))
    assert (found.enabled, found.exact) == (False, False)


def test_the_day_on_which_a_platform_ends_is_told() -> None:
    """Zones differ on that day: exact until it begins first, to be lowered again then."""
    seoul = datetime(2026, 11, 30, 15, tzinfo=UTC)
    farewell = PlatformRetirement(
        rule=Rule(key="ios"), platform="ios", closed_to_new=date(2026, 12, 1)
    )
    world = scope(offers=(offer("live", territory("SG")),), retirements=(farewell,))
    before = lower(world, now=NOW)
    assert (before.until, before.features[0].exact) == (seoul, True)
    during = lower(world, now=seoul)
    assert (during.until, during.features[0].exact) == (datetime(2026, 12, 1, 5, tzinfo=UTC), False)
    assert lower(world, now=seoul + timedelta(days=1)).features[0].exact


def test_a_serving_loop_may_breathe_at_every_place() -> None:
    """A feature of many places is no single step: each question to its gates is one."""
    codes = ("SG", "MY", "KR", "JP", "DE", "FR")
    rollouts = [offer("live", territory(code), rollout=n + 1) for n, code in enumerate(codes)]
    world = scope(OPEN, offers=tuple(rollouts))
    steps = sum(1 for _step in lower_steps(compile_snapshot(world), now=NOW))
    assert steps > len(codes)


def lower_after(previous: CompiledSnapshot, definitions: Definitions, now: datetime) -> bytes:
    """Lower what was compiled over another snapshot, as bytes."""
    steps = lower_steps(compile_snapshot(definitions, previous=previous), now=now)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return encode(end.value)


@pytest.mark.parametrize("days", range(8))
def test_what_is_remembered_is_what_would_be_said_anew(days: int) -> None:
    """Over a changed offer, a changed profile and passing flips, nothing old is told."""
    dated = offer("live", territory("SG"), starts=date(2026, 11, 22), ends=date(2026, 11, 25))
    farewell = PlatformRetirement(
        rule=Rule(key="ios"), platform="ios", closed_to_new=date(2026, 11, 24)
    )
    before = scope(VOICE, COLLECTIONS, offers=(dated,), retirements=(farewell,))
    known = compile_snapshot(before)
    lower_after(known, before, NOW)
    moved = replace(before, offers=(dated, offer("live", territory("KR"))))
    thin = replace(before, profiles=())
    for after in (before, moved, thin):
        now = NOW + timedelta(days=days)
        assert lower_after(known, after, now) == encode(lower(after, now=now))


def test_features_that_did_not_change_are_not_lowered_again() -> None:
    """A publish of one change costs a serving process the change alone."""
    rows = tuple(offer("live", territory(code)) for code in ("SG", "KR", "AE", "CA"))
    snapshot = compile_snapshot(scope(OPEN, offers=rows))
    first = sum(1 for _step in lower_steps(snapshot, now=NOW))
    again = compile_snapshot(snapshot.definitions, previous=snapshot)
    assert sum(1 for _step in lower_steps(again, now=NOW)) < first


class ClosedInSingapore:
    """A gate that lowering has never heard of."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.place = Atom("account", lambda seen: seen.code == "SG")
        self.atoms = (self.place,)
        self.flips: tuple[Flip, ...] = ()

    def check(self, reader: Reader) -> Outcome | None:
        """Close where the account is Singapore's."""
        return self.answers.off(Reason.PLANNED) if reader.cell(self.place) else None


def test_a_gate_that_lowering_cannot_say_sends_the_feature_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new gate makes lowered features stricter and named, never looser."""

    def build(_feature: Feature, _ground: Ground, answers: Answers) -> ClosedInSingapore:
        return ClosedInSingapore(answers)

    gates = (*GATES[:-1], ("weather", build), GATES[-1])
    monkeypatch.setattr("flags.engine.compile.GATES", gates)
    found = lowered(scope(OPEN, offers=(offer("live", territory("SG")),)))
    assert (False, ("the gate weather",)) == (found.exact, found.notes)
    assert not (found.enabled and found.strategies)


def test_lowering_knows_every_gate() -> None:
    """Each gate of the list is one that lowering says in some way."""
    assert {name for name, _build in GATES} == SAID
