"""The gate schedule: one rule, and every clock's own midnight."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import (
    Definitions,
    Feature,
    Market,
    Member,
    Rule,
    Schedule,
    Territory,
    Window,
)
from flags.engine.evaluate import evaluate, next_flip
from flags.engine.explain import explain
from flags.engine.lower import lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import ask, context, scope

CAMPAIGN = Feature(key="discovery.brand-campaign")
PACKETS = Feature(key="wallet.red-packet")
ZONES = {
    "AR": "America/Argentina/Buenos_Aires",
    "BR": "America/Sao_Paulo",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "EG": "Africa/Cairo",
    "ES": "Europe/Madrid",
    "HK": "Asia/Hong_Kong",
    "ID": "Asia/Jakarta",
    "IN": "Asia/Kolkata",
    "IT": "Europe/Rome",
    "KR": "Asia/Seoul",
    "LB": "Asia/Beirut",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NG": "Africa/Lagos",
    "PH": "Asia/Manila",
    "SG": "Asia/Singapore",
    "TH": "Asia/Bangkok",
    "TR": "Europe/Istanbul",
    "US": "America/New_York",
    "VN": "Asia/Ho_Chi_Minh",
    "ZA": "Africa/Johannesburg",
}
FIFTEEN = ("AR", "ES", "BR", "HK", "IN", "ID", "IT", "MY", "MX", "NG", "PH", "SG", "ZA", "TH", "TR")


def wall(text: str) -> datetime:
    """Read a wall time."""
    return datetime.fromisoformat(text)


def window(territory: str, starts: str = "", ends: str = "") -> Window:
    """Write a window of wall times."""
    return Window(
        territory=territory,
        starts=wall(starts) if starts else None,
        ends=wall(ends) if ends else None,
    )


FOOTBALLER = Schedule(
    rule=Rule(key="footballer-2027"),
    features=(CAMPAIGN.key,),
    anchor="location",
    market="FIFTEEN",
    windows=(window("", "2027-06-01", "2027-07-01"),),
)
# Days before and after the festival's first: new moons are seen on different dates.
LUNAR = Schedule(
    rule=Rule(key="lunar-new-year"),
    features=(PACKETS.key,),
    anchor="account",
    market="LUNAR",
    windows=(
        window("CN", "2027-02-06", "2027-02-07"),
        window("KR", "2027-02-07", "2027-02-08"),
        window("VN", "2027-02-06", "2027-02-07"),
        window("CN", "2028-01-26", "2028-01-27"),
        window("KR", "2028-01-27", "2028-01-28"),
        window("VN", "2028-01-26", "2028-01-27"),
        window("CN", "2030-02-03", "2030-02-04"),
        window("KR", "2030-02-03", "2030-02-04"),
        window("VN", "2030-02-02", "2030-02-03"),
    ),
)
MARKETS = (
    Market(key="FIFTEEN", priority=2, members=tuple(map(Member, sorted(FIFTEEN)))),
    Market(key="LUNAR", priority=1, members=(Member("CN"), Member("KR"), Member("VN"))),
)


def world(*schedules: Schedule, markets: tuple[Market, ...] = MARKETS) -> Definitions:
    """Build a scope with both features and these schedules."""
    territories = tuple(Territory(code=code, zone=zone) for code, zone in ZONES.items())
    found = scope(CAMPAIGN, PACKETS, markets=markets, schedules=schedules)
    return replace(found, territories=territories)


def reason_of(schedule: Schedule, at: str, **fields: Any) -> Reason:
    """Ask the schedule's feature for a person at an instant."""
    person = context(datetime.fromisoformat(at), **fields)
    return ask(world(schedule), person, key=schedule.features[0]).reason


@pytest.mark.parametrize(
    ("codes", "starts"),
    [
        ("HK MY PH SG", "2027-05-31T16:00:00+00:00"),
        ("ID TH", "2027-05-31T17:00:00+00:00"),
        ("IN", "2027-05-31T18:30:00+00:00"),
        ("TR", "2027-05-31T21:00:00+00:00"),
        ("ES IT ZA", "2027-05-31T22:00:00+00:00"),
        ("NG", "2027-05-31T23:00:00+00:00"),
        ("AR BR", "2027-06-01T03:00:00+00:00"),
        ("MX", "2027-06-01T06:00:00+00:00"),
    ],
)
def test_s24_every_market_starts_at_its_own_midnight(codes: str, starts: str) -> None:
    """One rule of wall times begins and ends in each territory's zone, ends excluded."""
    first = datetime.fromisoformat(starts)
    tick = timedelta(microseconds=1)
    moments = [first - tick, first, first + timedelta(days=30) - tick, first + timedelta(days=30)]
    expected = [Reason.NOT_STARTED, Reason.LIVE, Reason.LIVE, Reason.ENDED]
    for code in codes.split():
        told = [reason_of(FOOTBALLER, at.isoformat(), locationCountry=code) for at in moments]
        assert expected == told


