"""The gate age: least ages by place and date, and how SDKs are told of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import Dated
from flags.engine.definitions import AgeRule, Constraint, Feature, Place, Rule, Target, Territory
from flags.engine.explain import explain
from flags.engine.lower import LoweredFeature, lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import NOW, ask, context, scope, territory

MOMENTS = Feature(key="social.moments", bundle="social", default_status="live")
WALLET = replace(MOMENTS, key="wallet.p2p", offer_basis="account")
EVERYWHERE = Place(kind="everywhere")
ASIA = Place(kind="market", key="ASIA")


def rule(minimum: int, place: Place = EVERYWHERE, **more: Any) -> AgeRule:
    """Build a rule of the feature that is known by its age and place."""
    given = {"rule": Rule(key=f"{minimum}@{place.key or '*'}"), "target": Target(MOMENTS.key)}
    return AgeRule(**{**given, "place": place, "minimum": minimum, **more})


# Digital consent, as the demo has it: no rule where none is known.
DIGITAL = (
    rule(16, territory("DE")),
    rule(15, territory("FR")),
    rule(14, territory("IT")),
    rule(13, territory("US")),
)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("18", True),
        (18, True),
        ("18.0", True),
        (" 18 ", True),
        ("1.8e1", True),
        ("17", False),
        ("17.99", False),
        ("-18", False),
        ("old", False),
        ("18 years", False),
        ("NaN", False),
        ("", False),
        ([30], False),
        (True, False),
        (None, False),
    ],
)
def test_who_says_no_age_that_can_be_read_is_too_young(*, age: object, expected: bool) -> None:
    """An age is a number, decimals allowed; everything else is too young."""
    found = ask(scope(MOMENTS, ages=(rule(18),)), context(age=age))
    assert expected is found.on
    if not expected:
        assert (Reason.AGE, "18@*", "account", "18") == (
            found.reason,
            found.rule and found.rule.key,
            found.signal,
            found.detail,
        )


@pytest.mark.parametrize(
    ("code", "age", "expected"),
    [
        ("DE", 15, Reason.AGE),
        ("DE", 16, Reason.LIVE),
        ("FR", 15, Reason.LIVE),
        ("FR", 14, Reason.AGE),
        ("IT", 14, Reason.LIVE),
        ("US", 12, Reason.AGE),
        ("US", 13, Reason.LIVE),
        ("US", None, Reason.AGE),
        ("SG", None, Reason.LIVE),
    ],
)
def test_s18_every_country_has_its_age(code: str, age: int | None, expected: Reason) -> None:
    """The account's country counts, wherever the person is; without a rule nothing is asked."""
    person = context(accountCountry=code, locationCountry="KR", age=age)
    assert expected == ask(scope(MOMENTS, ages=DIGITAL), person).reason


@pytest.mark.parametrize(
    ("code", "age", "expected"),
    [
        ("US", 30, Reason.LIVE),
        ("US", 17, Reason.AGE),
        ("US", None, Reason.AGE),
        ("CN", 17, Reason.LIVE),
        ("CN", None, Reason.LIVE),
    ],
)
def test_s10_a_visitor_keeps_the_rule_of_their_own_account(
    code: str, age: int | None, expected: Reason
) -> None:
    """Adults only in the US is a rule for accounts there, not for whoever is there."""
    world = scope(MOMENTS, ages=(rule(18, territory("US")),))
    person = context(accountCountry=code, locationCountry="US", age=age)
    assert expected == ask(world, person).reason


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2018, 5, 24, 21, 59, 59, tzinfo=UTC), Reason.LIVE),
        (datetime(2018, 5, 24, 22, tzinfo=UTC), Reason.AGE),
        (datetime(2024, 4, 10, 21, 59, 59, tzinfo=UTC), Reason.AGE),
        (datetime(2024, 4, 10, 22, tzinfo=UTC), Reason.LIVE),
    ],
)
def test_s18_an_age_changes_at_local_midnight(moment: datetime, expected: Reason) -> None:
    """13, then 16 from 25 May 2018, then 13 again from 11 April 2024, in Berlin's own time."""
    first, second = date(2018, 5, 25), date(2024, 4, 11)
    rules = (
        rule(13, territory("DE"), ends=first),
        rule(16, territory("DE"), starts=first, ends=second),
        rule(13, territory("DE"), starts=second),
    )
    berlin = (Territory(code="DE", zone="Europe/Berlin"),)
    world = replace(scope(MOMENTS, ages=rules), territories=berlin)
    person = context(moment, accountCountry="DE", age=15)
    assert expected == ask(world, person).reason
    assert [Dated(at, frozenset({"DE"})) for at in (_utc(first), _utc(second))] == list(
        compile_snapshot(world).dated
    )


