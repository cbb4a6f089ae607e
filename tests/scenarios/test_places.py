"""Calls, messages and the law: S04, S05, S14, S15, S17, S20, S21, S27 to S29, S42, S44, S54."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from flags.engine.result import Reason
from flags.operations.features import SetFeature
from flags.operations.offers import SetOffer
from flags.operations.orders import AdvanceLegalOrder, SetLegalOrder
from flags.queries.boards import cell_detail
from flags.queries.respondent import Respondent
from regions.governance.commands import Refused
from regions.governance.models import AuditEntry
from tests.scenarios.conftest import NOW, Asked, ask_again, give

VOICE = "calling.voice"
VIDEO = "calling.video"
TEXT = "messaging.text"
POLLS = "messaging.polls"
LOOT = "mini-programs.loot-boxes"


def offer(**fields: Any) -> SetOffer:
    """Write an offer in production as the wallet's or another team would."""
    given = {"reason": "a scenario", "owner": "a team", "source": "demo", **fields}
    return SetOffer(app="superapp", environment="production", **given)


@pytest.mark.parametrize("account", ["CN", "GB", "AE"])
def test_s04_calls_are_banned_by_place(asked: Asked, account: str) -> None:
    """Whoever is in AE cannot call, and can send voice messages all the same."""
    person = {"accountCountry": account, "locationCountry": "AE"}
    assert ["BLOCKED_BY_LAW", "LIVE"] == [
        asked.reason(key, **person) for key in (VOICE, "messaging.voice-message")
    ]


@pytest.mark.parametrize(
    ("location", "at", "reason"),
    [
        ("GB", "2026-11-20T12:00:00Z", "LIVE"),
        ("SA", "2017-09-20T20:59:59Z", "BLOCKED_BY_LAW"),
        ("SA", "2017-09-20T21:00:00Z", "LIVE"),
        ("MA", "2016-02-28T12:00:00Z", "LIVE"),
        ("MA", "2016-03-02T12:00:00Z", "BLOCKED_BY_LAW"),
        ("MA", "2016-11-05T12:00:00Z", "LIVE"),
        ("EG", "2026-11-20T12:00:00Z", "PLANNED"),
    ],
)
def test_s04_bans_come_and_go(asked: Asked, location: str, at: str, reason: str) -> None:
    """An AE account calls from GB; SA and MA lifted their bans at midnight of a day; EG waits."""
    assert reason == asked.reason(VOICE, at, accountCountry="AE", locationCountry=location)


def test_s05_the_other_side_is_in_a_banned_country(asked: Asked) -> None:
    """Everybody's place counts, and the answer says that it was a participant's."""
    alone = asked.evaluate(VOICE, accountCountry="GB", locationCountry="GB")
    both = asked.evaluate(
        VOICE, accountCountry="GB", locationCountry="GB", participantCountries=["GB", "AE"]
    )
    assert (True, False, Reason.BLOCKED_BY_LAW, "participants") == (
        alone.on,
        both.on,
        both.reason,
        both.signal,
    )


@pytest.mark.parametrize(
    ("storefront", "platform", "system_ui"),
    [("CN", "ios", "BLOCKED_BY_LAW"), ("CN", "android", "LIVE"), ("US", "ios", "LIVE")],
)
def test_s14_a_storefront_rule_on_one_platform(
    asked: Asked, storefront: str, platform: str, system_ui: str
) -> None:
    """The native call screen is off for iPhones of the CN store alone; calls are on for all."""
    person = {
        "accountCountry": "CN",
        "locationCountry": "CN",
        "storefrontCountry": storefront,
        "platform": platform,
    }
    assert [system_ui, "LIVE"] == [
        asked.reason(key, **person) for key in ("calling.system-ui", VOICE)
    ]


@pytest.mark.parametrize(
    ("account", "location", "reason"),
    [
        ("FR", "BE", "BLOCKED_BY_LAW"),
        ("BE", "FR", "BLOCKED_BY_LAW"),
        ("NL", "NL", "LIVE"),
        ("DE", "FR", "LIVE"),
    ],
)
def test_s15_loot_boxes(asked: Asked, account: str, location: str, reason: str) -> None:
    """Both signals count, the game itself stays on, and BE speaks for no other country."""
    person = {"accountCountry": account, "locationCountry": location}
    assert [reason, "LIVE"] == [
        asked.reason(key, **person) for key in (LOOT, "mini-programs.html5-games")
    ]


