"""The gates offer and requires, and how an unknown feature is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.definitions import Feature, Market, Member, Offer, Place, Strategy
from flags.engine.result import Reason
from tests.unit.engine.scopes import COLLECTIONS, ask, context, offer, scope, territory

EVERYWHERE = Place(kind="everywhere")
ASIA = Place(kind="market", key="ASIA")
FEATURE = {"feature": "commerce.collections"}
QUEBEC = Place(kind="subdivision", key="CA-QC")
CANADA = {"accountCountry": "CA", "subdivision": "ca-qc"}


@pytest.mark.parametrize(
    ("offers", "fields", "expected"),
    [
        ([], {}, (Reason.NOT_OFFERED, "")),
        ([offer("planned", EVERYWHERE)], {}, (Reason.PLANNED, "planned@everywhere")),
        (
            [offer("planned", EVERYWHERE), offer("withdrawn", EVERYWHERE, **FEATURE)],
            {},
            (Reason.WITHDRAWN, "withdrawn@everywhere"),
        ),
        (
            [offer("withdrawn", EVERYWHERE, **FEATURE), offer("live", ASIA)],
            {},
            (Reason.LIVE, "live@ASIA"),
        ),
        ([offer("planned", ASIA), offer("live", territory("SG"))], {}, (Reason.LIVE, "live@SG")),
        (
            [offer("live", territory("SG")), offer("needs-partner", ASIA, **FEATURE)],
            {},
            (Reason.NEEDS_PARTNER, "needs-partner@ASIA"),
        ),
        (
            [offer("planned", ASIA, **FEATURE), offer("live", territory("SG"), **FEATURE)],
            {},
            (Reason.LIVE, "live@SG"),
        ),
        (
            [offer("live", territory("CA"), **FEATURE), offer("withdrawn", QUEBEC, **FEATURE)],
            CANADA,
            (Reason.WITHDRAWN, "withdrawn@CA-QC"),
        ),
        (
            [offer("live", territory("CA"), **FEATURE), offer("withdrawn", QUEBEC)],
            CANADA,
            (Reason.LIVE, "live@CA"),
        ),
        (
            [offer("live", territory("SG")), offer("planned", territory("SG"), platform="ios")],
            {},
            (Reason.PLANNED, "planned@SG"),
        ),
        (
            [offer("live", territory("SG"), basis="storefront")],
            {},
            (Reason.NOT_OFFERED, ""),
        ),
        ([offer("live", EVERYWHERE)], {"accountCountry": None}, (Reason.LIVE, "live@everywhere")),
        ([offer("live", territory("SG"))], {"accountCountry": None}, (Reason.NOT_OFFERED, "")),
        ([offer("live", territory("SG"))], {"accountCountry": "ZW"}, (Reason.NOT_OFFERED, "")),
    ],
)
def test_the_most_specific_offer_decides(
    offers: list[Offer], fields: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """Follow docs/domain.md section 3, level by level."""
    found = ask(scope(offers=tuple(offers)), context(**fields))
    assert expected == (found.reason, found.rule.key if found.rule else "")


def test_the_market_of_higher_priority_decides() -> None:
    """Where markets overlap, priority says which is asked."""
    markets = (
        Market(key="ASIA", priority=1, members=(Member("SG"),)),
        Market(key="SEA", priority=2, members=(Member("SG"),)),
    )
    sea = offer("live", Place(kind="market", key="SEA"))
    found = ask(scope(markets=markets, offers=(offer("planned", ASIA), sea)), context())
    assert found.reason is Reason.LIVE


def test_a_member_counts_from_its_own_midnight_on() -> None:
    """Membership in a market is dated, local to the member."""
    member = Member("SG", starts=date(2026, 11, 21))
    world = scope(
        markets=(Market(key="ASIA", priority=1, members=(member,)),),
        offers=(offer("live", ASIA),),
    )
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert ask(world, context(midnight - timedelta(microseconds=1))).on is False
    assert ask(world, context(midnight)).on is True


def test_an_offer_holds_half_open_between_local_midnights() -> None:
    """The first instant belongs to the offer, the last does not."""
    row = offer("live", territory("SG"), starts=date(2026, 11, 20), ends=date(2026, 11, 21))
    world = scope(offers=(row,))
    start = datetime(2026, 11, 19, 16, tzinfo=UTC)
    end = start + timedelta(days=1)
    tick = timedelta(microseconds=1)
    moments = (start - tick, start, end - tick, end)
    assert [False, True, True, False] == [ask(world, context(now)).on for now in moments]


def test_the_rollout_of_an_offer_is_sticky_and_tells_its_rule() -> None:
    """The feature's key is the group; people without an id throw dice."""
    world = scope(offers=(offer("live", territory("SG"), rollout=30),))
    buckets = {user: ask(world, context(userId=user)).on for user in map(str, range(100))}
    assert 15 < sum(buckets.values()) < 45
    closed = next(user for user, on in buckets.items() if not on)
    found = ask(world, context(userId=closed))
    assert (Reason.NOT_IN_ROLLOUT, "live@SG") == (found.reason, found.rule and found.rule.key)
    assert ask(world, context(userId=None, thrown=30)).on is True
    assert ask(world, context(userId=None, thrown=31)).on is False


