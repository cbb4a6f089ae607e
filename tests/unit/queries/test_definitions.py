"""Definitions are loaded whole, in order, in a number of queries that never grows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flags.engine import definitions as made
from flags.operations.ages import SetAgeRule
from flags.operations.caps import SetCap
from flags.operations.clusters import SetClusterRollout
from flags.operations.consents import SetConsentRule
from flags.operations.constraints import ConstraintSpec
from flags.operations.expectations import SetExpectation
from flags.operations.features import ArchiveFeature
from flags.operations.kills import PullKillSwitch, ReleaseKillSwitch
from flags.operations.lifecycles import SetLifeCycle
from flags.operations.offers import SetOffer
from flags.operations.orders import AdvanceLegalOrder, SetLegalOrder
from flags.operations.partners import SetPartner
from flags.operations.platforms import MinimumSpec, SetPlatformProfile
from flags.operations.schedules import SetSchedule, WindowSpec
from flags.operations.segments import SetSegment
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from flags.operations.tokens import CreateToken
from flags.queries.boards import board
from flags.queries.definitions import (
    load_access,
    load_definitions,
    load_expectations,
    load_kills,
)
from regions import canonical
from tests.unit.world import NOW, Do, a_feature

SCOPE = ("shop", "production")


def fill(do: Do, name: str) -> None:
    """Have one more of everything, with this name."""
    adult = ConstraintSpec(context_name="age", operator="NUM_GTE", value="18")
    for command in (
        SetPlatformProfile(
            app="shop", key=name, minimums=(MinimumSpec(platform="ios", os_version="15"),)
        ),
        SetSegment(app="shop", key=name, constraints=(adult,)),
        a_feature(f"pay.{name}", requires=("pay.card",), profile=name, partner_basis="location"),
        SetPartner(
            app="shop",
            key=name,
            name=name,
            features=(f"pay.{name}",),
            territory="SG",
            requirements=(adult,),
            reason="signed",
            owner="pay-team",
        ),
        SetTargeting(
            app="shop",
            environment="production",
            feature=f"pay.{name}",
            strategies=(
                StrategySpec(
                    name="flexibleRollout",
                    constraints=(adult,),
                    segments=(name,),
                    variants=(VariantSpec(name="a", weight=1000),),
                ),
            ),
        ),
        SetOffer(
            app="shop",
            environment="production",
            feature=f"pay.{name}",
            territory="SG",
            status="live",
            starts_date=date(2026, 1, 1),
            reason="licensed",
            owner="pay-team",
        ),
        SetAgeRule(app="shop", feature=f"pay.{name}", minimum=18, reason="law", owner="legal"),
        SetConsentRule(
            app="shop", bundle="pay", consent=name, market="EEA", reason="law", owner="legal"
        ),
        SetLifeCycle(
            app="shop",
            environment="production",
            feature=f"pay.{name}",
            sunset_date=date(2030, 1, 1),
            reason="goes",
            owner="pay-team",
        ),
        SetCap(
            app="shop",
            environment="production",
            feature=f"pay.{name}",
            market="EEA",
            limit=100,
            reason="counted",
            owner="pay-team",
        ),
        SetSchedule(
            app="shop",
            environment="production",
            key=name,
            features=(f"pay.{name}",),
            anchor="account",
            windows=(WindowSpec(starts=datetime(2026, 1, 1)),),  # noqa: DTZ001 - a wall time
            reason="a season",
            owner="pay-team",
        ),
        SetClusterRollout(
            app="shop",
            environment="production",
            key=name,
            feature=f"pay.{name}",
            order=("ucla", "nyu"),
            reason="friends",
            owner="pay-team",
        ),
        SetLegalOrder(
            app="shop",
            key=name,
            features=(f"pay.{name}",),
            market="EEA",
            effective_date=date(2027, 1, 1),
            reason="order",
            owner="legal-team",
        ),
        AdvanceLegalOrder(app="shop", key=name, state="scheduled"),
        PullKillSwitch(
            app="shop",
            environment="production",
            key=name,
            feature=f"pay.{name}",
            reason="it crashes",
            owner="on-call",
            expires_at=NOW + timedelta(days=1),
        ),
        CreateToken(
            app="shop",
            environment="production",
            kind="backend",
            name=name,
            token=f"shop:production.secret-{name}",
        ),
        SetExpectation(
            app="shop",
            environment="production",
            key=name,
            feature=f"pay.{name}",
            context={},
            value=True,
        ),
    ):
        do(command)


def count_all() -> dict[str, int]:
    """Return how many queries each load makes now."""
    counts = {}
    loads: dict[str, Callable[[], object]] = {
        "definitions": lambda: load_definitions(*SCOPE),
        "kills": lambda: load_kills(*SCOPE),
        "access": lambda: load_access("production", now=NOW),
        "expectations": lambda: load_expectations(*SCOPE),
        "board": lambda: board(*SCOPE, NOW),
    }
    for name, load in loads.items():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            load()
        counts[name] = len(queries)
    return counts


def test_the_number_of_queries_never_grows(world: Do) -> None:
    """With five of everything each load makes as many queries as with one."""
    fill(world, "one")
    small = count_all()
    for name in ("two", "three", "four", "five"):
        fill(world, name)
    assert small == count_all()
    assert {"definitions": 30, "kills": 1, "access": 2, "expectations": 1, "board": 11} == small


def test_definitions_carry_what_rows_say(world: Do) -> None:
    """Each kind of row becomes the engine's value, with rules that tell where they come from."""
    fill(world, "one")
    loaded = load_definitions(*SCOPE)
    feature = next(row for row in loaded.features if row.key == "pay.one")
    offer = loaded.offers[0]
    assert ("pay", "one", ("pay.card",), ("account", "location")) == (
        feature.bundle,
        feature.profile,
        feature.requires,
        feature.law_basis,
    )
    strategy = feature.strategies[0]
    assert (loaded.segments[0].id,) == strategy.segments
    assert {"groupId": "pay.one", "rollout": "100", "stickiness": "default"} == strategy.parameters
    assert made.Rule("pay.one@SG#2026-01-01", "licensed", "pay-team") == offer.rule
    assert (made.Target("pay.one"), made.Place("territory", "SG")) == (offer.target, offer.place)
    assert (made.Target("pay.one"),) == loaded.orders[0].targets
    assert made.Place("market", "EEA") == loaded.orders[0].place
    assert ["IT", "SG", "US"] == [row.code for row in loaded.territories]
    assert "America/New_York" == loaded.territories[-1].zone