@pytest.mark.parametrize(
    ("at", "participants", "on"),
    [
        ("2021-01-15T00:00:00Z", ["US", "DE"], False),
        ("2021-01-15T00:00:00Z", ["US"], True),
        ("2021-01-15T00:00:00Z", "GB,US", False),
        ("2026-11-20T12:00:00Z", ["US", "DE"], True),
    ],
)
def test_s17_a_rule_follows_one_member(
    asked: Asked, at: str, participants: list[str] | str, *, on: bool
) -> None:
    """Polls pause for a whole chat while somebody there is in the market, and come back."""
    person = {"accountCountry": "US", "locationCountry": "US"}
    assert on == asked.is_on(POLLS, at, participantCountries=participants, **person)


@pytest.mark.parametrize(
    ("feature", "account", "location", "reason"),
    [
        (TEXT, "US", "IR", "BLOCKED_BY_LAW"),
        ("wallet.p2p-transfer", "RU", "RU", "BLOCKED_BY_LAW"),
        (TEXT, "RU", "RU", "LIVE"),
        ("wallet.p2p-transfer", "RU", "DE", "BLOCKED_BY_LAW"),
    ],
)
def test_s20_sanctions(
    asked: Asked, feature: str, account: str, location: str, reason: str
) -> None:
    """The whole app is blocked in one place, two bundles in another."""
    assert reason == asked.reason(feature, accountCountry=account, locationCountry=location)


def test_s20_a_licence_overrides_one_feature(asked: Asked) -> None:
    """What a later licence allows is an offer with a source; the block itself stays."""
    give(offer(feature=TEXT, territory="IR", status="live", source="general licence"))
    again = ask_again()
    person = {"accountCountry": "US", "locationCountry": "IR"}
    assert ["LIVE", "BLOCKED_BY_LAW"] == [
        again.reason(key, **person) for key in (TEXT, "messaging.photo-share")
    ]


def test_s21_a_court_stops_the_order(asked: Asked) -> None:
    """A scheduled order blocks from its day on; once stopped, that day changes nothing."""
    order = SetLegalOrder(
        app="superapp",
        key="calls-in-us",
        bundles=("calling",),
        territory="US",
        issued_date=date(2026, 8, 6),
        effective_date=date(2026, 12, 1),
        reason="order against calls",
        owner="legal-team",
        source="a court",
    )
    person = {"accountCountry": "US", "locationCountry": "US"}
    days = ("2026-12-01T04:59:59Z", "2026-12-01T05:00:00Z")
    give(order)
    give(AdvanceLegalOrder(app="superapp", key="calls-in-us", state="scheduled"), by="approver")
    scheduled = ask_again()
    give(AdvanceLegalOrder(app="superapp", key="calls-in-us", state="stopped"), by="approver")
    stopped = ask_again()
    assert [["LIVE", "BLOCKED_BY_LAW"], ["LIVE", "LIVE"]] == [
        [world.reason(VOICE, at, **person) for at in days] for world in (scheduled, stopped)
    ]
    told = AuditEntry.objects.filter(object_key__contains="calls-in-us").order_by("pk")
    last = told.last()
    assert last is not None
    assert last.after is not None
    assert "stopped" == last.after["state"]


@pytest.mark.parametrize(
    ("feature", "territory", "platform", "reason"),
    [
        (VIDEO, "TR", "android", "KILLED"),
        (VIDEO, "TR", "ios", "LIVE"),
        (VIDEO, "DE", "android", "LIVE"),
        ("calling.group-video", "TR", "android", "REQUIRES_OFF"),
        (VOICE, "TR", "android", "LIVE"),
    ],
)
def test_s27_kill_one_feature_in_one_country(
    asked: Asked, feature: str, territory: str, platform: str, reason: str
) -> None:
    """One feature on one platform in one country is off, and what needs it; nothing else."""
    place = {"accountCountry": territory, "locationCountry": territory}
    assert reason == asked.reason(feature, platform=platform, **place)


def test_s27_a_kill_never_ends_by_itself(asked: Asked) -> None:
    """After the day by which somebody must decide it still holds, with owner and reason."""
    later = Respondent("superapp", "production", now=NOW + timedelta(days=30))
    person = {"accountCountry": "TR", "locationCountry": "TR", "platform": "android"}
    got = later.evaluate(VIDEO, later.read({**person, "osVersion": "14"}))
    assert got.rule is not None
    assert (Reason.KILLED, "on-call") == (got.reason, got.rule.owner)
    assert AuditEntry.objects.filter(object_key__contains="kill-demo-1").exists()