def test_a_feature_without_offer_basis_passes_the_offer_gate() -> None:
    """No country is asked, so no offer can close it."""
    feature = replace(COLLECTIONS, offer_basis="none")
    assert ask(scope(feature, offers=(offer("planned", EVERYWHERE),)), context()).on is True


def test_a_blocked_offer_outside_the_law_basis_is_closed_all_the_same() -> None:
    """A status blocked-by-law is never live."""
    feature = replace(COLLECTIONS, law_basis=())
    found = ask(scope(feature, offers=(offer("blocked-by-law", territory("SG")),)), context())
    assert found.reason is Reason.BLOCKED_BY_LAW


def test_a_required_feature_that_is_off_is_named() -> None:
    """Requirements are recursive: what is off at the bottom closes everything above."""
    base = Feature(key="base", strategies=(Strategy(name="userWithId", parameters={}),))
    middle = Feature(key="middle", requires=("base",))
    top = Feature(key="top", requires=("middle",))
    found = ask(scope(base, middle, top), context(), key="top")
    assert (Reason.REQUIRES_OFF, "middle") == (found.reason, found.detail)
    found = ask(scope(base, middle, top), context(), key="middle")
    assert (Reason.REQUIRES_OFF, "base") == (found.reason, found.detail)


def test_a_required_feature_that_does_not_exist_is_off() -> None:
    """An unknown requirement is never met."""
    found = ask(scope(Feature(key="top", requires=("no.such",))), context())
    assert (Reason.REQUIRES_OFF, "no.such") == (found.reason, found.detail)


def test_a_required_feature_with_a_rollout_opens_for_the_same_people() -> None:
    """A hash that is open in a plan is settled alike in the feature that needs it."""
    share = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "50", "stickiness": "userId", "groupId": "g"},
    )
    world = scope(Feature(key="base", strategies=(share,)), Feature(key="top", requires=("base",)))
    people = [context(userId=str(user)) for user in range(50)]
    answers = [(ask(world, one, key="base").on, ask(world, one, key="top").on) for one in people]
    assert {(True, True), (False, False)} == set(answers)


def test_an_unknown_feature_is_off() -> None:
    """A client may be newer or older than the snapshot."""
    found = ask(scope(), context(), key="no.such")
    assert (Reason.UNKNOWN_FEATURE, False, False) == (found.reason, found.on, found.value)


@pytest.mark.parametrize(
    ("fail_closed", "subdivision", "expected"),
    [
        (True, None, Reason.BLOCKED_BY_LAW),
        (True, "CA-QC", Reason.BLOCKED_BY_LAW),
        (True, "CA-ON", Reason.LIVE),
        (False, None, Reason.LIVE),
        (False, "CA-QC", Reason.BLOCKED_BY_LAW),
    ],
)
def test_a_block_of_a_subdivision_holds_where_it_is_unknown(
    *, fail_closed: bool, subdivision: str | None, expected: Reason
) -> None:
    """Lack of evidence turns no block off for features that fail closed."""
    feature = replace(COLLECTIONS, profile="", law_basis=("account",), fail_closed=fail_closed)
    offers = (offer("live", territory("CA")), offer("blocked-by-law", QUEBEC))
    found = ask(
        scope(feature, offers=offers), context(accountCountry="CA", subdivision=subdivision)
    )
    assert expected is found.reason