@pytest.mark.parametrize(
    ("country", "zone", "starts"),
    [
        ("ES", "Atlantic/Canary", "2027-05-31T23:00:00+00:00"),
        ("BR", "America/Manaus", "2027-06-01T04:00:00+00:00"),
        ("MX", "America/Tijuana", "2027-06-01T07:00:00+00:00"),
        ("ID", "Asia/Jayapura", "2027-05-31T15:00:00+00:00"),
        # A phone may keep the time of home, and its spelling may be anybody's.
        ("SG", "pacific/kiritimati", "2027-05-31T10:00:00+00:00"),
        ("SG", " America/Adak ", "2027-06-01T09:00:00+00:00"),
        # What is no zone leaves the territory's.
        ("SG", "Mars/Olympus", "2027-05-31T16:00:00+00:00"),
        ("SG", "+09:00", "2027-05-31T16:00:00+00:00"),
        ("SG", "", "2027-05-31T16:00:00+00:00"),
    ],
)
def test_s24_the_persons_own_zone_counts(country: str, zone: str, starts: str) -> None:
    """Where a territory has several zones, midnight is that of the person's clock."""
    first = datetime.fromisoformat(starts)
    fields = {"locationCountry": country, "timeZone": zone}
    before = (first - timedelta(seconds=1)).isoformat()
    assert Reason.NOT_STARTED is reason_of(FOOTBALLER, before, **fields)
    assert Reason.LIVE is reason_of(FOOTBALLER, starts, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"locationCountry": "US"},
        {"locationCountry": None, "accountCountry": "SG"},
        {"locationCountry": "ZW", "timeZone": "Asia/Singapore"},
    ],
)
def test_s24_who_is_outside_the_market_is_not_in_the_group(fields: dict[str, Any]) -> None:
    """Before, during and after; a zone is no place."""
    for at in ("2027-05-01", "2027-06-10", "2027-08-01"):
        person = context(datetime.fromisoformat(f"{at}T00:00:00+00:00"), **fields)
        found = ask(world(FOOTBALLER), person, key=CAMPAIGN.key)
        assert (Reason.NOT_IN_GROUP, FOOTBALLER.rule, "location", "FIFTEEN") == (
            found.reason,
            found.rule,
            found.signal,
            found.detail,
        )


def test_membership_is_dated_where_the_territory_is() -> None:
    """Who joins the market on a day is in the group from the midnight of their country."""
    joins = Member("SG", starts=date(2027, 6, 10), ends=date(2027, 6, 20))
    definitions = world(FOOTBALLER, markets=(Market(key="FIFTEEN", priority=1, members=(joins,)),))
    told = [
        ask(definitions, context(datetime.fromisoformat(at)), key=CAMPAIGN.key).reason
        for at in (
            "2027-06-09T15:59:59+00:00",
            "2027-06-09T16:00:00+00:00",
            "2027-06-19T16:00:00+00:00",
        )
    ]
    assert [Reason.NOT_IN_GROUP, Reason.LIVE, Reason.NOT_IN_GROUP] == told


