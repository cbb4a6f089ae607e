"""Each gate in a table: what closes it, with which reason, rule, signal and detail."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.definitions import (
    Feature,
    KillSwitch,
    LegalOrder,
    Offer,
    Place,
    PlatformRetirement,
    Rule,
    Target,
)
from flags.engine.result import Reason
from tests.unit.engine.scopes import (
    COLLECTIONS,
    NOW,
    VOICE,
    ask,
    context,
    offer,
    scope,
    territory,
)

EVERYWHERE = Place(kind="everywhere")
ASIA = Place(kind="market", key="ASIA")
LIVE = offer("live", EVERYWHERE)
CALLS = offer("live", EVERYWHERE, bundle="calling")


def kill(**changes: Any) -> KillSwitch:
    """Build a kill switch of commerce that was pulled an hour ago and expires in one."""
    given = {
        "rule": Rule(key="k"),
        "target": Target(bundle="commerce"),
        "since": NOW - timedelta(hours=1),
        "expires": NOW + timedelta(hours=1),
    }
    return KillSwitch(**{**given, **changes})


@pytest.mark.parametrize(
    ("switch", "fields", "expected"),
    [
        ({}, {}, (Reason.KILLED, "", "")),
        ({"territory": "SG"}, {}, (Reason.KILLED, "account", "SG")),
        ({"territory": "SG"}, {"accountCountry": "KR"}, (Reason.KILLED, "location", "SG")),
        ({"territory": "AE"}, {}, (Reason.LIVE, "account", "")),
        ({"platform": "ios"}, {}, (Reason.KILLED, "", "")),
        ({"platform": "android"}, {}, (Reason.LIVE, "account", "")),
        ({"platform": "android"}, {"platform": None}, (Reason.KILLED, "", "")),
        ({"target": Target(feature="other")}, {}, (Reason.LIVE, "account", "")),
    ],
)
def test_a_kill_switch_covers_target_territory_and_platform(
    switch: dict[str, Any], fields: dict[str, Any], expected: tuple[Reason, str, str]
) -> None:
    """Match by account or location, and by an unknown platform."""
    found = ask(scope(offers=(LIVE,)), context(**fields), kills=(kill(**switch),))
    assert expected == (found.reason, found.signal, found.detail)


@pytest.mark.parametrize(
    ("hours", "as_of", "expected"),
    [
        (0, False, Reason.KILLED),
        (5, False, Reason.KILLED),
        (0, True, Reason.KILLED),
        (-2, True, Reason.LIVE),
        (1, True, Reason.LIVE),
    ],
)
def test_a_kill_switch_looks_at_its_dates_only_when_another_time_is_asked_for(
    hours: int, expected: Reason, *, as_of: bool
) -> None:
    """What is published holds whatever the clock of a node says."""
    now = NOW + timedelta(hours=hours)
    asked: dict[str, Any] = {"currentTime": now.isoformat()} if as_of else {}
    found = ask(scope(offers=(LIVE,)), context(now, **asked), kills=(kill(),))
    assert expected == found.reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (Reason.LIVE, "location")),
        ({"locationCountry": None}, (Reason.MISSING_SIGNAL, "location")),
        ({"locationCountry": "XX"}, (Reason.MISSING_SIGNAL, "location")),
        ({"locationCountry": None, "ipCountry": "kor"}, (Reason.LIVE, "location")),
        (
            {"locationCountry": "Narnia", "ipCountry": "KR"},
            (Reason.MISSING_SIGNAL, "location"),
        ),
        ({"accountCountry": None}, (Reason.LIVE, "location")),
        ({"participantCountries": "GB,KR"}, (Reason.LIVE, "location")),
        ({"participantCountries": ["GB", "?"]}, (Reason.MISSING_SIGNAL, "participants")),
        ({"participantCountries": ["GB", None]}, (Reason.MISSING_SIGNAL, "participants")),
    ],
)
def test_features_that_fail_closed_need_their_signals(
    fields: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """Close on signals that are unknown or cannot be read; no participants is not missing."""
    found = ask(scope(VOICE, offers=(CALLS,)), context(**fields))
    assert expected == (found.reason, found.signal)


def order(place: Place, *targets: Target) -> LegalOrder:
    """Build an order that takes effect on 21 November, local to the place."""
    return LegalOrder(
        rule=Rule(key="order"), targets=targets, place=place, effective=date(2026, 11, 21)
    )


@pytest.mark.parametrize(
    ("orders", "moment", "expected"),
    [
        ([order(territory("SG"))], "2026-11-20T15:59:59Z", Reason.LIVE),
        ([order(territory("SG"))], "2026-11-20T16:00:00Z", Reason.BLOCKED_BY_LAW),
        ([order(ASIA, Target(bundle="commerce"))], "2026-11-20T16:00:00Z", Reason.BLOCKED_BY_LAW),
        ([order(EVERYWHERE)], "2026-11-20T16:00:00Z", Reason.BLOCKED_BY_LAW),
        ([order(territory("SG"), Target(bundle="calling"))], "2026-11-22T00:00:00Z", Reason.LIVE),
        ([order(territory("KR"))], "2026-11-22T00:00:00Z", Reason.LIVE),
    ],
)
def test_a_legal_order_blocks_from_local_midnight_on(
    orders: list[LegalOrder], moment: str, expected: Reason
) -> None:
    """Orders cover features, bundles or the whole app, at a place."""
    now = datetime.fromisoformat(moment)
    found = ask(scope(offers=(LIVE,), orders=tuple(orders)), context(now))
    assert expected == found.reason
    if found.reason is Reason.BLOCKED_BY_LAW:
        assert (found.rule, found.signal) == (orders[0].rule, "account")


BLOCK = offer("blocked-by-law", territory("AE"))


@pytest.mark.parametrize(
    ("offers", "fields", "expected"),
    [
        ([BLOCK], {"locationCountry": "AE"}, (Reason.BLOCKED_BY_LAW, "location")),
        ([BLOCK], {"storefrontCountry": "AE"}, (Reason.LIVE, "account")),
        (
            [BLOCK, offer("live", territory("AE"), feature="commerce.collections")],
            {"locationCountry": "AE"},
            (Reason.LIVE, "account"),
        ),
        (
            [offer("blocked-by-law", territory("AE"), basis="account")],
            {"locationCountry": "AE"},
            (Reason.LIVE, "account"),
        ),
        (
            [offer("blocked-by-law", territory("AE"), platform="android")],
            {"locationCountry": "AE"},
            (Reason.LIVE, "account"),
        ),
    ],
)
def test_a_blocked_offer_counts_at_every_law_signal_that_it_covers(
    offers: list[Offer], fields: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """The most specific offer at the signal's place decides, for its basis and platform."""
    found = ask(scope(offers=(LIVE, *offers)), context(**fields))
    assert expected == (found.reason, found.signal)