def test_equal_rows_give_equal_bytes(world: Do) -> None:
    """Loading twice gives the same digest, whatever order rows are found in."""
    for name in ("two", "one"):
        fill(world, name)
    loads = [canonical.encode(load_definitions(*SCOPE)) for _again in range(2)]
    assert loads[0] == loads[1]
    keys = [row.key for row in load_definitions(*SCOPE).features]
    assert sorted(keys) == keys


def test_an_order_that_names_nothing_is_for_the_whole_app(world: Do) -> None:
    """Without features and bundles the target is the app itself."""
    world(
        SetLegalOrder(
            app="shop",
            key="ban",
            territory="SG",
            effective_date=date(2027, 1, 1),
            reason="order",
            owner="legal-team",
        )
    )
    assert () == load_definitions(*SCOPE).orders
    world(AdvanceLegalOrder(app="shop", key="ban", state="scheduled"))
    assert (made.Target(),) == load_definitions(*SCOPE).orders[0].targets


def test_what_is_archived_released_or_elsewhere_is_left_out(world: Do) -> None:
    """An archived feature takes its rules with it; a released switch holds no more."""
    fill(world, "one")
    world(ReleaseKillSwitch(app="shop", environment="production", key="one"))
    assert () == load_kills(*SCOPE).switches
    fill(world, "two")
    world(ArchiveFeature(app="shop", key="pay.two"))
    loaded = load_definitions(*SCOPE)
    assert ["pay.one"] == [offer.target.feature for offer in loaded.offers]
    assert [(made.Target("pay.one"),)] == [order.targets for order in loaded.orders]
    assert "pay.two" not in {feature.key for feature in loaded.features}
    assert () == load_kills(*SCOPE).switches
    assert () == load_definitions("shop", "staging").offers


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_access_names_apps_and_digests(world: Do, environment: str) -> None:
    """Tokens are told by digest, in their own environment only; apps in every one."""
    fill(world, "one")
    access = load_access(environment, now=NOW)
    assert ("shop",) == access.apps
    assert (environment == "production") == bool(access.tokens)