@pytest.mark.parametrize(
    ("code", "on", "off"),
    [
        ("CN", "2027-02-05T16:00", "2027-02-06T16:00"),
        ("KR", "2027-02-06T15:00", "2027-02-07T15:00"),
        ("VN", "2027-02-05T17:00", "2027-02-06T17:00"),
        ("KR", "2028-01-26T15:00", "2028-01-27T15:00"),
        ("CN", "2028-01-25T16:00", "2028-01-26T16:00"),
        ("VN", "2030-02-01T17:00", "2030-02-02T17:00"),
        ("CN", "2030-02-02T16:00", "2030-02-03T16:00"),
        ("KR", "2030-02-02T15:00", "2030-02-03T15:00"),
    ],
)
def test_s25_the_festival_has_its_own_day_in_each_country(code: str, on: str, off: str) -> None:
    """Korea in 2027 and 2028 and Vietnam in 2030 keep other days than China."""
    after = Reason.ENDED if on.startswith("2030") else Reason.NOT_STARTED
    told = [
        reason_of(LUNAR, at, accountCountry=code) for at in (f"{on}:00+00:00", f"{off}:00+00:00")
    ]
    assert [Reason.LIVE, after] == told


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"accountTimeZone": "Asia/Shanghai"}, Reason.LIVE),
        ({}, Reason.LIVE),
        # The phone's zone is that of the trip, and counts for nothing here.
        ({"timeZone": "America/New_York"}, Reason.LIVE),
        ({"accountTimeZone": "America/New_York"}, Reason.NOT_STARTED),
    ],
)
def test_s25_money_runs_on_the_zone_of_home(fields: dict[str, Any], expected: Reason) -> None:
    """A Chinese account in New York has its festival when China has it."""
    at = "2027-02-05T16:30:00+00:00"
    fields = {"accountCountry": "CN", "locationCountry": "US", **fields}
    assert expected is reason_of(LUNAR, at, **fields)


def test_s25_greetings_run_on_the_zone_of_the_place() -> None:
    """The anchor is each schedule's own: the same window, read on the phone's clock."""
    greetings = replace(LUNAR, anchor="location")
    fields = {"locationCountry": "CN", "timeZone": "America/New_York"}
    assert Reason.NOT_STARTED is reason_of(greetings, "2027-02-05T16:30:00+00:00", **fields)
    assert Reason.LIVE is reason_of(greetings, "2027-02-06T05:00:00+00:00", **fields)


@pytest.mark.parametrize(
    ("code", "starts", "at"),
    [
        ("EG", "2027-04-30", "2027-04-29T22:00:00+00:00"),
        ("LB", "2027-03-28", "2027-03-27T22:00:00+00:00"),
        ("CL", "2027-09-05", "2027-09-05T04:00:00+00:00"),
        # Half past one comes twice: the first is meant.
        ("US", "2027-11-07T01:30", "2027-11-07T05:30:00+00:00"),
    ],
)
def test_s50_a_midnight_that_does_not_exist(code: str, starts: str, at: str) -> None:
    """The window begins when clocks jump over its time, and at the first of two."""
    schedule = replace(FOOTBALLER, market="", windows=(window(code, starts),))
    first = datetime.fromisoformat(at)
    before = (first - timedelta(seconds=1)).isoformat()
    assert Reason.NOT_STARTED is reason_of(schedule, before, locationCountry=code)
    assert Reason.LIVE is reason_of(schedule, at, locationCountry=code)


def test_s50_ramadan_moves_the_clocks_of_morocco() -> None:
    """In February 2027 Morocco keeps UTC, in June UTC+1."""
    fields = {"locationCountry": "ES", "timeZone": "Africa/Casablanca"}
    schedule = replace(FOOTBALLER, windows=(window("", "2027-02-20", "2027-06-10"),))
    assert Reason.NOT_STARTED is reason_of(schedule, "2027-02-19T23:59:59+00:00", **fields)
    assert Reason.LIVE is reason_of(schedule, "2027-02-20T00:00:00+00:00", **fields)
    assert Reason.ENDED is reason_of(schedule, "2027-06-09T23:00:00+00:00", **fields)


def test_a_territory_without_a_window_is_not_in_the_group() -> None:
    """A member of the market for which the table has no row has no festival."""
    bare = replace(LUNAR, windows=LUNAR.windows[:1])
    assert Reason.NOT_IN_GROUP is reason_of(bare, "2027-02-06T00:00:00+00:00", accountCountry="KR")


def test_an_own_window_stands_in_the_place_of_the_one_for_all() -> None:
    """Without a market everybody has the window for all, at UTC where nothing else is known."""
    windows = (window("", "2027-06-01"), window("SG", "2027-07-01"))
    schedule = replace(FOOTBALLER, market="", windows=windows)
    at = "2027-06-01T00:00:00+00:00"
    assert Reason.NOT_STARTED is reason_of(schedule, at)
    assert Reason.LIVE is reason_of(schedule, at, locationCountry="ZW")
    assert Reason.LIVE is reason_of(schedule, at, locationCountry=None)
    nobody = {"locationCountry": None, "timeZone": "America/New_York"}
    assert Reason.NOT_STARTED is reason_of(schedule, at, **nobody)