def _utc(day: date) -> datetime:
    """Return midnight in Berlin's summer."""
    return datetime(day.year, day.month, day.day - 1, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), 18),
        ((rule(13, ASIA),), 13),
        ((rule(13, ASIA), rule(16, territory("SG"))), 16),
        ((rule(16, territory("KR")),), 18),
        ((rule(21, territory("SG"), target=Target(bundle="social")),), 21),
        ((rule(21, territory("SG"), target=Target(bundle="social")), rule(13, ASIA)), 13),
        ((rule(16, territory("SG"), starts=date(2026, 11, 21)),), 18),
        ((rule(0, territory("SG")),), 0),
        ((rule(21, target=Target(bundle="commerce")),), 18),
    ],
)
def test_the_most_specific_rule_of_today_counts(more: tuple[AgeRule, ...], expected: int) -> None:
    """Rules are ranked like offers; a rule of 0 lets everybody in, of unknown age too."""
    world = scope(MOMENTS, ages=(rule(18), *more))
    ages = (None, 12, 13, 15, 16, 17, 18, 20, 21)
    open_to = [age for age in ages if ask(world, context(age=age)).on]
    assert [age for age in ages if (age or 0) >= expected] == open_to


@pytest.mark.parametrize(
    ("rules", "fields", "expected"),
    [
        ((rule(13, ASIA),), {}, Reason.AGE),
        ((rule(13, ASIA),), {"locationCountry": "SG"}, Reason.LIVE),
        ((rule(13, ASIA),), {"locationCountry": "US"}, Reason.LIVE),
        ((rule(99, ASIA),), {"locationCountry": "SG"}, Reason.AGE),
        ((rule(13),), {"locationCountry": "XX"}, Reason.AGE),
        ((rule(0),), {}, Reason.LIVE),
        ((rule(13, ASIA, starts=date(2027, 1, 1)),), {}, Reason.LIVE),
        ((rule(13, ASIA, ends=date(2026, 1, 1)),), {}, Reason.LIVE),
    ],
)
def test_who_cannot_be_placed_is_too_young_while_a_rule_holds_anywhere(
    rules: tuple[AgeRule, ...], fields: dict[str, Any], expected: Reason
) -> None:
    """Without an account's country the location's counts; without both the gate closes."""
    unplaced: dict[str, Any] = {"accountCountry": None, "locationCountry": None, "age": 30}
    found = ask(scope(MOMENTS, ages=rules), context(**{**unplaced, **fields}))
    assert expected == found.reason
    if found.reason is Reason.AGE:
        known = "locationCountry" in fields and fields["locationCountry"] != "XX"
        assert ("location" if known else "") == found.signal


def test_people_of_one_side_of_an_age_share_a_plan() -> None:
    """A class knows which ages were reached, not how old anybody is."""
    snapshot = compile_snapshot(scope(MOMENTS, ages=(rule(13), rule(18, territory("KR")))))
    (group,) = snapshot.groups
    numbers = [group.number("field:age", str(age)) for age in range(100)]
    assert [13, 5, 82] == [numbers.count(number) for number in dict.fromkeys(numbers)]


def test_the_age_is_told_step_by_step() -> None:
    """An explanation says which rule closed and what was read."""
    snapshot = compile_snapshot(scope(MOMENTS, ages=(rule(18),)))
    steps = {one.gate: one for one in explain(snapshot, MOMENTS.key, context(age=17))}
    assert ("closed", {"account or location": "SG", "age": "17"}) == (
        steps["age"].state,
        steps["age"].read,
    )
    assert "not reached" == steps["consent"].state


def lowered(feature: Feature, *rules: AgeRule) -> LoweredFeature:
    """Lower a feature with its rules."""
    own = tuple(replace(one, target=Target(feature.key)) for one in rules)
    (found,) = lower(scope(feature, ages=own), now=NOW).features
    return found


def test_sdks_ask_for_each_countrys_age() -> None:
    """Countries are split by the age that they ask for; all of it can be said."""
    found = lowered(WALLET, rule(18), rule(21, territory("KR")), rule(0, territory("SG")))
    asked = {way.constraints[1:]: set(way.constraints[0].values) for way in found.strategies}
    rest = asked.pop((_at_least("18"),))
    assert {(): {"SG"}, (_at_least("21"),): {"KR"}} == asked
    assert (247, True) == (len(rest), rest.isdisjoint({"SG", "KR"}))
    assert found.exact


def _at_least(age: str) -> Constraint:
    return Constraint(context_name="age", operator="NUM_GTE", value=age)


def test_sdks_never_let_in_who_has_no_country() -> None:
    """One age everywhere still needs an account's country, which the engine asks for too."""
    (way,) = lowered(MOMENTS, rule(13)).strategies
    assert ("accountCountry", "IN", 249) == (
        way.constraints[0].context_name,
        way.constraints[0].operator,
        len(way.constraints[0].values),
    )
    assert way.constraints[1] == _at_least("13")
