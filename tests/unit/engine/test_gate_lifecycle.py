"""The gate lifecycle: closed to new people, then off, and how SDKs are told of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.definitions import (
    Definitions,
    Feature,
    LifeCycle,
    Place,
    Rule,
    Target,
    Territory,
)
from flags.engine.lower import lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import ask, context, offer, scope, territory

CARD = Feature(key="wallet.bind-card", bundle="wallet", offer_basis="account")
MALAYSIA = (
    Territory(code="CN", zone="Asia/Shanghai"),
    Territory(code="MY", zone="Asia/Kuala_Lumpur"),
    Territory(code="US", zone="America/New_York"),
)
EVERYWHERE = Place(kind="everywhere")
CLOSED, SUNSET = date(2024, 8, 1), date(2024, 9, 1)


def cycle(place: Place, **more: Any) -> LifeCycle:
    """Build a life cycle of the card with the steps of S06."""
    given: dict[str, Any] = {
        "rule": Rule(key=f"end@{place.key or '*'}"),
        "target": Target(CARD.key),
        "closed_to_new": CLOSED,
        "sunset": SUNSET,
    }
    return LifeCycle(**{**given, "place": place, **more})


def wallet(*cycles: LifeCycle, feature: Feature = CARD) -> Definitions:
    """Build a scope in which the wallet is live everywhere, and ends."""
    live = offer("live", EVERYWHERE, bundle="wallet")
    return replace(scope(feature, offers=(live,), life_cycles=cycles), territories=MALAYSIA)


@pytest.mark.parametrize(
    ("moment", "enrolled", "expected"),
    [
        (datetime(2024, 7, 31, 15, 59, 59, tzinfo=UTC), None, Reason.LIVE),
        (datetime(2024, 7, 31, 16, tzinfo=UTC), None, Reason.CLOSED_TO_NEW),
        (datetime(2024, 8, 15, tzinfo=UTC), True, Reason.LIVE),
        (datetime(2024, 8, 15, tzinfo=UTC), " TRUE ", Reason.LIVE),
        (datetime(2024, 8, 15, tzinfo=UTC), False, Reason.CLOSED_TO_NEW),
        (datetime(2024, 8, 15, tzinfo=UTC), "1", Reason.CLOSED_TO_NEW),
        (datetime(2024, 8, 31, 15, 59, 59, tzinfo=UTC), True, Reason.LIVE),
        (datetime(2024, 8, 31, 16, tzinfo=UTC), True, Reason.SUNSET),
        (datetime(2024, 9, 2, tzinfo=UTC), True, Reason.SUNSET),
        (datetime(2024, 9, 2, tzinfo=UTC), False, Reason.SUNSET),
    ],
)
def test_s06_a_wallet_closes_in_steps(moment: datetime, enrolled: object, expected: Reason) -> None:
    """New people first, then everybody, at midnight in Kuala Lumpur."""
    person = context(moment, accountCountry="MY", locationCountry="US", enrolled=enrolled)
    found = ask(wallet(cycle(territory("MY"))), person)
    assert expected == found.reason
    if not found.on:
        assert ("end@MY", "account", "MY") == (
            found.rule and found.rule.key,
            found.signal,
            found.detail,
        )


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"accountCountry": "CN", "locationCountry": "MY"}, CARD.key),
        ({"accountCountry": "MY", "locationCountry": "MY"}, "wallet.balance-withdraw"),
        ({"accountCountry": None, "locationCountry": "MY"}, CARD.key),
    ],
)
def test_s06_others_are_untouched(fields: dict[str, Any], key: str) -> None:
    """A visitor's own wallet goes on, and so does what lets people take their money out."""
    withdraw = replace(CARD, key="wallet.balance-withdraw")
    live = offer("live", EVERYWHERE, bundle="wallet")
    world = scope(CARD, withdraw, offers=(live,), life_cycles=(cycle(territory("MY")),))
    world = replace(world, features=tuple(sorted(world.features, key=lambda one: one.key)))
    late = datetime(2024, 9, 2, tzinfo=UTC)
    assert Reason.LIVE == ask(world, context(late, **fields), key=key).reason


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ((), Reason.SUNSET),
        ((cycle(territory("MY"), closed_to_new=None, sunset=date(2030, 1, 1)),), Reason.LIVE),
        ((cycle(territory("MY"), sunset=None),), Reason.CLOSED_TO_NEW),
        ((cycle(territory("US"), sunset=date(2030, 1, 1)),), Reason.SUNSET),
        (
            (cycle(territory("MY"), target=Target(bundle="wallet"), sunset=None),),
            Reason.CLOSED_TO_NEW,
        ),
    ],
)
def test_the_most_specific_life_cycle_counts_alone(
    more: tuple[LifeCycle, ...], expected: Reason
) -> None:
    """A country that is given more time has it, whatever ends everywhere else."""
    world = wallet(cycle(EVERYWHERE), *more)
    late = datetime(2024, 9, 2, tzinfo=UTC)
    assert expected == ask(world, context(late, accountCountry="MY")).reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"accountCountry": "MY", "locationCountry": "US"}, (Reason.SUNSET, "account")),
        ({"accountCountry": None, "locationCountry": "MY"}, (Reason.SUNSET, "location")),
        ({"accountCountry": "US", "locationCountry": "MY"}, (Reason.LIVE, "")),
        ({"accountCountry": None, "locationCountry": None}, (Reason.LIVE, "")),
    ],
)
def test_a_feature_without_a_basis_ends_by_the_account_then_the_location(
    fields: dict[str, Any], expected: tuple[Reason, str]
) -> None:
    """Who cannot be placed is met by rules for everywhere only."""
    world = wallet(cycle(territory("MY")), feature=replace(CARD, offer_basis="none"))
    late = datetime(2024, 9, 2, tzinfo=UTC)
    found = ask(world, context(late, **fields))
    assert expected == (found.reason, found.signal)
    ended = ask(replace(world, life_cycles=(cycle(EVERYWHERE),)), context(late, **fields))
    assert Reason.SUNSET == ended.reason


def test_sdks_follow_the_steps_by_themselves() -> None:
    """An SDK that is cut off closes to new people and turns off in time."""
    before = datetime(2024, 7, 1, tzinfo=UTC)
    here = (offer("live", territory("MY"), bundle="wallet"),)
    world = replace(wallet(cycle(territory("MY"))), offers=here)
    (found,) = lower(world, now=before).features
    steps = [
        {one.context_name: one.value or one.values for one in way.constraints}
        for way in found.strategies
    ]
    assert [
        {"accountCountry": ("MY",), "currentTime": "2024-07-31T16:00:00.000Z"},
        {
            "accountCountry": ("MY",),
            "enrolled": ("true",),
            "currentTime": "2024-08-31T16:00:00.000Z",
        },
    ] == steps
    assert found.exact
    (ended,) = lower(world, now=before + timedelta(days=90)).features
    assert not ended.enabled