def test_two_schedules_of_one_feature_break_it() -> None:
    """The operation refuses that; should it come nevertheless, the feature is off and named."""
    other = replace(FOOTBALLER, rule=Rule(key="other"))
    definitions = world(FOOTBALLER, other)
    found = ask(definitions, context(), key=CAMPAIGN.key)
    assert (Reason.ERROR, "two_schedules") == (found.reason, found.detail)
    (warning,) = compile_snapshot(definitions).warnings
    assert "footballer-2027 and other" in warning.message


def test_flips_are_those_of_zones_not_of_people() -> None:
    """Both ends of a month fall on forty instants each, whoever asks, and concern the market."""
    snapshot = compile_snapshot(world(FOOTBALLER))
    ats = [one.at for one in snapshot.dated]
    assert 60 < len(ats) < 90
    assert datetime.fromisoformat("2027-05-31T10:00:00+00:00") == ats[0]
    assert datetime.fromisoformat("2027-07-01T12:00:00+00:00") == ats[-1]
    assert {frozenset(FIFTEEN)} == {one.territories for one in snapshot.dated}
    now = datetime.fromisoformat("2027-06-10T00:00:00+00:00")
    flip = next_flip(snapshot, now)
    assert flip is not None
    assert datetime.fromisoformat("2027-06-30T10:00:00+00:00") == flip.at


def test_people_of_equal_offsets_are_of_one_class() -> None:
    """Hundreds of zones make as many plans as they have offsets."""
    snapshot = compile_snapshot(world(FOOTBALLER))
    at = datetime.fromisoformat("2027-06-10T00:00:00+00:00")
    zones = ("Asia/Singapore", "Asia/Manila", "Asia/Taipei", "Australia/Perth", "Asia/Kuala_Lumpur")
    for zone in zones:
        evaluate(snapshot, CAMPAIGN.key, context(at, timeZone=zone))
    (group,) = [group for group in snapshot.groups if CAMPAIGN.key in group.keys]
    assert 1 == len(group.plans)


def test_explain_tells_place_and_zone() -> None:
    """The step shows what was read: the country and the clock."""
    at = datetime.fromisoformat("2027-05-31T16:00:00+00:00")
    person = context(at, locationCountry="MX", timeZone="America/Tijuana")
    found = explain(compile_snapshot(world(FOOTBALLER)), CAMPAIGN.key, person)
    step = {step.gate: step for step in found}["schedule"]
    read = {"location": "MX", "timeZone": "America/Tijuana"}
    assert (Reason.NOT_STARTED, "location", "America/Tijuana", read) == (
        step.reason,
        step.signal,
        step.zone,
        step.read,
    )


def test_sdks_are_let_in_when_all_clocks_are() -> None:
    """From the last midnight of the world on until the first, for the market's countries."""
    at = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
    found = {one.key: one for one in lower(world(FOOTBALLER), now=at).features}[CAMPAIGN.key]
    (strategy,) = found.strategies
    told = {
        (one.context_name, one.operator): one.value or one.values for one in strategy.constraints
    }
    assert {
        ("locationCountry", "IN"): tuple(sorted(FIFTEEN)),
        ("currentTime", "DATE_AFTER"): "2027-06-01T12:00:00.000Z",
        ("currentTime", "DATE_BEFORE"): "2027-06-30T10:00:00.000Z",
    } == told
    assert (False, 1) == (found.exact, len(found.notes))


def test_sdks_are_never_let_in_to_a_window_of_a_day() -> None:
    """Twenty-six hours pass from the first midnight to the last: a shorter window has no rest."""
    at = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
    found = {one.key: one for one in lower(world(LUNAR), now=at).features}[PACKETS.key]
    assert (False, ()) == (found.enabled, found.strategies)
    assert not found.exact


def test_a_changed_schedule_compiles_its_features_alone() -> None:
    """What does not change is kept with its plans."""
    before = compile_snapshot(world(FOOTBALLER, LUNAR))
    moved = replace(FOOTBALLER, windows=(window("", "2027-06-02"),))
    after = compile_snapshot(world(moved, LUNAR), previous=before)
    kept = [after.features[key] is before.features[key] for key in (CAMPAIGN.key, PACKETS.key)]
    assert [False, True] == kept
