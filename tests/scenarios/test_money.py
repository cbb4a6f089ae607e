"""Wallets and payments: S01 to S03, S06 to S10, S39, S43, S52, S53, S56."""

from __future__ import annotations

from datetime import date

import pytest

from flags.engine.diff import diff_contexts
from flags.engine.result import Reason
from flags.models import Offer
from tests.scenarios.conftest import Asked

CROSS_BORDER = "wallet.cross-border-merchant"
BIND = "wallet.bind-card"
P2P = "wallet.p2p-transfer"
MERCHANT = "wallet.merchant-qr"
TOURIST = {"accountCountry": "CN", "storefrontCountry": "CN", "walletCurrency": "CNY"}
VEGAS = {"locationCountry": "US", "city": "las-vegas"}


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({**TOURIST, **VEGAS}, "LIVE"),
        ({**VEGAS, "accountCountry": "US"}, "NEEDS_PARTNER"),
        ({**TOURIST, "locationCountry": "US", "city": "reno"}, "NEEDS_PARTNER_HERE"),
    ],
)
def test_s01_a_tourist_pays_in_las_vegas(asked: Asked, person: dict[str, str], reason: str) -> None:
    """A home wallet pays where a partner takes it; a local account has no wallet of its own."""
    assert reason == asked.reason(CROSS_BORDER, **person)


@pytest.mark.parametrize(
    ("account", "currency", "place", "reason"),
    [
        ("HK", "HKD", VEGAS, "NEEDS_PARTNER_HERE"),
        ("CN", "CNY", {"locationCountry": "MY", "city": "kuala-lumpur"}, "LIVE"),
        ("HK", "HKD", {"locationCountry": "MY", "city": "Kuala-Lumpur "}, "LIVE"),
        ("CN", None, VEGAS, "NEEDS_PARTNER_HERE"),
    ],
)
def test_s02_a_partner_accepts_some_wallets_only(
    asked: Asked, account: str, currency: str | None, place: dict[str, str], reason: str
) -> None:
    """Las Vegas takes CNY alone, the mall in Kuala Lumpur HKD too; an unknown wallet is none."""
    got = asked.reason(CROSS_BORDER, accountCountry=account, walletCurrency=currency, **place)
    assert reason == got


def test_s03_a_us_account_cannot_bind_a_card(asked: Asked) -> None:
    """It is off for want of a partner, shown greyed out with the wallet's own text."""
    person = asked.read(accountCountry="US", locationCountry="US", locale="en-US")
    told = asked.respondent.tell(BIND, person)
    assert (False, Reason.NEEDS_PARTNER, "wallet.unavailable", "disabled") == (
        told.on,
        told.reason,
        told.text_key,
        told.display,
    )


@pytest.mark.parametrize(
    ("feature", "at", "enrolled", "reason"),
    [
        (BIND, "2024-07-31T15:59:59Z", False, "LIVE"),
        (BIND, "2024-08-15T00:00:00Z", True, "LIVE"),
        (BIND, "2024-08-15T00:00:00Z", False, "CLOSED_TO_NEW"),
        (BIND, "2024-09-02T00:00:00Z", True, "SUNSET"),
        (BIND, "2024-09-02T00:00:00Z", False, "SUNSET"),
        ("wallet.balance-withdraw", "2024-10-01T00:00:00Z", False, "LIVE"),
    ],
)
def test_s06_a_wallet_closes_in_steps(
    asked: Asked, feature: str, at: str, reason: str, *, enrolled: bool
) -> None:
    """First to people who are new, then to everybody; money can be taken out afterwards."""
    got = asked.reason(feature, at, accountCountry="MY", locationCountry="MY", enrolled=enrolled)
    assert reason == got


def test_s06_a_visitors_wallet_is_untouched(asked: Asked) -> None:
    """The wallet of a CN account works in MY after MY's own has closed."""
    person = {**TOURIST, "locationCountry": "MY", "city": "kuala-lumpur"}
    assert "LIVE" == asked.reason(CROSS_BORDER, "2024-10-01T00:00:00Z", **person)


@pytest.mark.parametrize(
    ("at", "count", "enrolled", "reason"),
    [
        ("2024-06-01T00:00:00Z", 99_999_999, False, "LIVE"),
        ("2024-06-01T00:00:00Z", 100_000_000, False, "CAP_REACHED"),
        ("2024-06-01T00:00:00Z", 400_000_000, True, "LIVE"),
        ("2025-01-02T00:00:00Z", 400_000_000, False, "LIVE"),
    ],
)
def test_s07_a_capped_launch_in_india(
    asked: Asked, at: str, count: int, reason: str, *, enrolled: bool
) -> None:
    """Number 100,000,001 is one too many while the cap holds; who is in stays in."""
    got = asked.reason(
        P2P, at, accountCountry="IN", locationCountry="IN", enrolled=enrolled, enrolledCount=count
    )
    assert reason == got


