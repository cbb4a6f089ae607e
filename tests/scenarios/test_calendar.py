"""Campaigns and holidays in everybody's own time: S24, S25, S49, S50."""

from __future__ import annotations

import pytest

from flags.engine.display import DISPLAYS
from flags.operations.offers import SetOffer
from tests.scenarios.conftest import Asked, ask_again, give

CAMPAIGN = "discovery.brand-campaign"
PACKET = "wallet.red-packet"


def a_second_before(at: str) -> str:
    """Return the last second before a full minute of the same day."""
    head, minute = at[:14], int(at[14:16])
    hour = int(at[11:13])
    if minute:
        return f"{head}{minute - 1:02}:59Z"
    return f"{at[:11]}{hour - 1:02}:59:59Z"


@pytest.mark.parametrize(
    ("territory", "zone", "starts"),
    [
        ("HK", "Asia/Hong_Kong", "2027-05-31T16:00:00Z"),
        ("MY", "Asia/Kuala_Lumpur", "2027-05-31T16:00:00Z"),
        ("PH", "Asia/Manila", "2027-05-31T16:00:00Z"),
        ("SG", None, "2027-05-31T16:00:00Z"),
        ("ID", "Asia/Jakarta", "2027-05-31T17:00:00Z"),
        ("TH", None, "2027-05-31T17:00:00Z"),
        ("IN", "Asia/Kolkata", "2027-05-31T18:30:00Z"),
        ("TR", None, "2027-05-31T21:00:00Z"),
        ("ES", "Europe/Madrid", "2027-05-31T22:00:00Z"),
        ("ES", "Atlantic/Canary", "2027-05-31T23:00:00Z"),
        ("IT", None, "2027-05-31T22:00:00Z"),
        ("ZA", None, "2027-05-31T22:00:00Z"),
        ("NG", None, "2027-05-31T23:00:00Z"),
        ("AR", None, "2027-06-01T03:00:00Z"),
        ("BR", None, "2027-06-01T03:00:00Z"),
        ("MX", "America/Mexico_City", "2027-06-01T06:00:00Z"),
    ],
)
def test_s24_fifteen_markets_one_campaign(
    asked: Asked, territory: str, zone: str | None, starts: str
) -> None:
    """Every market, and every person's zone within it, begins at its own midnight."""
    place = {"accountCountry": "US", "locationCountry": territory, "timeZone": zone}
    assert ["NOT_STARTED", "LIVE"] == [
        asked.reason(CAMPAIGN, at, **place) for at in (a_second_before(starts), starts)
    ]


@pytest.mark.parametrize(
    ("location", "at", "reason"),
    [
        ("MX", "2027-07-01T05:59:59Z", "LIVE"),
        ("MX", "2027-07-01T06:00:00Z", "ENDED"),
        ("SG", "2027-06-30T16:00:00Z", "ENDED"),
        ("US", "2027-06-10T00:00:00Z", "NOT_IN_GROUP"),
    ],
)
def test_s24_the_campaign_ends_as_locally_as_it_began(
    asked: Asked, location: str, at: str, reason: str
) -> None:
    """The end is exclusive, and who is not in the market never sees it."""
    got = asked.reason(CAMPAIGN, at, accountCountry="SG", locationCountry=location)
    assert reason == got


@pytest.mark.parametrize(
    ("location", "at", "reason"),
    [
        ("US", "2027-02-05T16:30:00Z", "LIVE"),
        ("CN", "2027-02-04T15:59:59Z", "NOT_STARTED"),
        ("CN", "2027-02-04T16:00:00Z", "LIVE"),
        ("CN", "2027-02-19T16:00:00Z", "ENDED"),
    ],
)
def test_s25_red_packets_run_on_the_accounts_calendar(
    asked: Asked, location: str, at: str, reason: str
) -> None:
    """A CN account in New York has its holiday when China has it."""
    person = {
        "accountCountry": "CN",
        "storefrontCountry": "CN",
        "locationCountry": location,
        "accountTimeZone": "Asia/Shanghai",
        "timeZone": "America/New_York",
    }
    assert reason == asked.reason(PACKET, at, **person)


def test_s25_korea_has_its_own_day(asked: Asked) -> None:
    """The table of KR begins a day later, at midnight in Seoul."""
    give(
        *[
            SetOffer(
                app="superapp",
                environment="production",
                feature=feature,
                territory="KR",
                status="live",
                reason="a wallet for the holiday",
                owner="wallet-team",
            )
            for feature in ("wallet.p2p-transfer", PACKET)
        ]
    )
    again = ask_again()
    person = {"accountCountry": "KR", "locationCountry": "KR"}
    days = ("2027-02-05T14:59:59Z", "2027-02-05T15:00:00Z")
    assert ["NOT_STARTED", "LIVE"] == [again.reason(PACKET, at, **person) for at in days]


def test_s49_a_campaign_that_has_not_begun_is_hidden(asked: Asked) -> None:
    """Nobody is told of a surprise before its day."""
    place = {"accountCountry": "SG", "locationCountry": "SG"}
    got = asked.evaluate(CAMPAIGN, "2027-05-01T00:00:00Z", **place)
    assert ("NOT_STARTED", "hidden") == (got.reason, DISPLAYS[got.reason])