def test_s28_a_missing_signal(asked: Asked) -> None:
    """Calls fail closed where nobody knows the place; messages need none."""
    person = {"accountCountry": "US"}
    assert ["MISSING_SIGNAL", "LIVE"] == [asked.reason(key, **person) for key in (VOICE, TEXT)]


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ({"networkCountry": "AE", "ipCountry": "GB"}, "BLOCKED_BY_LAW"),
        ({"networkCountry": "DE", "ipCountry": "AE"}, "LIVE"),
        ({"gpsCountry": "GB", "networkCountry": "AE"}, "LIVE"),
        ({"remoteAddress": "8.8.8.8"}, "MISSING_SIGNAL"),
    ],
)
def test_s29_signals_disagree(asked: Asked, evidence: dict[str, str], reason: str) -> None:
    """GPS is believed before the network, that before the IP; a caller's own address never."""
    assert reason == asked.reason(VOICE, accountCountry="DE", **evidence)


def test_s29_the_wallet_goes_by_kyc(asked: Asked) -> None:
    """A phone number or a SIM card does not move a wallet that knows its country."""
    kyc = {"accountCountry": "HK", "locationCountry": "HK"}
    places = [
        asked.evaluate("wallet.bind-card", **kyc, **more).rule
        for more in ({}, {"phoneCountry": "CN"}, {"networkCountry": "US"})
    ]
    assert places[0] is not None
    assert [places[0]] * 3 == places


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"accountCountry": "USA"}, "LIVE"),
        ({"accountCountry": "us"}, "LIVE"),
        ({"accountCountry": "PR"}, "NOT_OFFERED"),
        ({"accountCountry": ""}, "MISSING_SIGNAL"),
        ({"accountCountry": "XX"}, "MISSING_SIGNAL"),
    ],
)
def test_s42_country_codes_from_devices(asked: Asked, fields: dict[str, str], reason: str) -> None:
    """Alpha-3 and lower case are read, nothing is guessed, and PR is no part of US."""
    assert reason == asked.reason("wallet.p2p-transfer", locationCountry="US", **fields)


def test_s42_a_code_that_is_not_iso_is_refused_in_rules(asked: Asked) -> None:
    """`UK` is read as GB where a device sends it, and refused where a rule would say it."""
    uk, gb = (
        asked.evaluate(TEXT, accountCountry=code, locationCountry=code) for code in ("UK", "GB")
    )
    assert uk == gb
    with pytest.raises(Refused, match="UK"):
        give(offer(feature=TEXT, territory="UK", status="live"))


def test_s44_only_parts_are_blocked(asked: Asked) -> None:
    """A bundle of which one feature is blocked is partly live; nobody typed that."""
    give(offer(feature="messaging.stickers", territory="CN", status="blocked-by-law"))
    again = ask_again()
    place = {"accountCountry": "CN", "locationCountry": "CN"}
    assert ["BLOCKED_BY_LAW", "LIVE"] == [
        again.reason(key, **place) for key in ("messaging.stickers", TEXT)
    ]
    found = cell_detail("superapp", "production", "CN", "core-messaging", NOW)
    assert found is not None
    assert "partial" == found.cell.status


def test_s54_sticker_pack_rights(asked: Asked) -> None:
    """The sender's rights decide until the licence ends; the receiver's do not take part."""
    pack = SetFeature(
        app="superapp",
        key="stickers.tuzki",
        bundle="core-messaging",
        description="A sticker pack",
        owner="core-messaging-team",
        offer_basis="account",
        law_basis=("account", "location"),
    )
    licence = {"feature": pack.key, "territory": "US"}
    give(
        pack,
        offer(**licence, status="live", ends_date=date(2027, 1, 1)),
        offer(**licence, status="withdrawn", starts_date=date(2027, 1, 1)),
        offer(feature=pack.key, status="not-offered", territory="JP"),
    )
    again = ask_again()
    sender: dict[str, Any] = {
        "accountCountry": "US",
        "locationCountry": "US",
        "participantCountries": ["JP"],
    }
    assert ["LIVE", "WITHDRAWN", "NOT_OFFERED"] == [
        again.reason(pack.key, **sender),
        again.reason(pack.key, "2027-01-01T05:00:00Z", **sender),
        again.reason(pack.key, accountCountry="JP", locationCountry="JP"),
    ]