def test_an_unknown_platform_never_lifts_a_block() -> None:
    """Lack of evidence leaves a block for one platform standing."""
    feature = replace(COLLECTIONS, profile="")
    block = offer("blocked-by-law", territory("SG"), platform="android")
    found = ask(scope(feature, offers=(LIVE, block)), context(platform=None))
    assert found.reason is Reason.BLOCKED_BY_LAW


@pytest.mark.parametrize(
    ("countries", "expected"),
    [
        ([], Reason.LIVE),
        (["KR", "SG"], Reason.LIVE),
        (["KR", "are"], Reason.BLOCKED_BY_LAW),
    ],
)
def test_one_participant_in_a_blocked_territory_blocks_the_call(
    countries: list[str], expected: Reason
) -> None:
    """Law looks at everybody in the call."""
    block = offer("blocked-by-law", territory("AE"), bundle="calling")
    found = ask(scope(VOICE, offers=(CALLS, block)), context(participantCountries=countries))
    assert expected == found.reason


@pytest.mark.parametrize(
    ("fields", "expected", "detail"),
    [
        ({}, Reason.LIVE, ""),
        ({"platform": "IOS", "osVersion": "15"}, Reason.LIVE, ""),
        ({"osVersion": "14.8"}, Reason.UNSUPPORTED_PLATFORM, "osVersion"),
        ({"osVersion": None}, Reason.UNSUPPORTED_PLATFORM, "osVersion"),
        ({"osVersion": "new"}, Reason.UNSUPPORTED_PLATFORM, "osVersion"),
        ({"platform": None}, Reason.UNSUPPORTED_PLATFORM, "platform"),
        ({"platform": "ps5"}, Reason.UNSUPPORTED_PLATFORM, "platform"),
        ({"platform": "android", "osVersion": "8.0"}, Reason.LIVE, ""),
        (
            {"platform": "android", "osVersion": "8.0", "appVersion": "8.0.9"},
            Reason.UNSUPPORTED_PLATFORM,
            "appVersion",
        ),
        ({"platform": "web", "osVersion": None}, Reason.LIVE, ""),
    ],
)
def test_a_profile_asks_for_platform_and_versions(
    fields: dict[str, Any], expected: Reason, detail: str
) -> None:
    """Versions compare padded; a platform that is not listed is not supported."""
    found = ask(scope(offers=(LIVE,)), context(**fields))
    assert (expected, detail) == (found.reason, found.detail)


RETIREMENT = PlatformRetirement(
    rule=Rule(key="kaios"),
    platform="kaios",
    closed_to_new=date(2026, 11, 1),
    off=date(2026, 11, 21),
)


@pytest.mark.parametrize(
    ("fields", "moment", "expected"),
    [
        ({}, "2026-10-31T15:59:59Z", Reason.LIVE),
        ({}, "2026-10-31T16:00:00Z", Reason.CLOSED_TO_NEW),
        ({"enrolled": True}, "2026-10-31T16:00:00Z", Reason.LIVE),
        ({"enrolled": True}, "2026-11-20T16:00:00Z", Reason.PLATFORM_RETIRED),
        ({"enrolled": True, "accountCountry": "CA"}, "2026-11-20T16:00:00Z", Reason.LIVE),
        (
            {"enrolled": True, "accountCountry": None},
            "2026-11-20T16:00:00Z",
            Reason.PLATFORM_RETIRED,
        ),
        (
            {"enrolled": True, "accountCountry": None, "locationCountry": None},
            "2026-11-20T23:59:59Z",
            Reason.LIVE,
        ),
        ({"platform": "ios"}, "2026-11-22T00:00:00Z", Reason.LIVE),
    ],
)
def test_a_platform_retires_at_the_midnights_of_the_account(
    fields: dict[str, Any], moment: str, expected: Reason
) -> None:
    """Those who enrolled stay on until it is off; the account's zone, else the location's."""
    feature = Feature(key="messaging.text")
    person = context(datetime.fromisoformat(moment), **{"platform": "kaios", **fields})
    found = ask(scope(feature, retirements=(RETIREMENT,)), person)
    assert expected == found.reason
