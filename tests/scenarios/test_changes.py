"""Scenarios that begin with a rule somebody writes: S12, S18, S25, S43, S50."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from flags.operations.ages import SetAgeRule
from flags.operations.constraints import ConstraintSpec
from flags.operations.partners import SetPartner
from flags.operations.schedules import SetSchedule, WindowSpec
from tests.scenarios.conftest import Asked, ask_again, give

RIDE = "mini-programs.ride-hailing"
FOOD = "mini-programs.food-delivery"
STORY = "social.story"
WHO: dict[str, Any] = {
    "app": "superapp",
    "reason": "a scenario",
    "owner": "a team",
    "source": "demo",
}


def local(text: str) -> datetime:
    """Return a wall time, which has no zone."""
    return datetime.fromisoformat(text)


def schedule(*windows: WindowSpec, **more: Any) -> SetSchedule:
    """Write a schedule of stories on the location's clock."""
    given: dict[str, Any] = {
        "environment": "production",
        "key": "greetings",
        "features": (STORY,),
        "anchor": "location",
        "windows": windows,
        **WHO,
        **more,
    }
    return SetSchedule(**given)


def test_s12_a_contract_ends_without_a_release(asked: Asked) -> None:
    """From the first day after it the city is off, by the same definitions."""
    give(
        SetPartner(
            key="kl-food",
            name="Food delivery KL (fictional)",
            features=(FOOD,),
            territory="MY",
            city="kuala-lumpur",
            starts_date=date(2025, 1, 1),
            ends_date=date(2027, 1, 1),
            **WHO,
        )
    )
    again = ask_again()
    person = {"accountCountry": "MY", "locationCountry": "MY", "city": "kuala-lumpur"}
    days = ("2026-12-31T15:59:59Z", "2026-12-31T16:00:00Z")
    assert ["LIVE", "NEEDS_PARTNER_HERE"] == [again.reason(FOOD, at, **person) for at in days]


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2018-01-01T00:00:00Z", "LIVE"),
        ("2020-01-01T00:00:00Z", "AGE"),
        ("2025-01-01T00:00:00Z", "LIVE"),
    ],
)
def test_s18_an_age_can_change_twice(asked: Asked, at: str, reason: str) -> None:
    """A rule of 13, then 16, then 13 again answers for every day of its history."""
    days = (None, date(2018, 5, 25), date(2024, 4, 11), None)
    give(
        *[
            SetAgeRule(
                feature="messaging.text",
                market="EEA",
                minimum=minimum,
                starts_date=days[number],
                ends_date=days[number + 1],
                **WHO,
            )
            for number, minimum in enumerate((13, 16, 13))
        ]
    )
    person = {"accountCountry": "DE", "locationCountry": "DE", "age": 14}
    assert reason == ask_again().reason("messaging.text", at, **person)


@pytest.mark.parametrize(
    ("account", "location", "reason"),
    [("CN", "US", "NOT_IN_GROUP"), ("US", "CN", "LIVE"), ("US", "KR", "NOT_STARTED")],
)
def test_s25_greetings_run_where_a_person_is(
    asked: Asked, account: str, location: str, reason: str
) -> None:
    """Another schedule has another anchor: no money, so the place's own calendar."""
    korea = WindowSpec(territory="KR", starts=local("2027-02-07T00:00"))
    others = WindowSpec(starts=local("2027-02-06T00:00"))
    give(schedule(others, korea, market="LUNAR-NEW-YEAR"))
    got = ask_again().reason(
        STORY, "2027-02-05T16:30:00Z", accountCountry=account, locationCountry=location
    )
    assert reason == got


@pytest.mark.parametrize(
    ("account", "at", "reason"),
    [
        ("US", "2016-11-26T19:59:59Z", "LIVE"),
        ("US", "2016-11-26T20:00:00Z", "REQUIREMENTS_NOT_MET"),
        ("CN", "2016-11-26T20:00:00Z", "LIVE"),
    ],
)
def test_s43_a_partner_is_swapped(asked: Asked, account: str, at: str, reason: str) -> None:
    """At four in the morning in Shanghai another partner serves, and asks for more."""
    common: dict[str, Any] = {"features": (RIDE,), "territory": "CN", **WHO}
    swap: dict[str, Any] = {"date": date(2016, 11, 27), "time": time(4)}
    give(
        SetPartner(
            key="cn-ride",
            name="Provider X",
            starts_date=date(2014, 1, 1),
            ends_date=swap["date"],
            ends_time=swap["time"],
            **common,
        ),
        SetPartner(
            key="cn-ride-y",
            name="Provider Y",
            starts_date=swap["date"],
            starts_time=swap["time"],
            requirements=(
                ConstraintSpec(context_name="phoneCountry", operator="IN", values=("CN",)),
                ConstraintSpec(context_name="walletCurrency", operator="IN", values=("CNY",)),
            ),
            **common,
        ),
    )
    got = ask_again().evaluate(
        RIDE,
        at,
        accountCountry=account,
        phoneCountry=account,
        walletCurrency={"CN": "CNY", "US": "USD"}[account],
        locationCountry="CN",
        city="beijing",
    )
    assert reason == got.reason
    missing = reason == "REQUIREMENTS_NOT_MET"
    assert missing == ("phoneCountry" in got.detail and "walletCurrency" in got.detail)


@pytest.mark.parametrize(
    ("territory", "wall", "last", "first"),
    [
        ("EG", "2027-04-30T00:00", "2027-04-29T21:59:59Z", "2027-04-29T22:00:00Z"),
        ("US", "2027-11-07T01:30", "2027-11-07T05:29:59Z", "2027-11-07T05:30:00Z"),
        ("MA", "2027-02-20T00:00", "2027-02-19T23:59:59Z", "2027-02-20T00:00:00Z"),
    ],
)
def test_s50_clock_changes(asked: Asked, territory: str, wall: str, last: str, first: str) -> None:
    """A minute that is not there moves to the next that is, one that comes twice is the first."""
    give(schedule(WindowSpec(starts=local(wall))))
    again = ask_again()
    place = {"accountCountry": territory, "locationCountry": territory}
    assert ["NOT_STARTED", "LIVE"] == [again.reason(STORY, at, **place) for at in (last, first)]