@pytest.mark.parametrize(
    ("feature", "at", "reason"),
    [
        (P2P, "2020-07-01T00:00:00Z", "BLOCKED_BY_LAW"),
        (P2P, "2022-01-01T00:00:00Z", "LIVE"),
        (MERCHANT, "2022-01-01T00:00:00Z", "PLANNED"),
        (P2P, "2026-11-20T12:00:00Z", "LIVE"),
        (MERCHANT, "2026-11-20T12:00:00Z", "LIVE"),
    ],
)
def test_s08_a_regulator_stops_and_later_allows_part(
    asked: Asked, feature: str, at: str, reason: str
) -> None:
    """The same definitions answer for the suspension, the part that came back, and today."""
    assert reason == asked.reason(feature, at, accountCountry="BR", locationCountry="BR")


def test_s08_the_history_shows_three_periods_with_sources(asked: Asked) -> None:
    """Each period of P2P in BR is an offer with its dates and where it is known from."""
    rows = Offer.objects.filter(feature__key=P2P, territory="BR").order_by("starts_date")
    expected = [
        ("live", date(2020, 6, 15), date(2020, 6, 23)),
        ("blocked-by-law", date(2020, 6, 23), date(2021, 5, 4)),
        ("live", date(2021, 5, 4), None),
    ]
    assert expected == [(row.status, row.starts_date, row.ends_date) for row in rows]
    assert all(row.source for row in rows)


@pytest.mark.parametrize(
    ("territory", "last", "first"),
    [
        ("GB", "2019-06-14T22:59:59Z", "2019-06-14T23:00:00Z"),
        ("FR", "2019-06-14T21:59:59Z", "2019-06-14T22:00:00Z"),
    ],
)
def test_s09_a_service_ends_at_local_midnight(
    asked: Asked, territory: str, last: str, first: str
) -> None:
    """One date, two instants: midnight in London is an hour after midnight in Paris."""
    place = {"accountCountry": territory, "locationCountry": territory}
    assert [True, False] == [asked.is_on(P2P, at, **place) for at in (last, first)]


@pytest.mark.parametrize(("age", "reason"), [(30, "LIVE"), (18, "LIVE"), (17, "AGE")])
def test_s10_only_adults_in_the_us(asked: Asked, age: int, reason: str) -> None:
    """The US rule is for adults."""
    assert reason == asked.reason(P2P, accountCountry="US", locationCountry="US", age=age)


def test_s10_a_visitor_goes_by_the_own_wallets_rule(asked: Asked) -> None:
    """A CN account in the US is let in by the rule of CN, not by that of the US."""
    got = asked.evaluate(P2P, accountCountry="CN", locationCountry="US")
    assert got.rule is not None
    assert (True, "account", "wallet@CN") == (got.on, got.signal, got.rule.key.partition("#")[0])


def test_s52_the_user_moves(asked: Asked) -> None:
    """The wallet follows the new account country, messages stay; one diff names it all."""
    at = "2018-06-01T00:00:00Z"
    gb = asked.read(at, accountCountry="GB", locationCountry="GB", phoneCountry="GB")
    moved = asked.read(at, accountCountry="AE", locationCountry="GB", phoneCountry="AE")
    found = {
        one.feature: one for one in diff_contexts(asked.respondent.snapshot, gb, moved).differences
    }
    change = found[P2P]
    assert (Reason.LIVE, Reason.NEEDS_PARTNER) == (change.before.reason, change.after.reason)
    assert {"account": ("GB", "AE")} == change.gates[0].read
    assert [True, True] == [
        asked.respondent.evaluate("messaging.text", one).on for one in (gb, moved)
    ]


def test_s53_the_scan_is_global_and_the_action_is_not(asked: Asked) -> None:
    """A US account in Shanghai scans everything, and is told why it cannot pay."""
    person = {"accountCountry": "US", "locationCountry": "CN", "city": "shanghai"}
    assert "LIVE" == asked.reason("discovery.qr-scan", **person)
    assert "LIVE" == asked.reason("mini-programs.runtime", **person)
    told = asked.respondent.tell(MERCHANT, asked.read(**person))
    assert (Reason.NEEDS_PARTNER, "wallet.unavailable") == (told.reason, told.text_key)


@pytest.mark.parametrize(("account", "reason"), [("CN", "LIVE"), ("DE", "NEEDS_PARTNER")])
def test_s56_a_mini_program_may_not_call_everything(
    asked: Asked, account: str, reason: str
) -> None:
    """Paying is asked about apart: the game stays on where it may not take money."""
    place = {"accountCountry": account, "locationCountry": account}
    assert "LIVE" == asked.reason("mini-programs.html5-games", **place)
    assert reason == asked.reason(MERCHANT, **place)


def test_s56_the_place_of_a_person_needs_consent(asked: Asked) -> None:
    """In DE the location may be used once the person has said so."""
    place = {"accountCountry": "DE", "locationCountry": "DE"}
    feature = "social.people-nearby"
    assert "CONSENT_REQUIRED" == asked.reason(feature, **place)
    assert "LIVE" == asked.reason(feature, consents="location", **place)
