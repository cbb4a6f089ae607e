"""The delta law for every command: what a streaming SDK has is what a new one gets.

One story gives each command of Landfall once. After each, an SDK that began at the start is
told what changed, and has to hold what a new client is sent; Unleash's own engine has to answer
alike. A command that is registered and not in the story fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # no types

from flags.engine.lower import lower
from flags.models import (
    AgeRule,
    Cap,
    ClientToken,
    ConsentRule,
    LifeCycle,
    Offer,
)
from flags.operations.ages import RemoveAgeRule, SetAgeRule
from flags.operations.caps import RemoveCap, SetCap
from flags.operations.clusters import (
    AdvanceClusterRollout,
    RemoveClusterRollout,
    SetClusterRollout,
)
from flags.operations.consents import RemoveConsentRule, SetConsentRule
from flags.operations.constraints import ConstraintSpec
from flags.operations.enrolments import FreeFullPlace, TakeLastPlace
from flags.operations.expectations import RemoveExpectation, SetExpectation
from flags.operations.features import ArchiveFeature, SetBundle, SetFeature
from flags.operations.kills import PullKillSwitch, ReleaseKillSwitch
from flags.operations.lifecycles import RemoveLifeCycle, SetLifeCycle
from flags.operations.offers import RemoveOffer, SetOffer
from flags.operations.orders import AdvanceLegalOrder, SetLegalOrder
from flags.operations.partners import RemovePartner, SetPartner
from flags.operations.platforms import (
    MinimumSpec,
    RemovePlatformRetirement,
    SetPlatformProfile,
    SetPlatformRetirement,
)
from flags.operations.rotations import RotateToken
from flags.operations.schedules import RemoveSchedule, SetSchedule, WindowSpec
from flags.operations.segments import SetSegment
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from flags.operations.tokens import CreateToken, RevokeToken
from flags.queries.definitions import load_definitions, load_kills
from flags.wire.unleash import render_features
from regions.governance.commands import Command, list_registrations
from regions.operations import (
    AddSubdivision,
    AddTerritory,
    MemberSpec,
    SetApp,
    SetEnvironment,
    SetLocale,
    SetMarket,
    SetTerritoryLocales,
)
from tests.conformance.sdk import Sdk, write_context
from tests.unit.wire.sdks import Memory, narrow, render_delta, render_hydration, write
from tests.unit.world import NOW, Do

HERE: dict[str, Any] = {"app": "shop", "environment": "production"}
WHY: dict[str, Any] = {"reason": "a test", "owner": "pay-team"}
CARD: dict[str, Any] = {**HERE, "feature": "pay.card"}
COINS: dict[str, Any] = {
    "app": "shop",
    "key": "pay.coins",
    "bundle": "pay",
    "description": "Pay with coins",
    "owner": "pay-team",
    "offer_basis": "account",
}
TOKEN = "shop:production.story-of-one"  # nobody's
LONG = tuple(f"plan-{number}" for number in range(20))
PEOPLE = [
    {
        "userId": f"u{number}",
        "accountCountry": country,
        "locationCountry": country,
        "storefrontCountry": country,
        "platform": platform,
        "osVersion": "18.0.0",
        "appVersion": "8.0.70",
        "age": age,
        "plan": "plan-3",
        "clusters": "mit",
        "enrolled": "true",
        "consents": "profiling",
        "walletCurrency": "USD",
        "city": "rome",
    }
    for number, (country, platform, age) in enumerate(
        [("SG", "ios", "30"), ("SG", "android", "12"), ("IT", "ios", "30"), ("US", "ios", "40")]
    )
]


def last(model: type[Model]) -> int:
    """Return the row that was written last."""
    row = model._default_manager.order_by("-pk").first()
    assert row is not None
    return int(row.pk)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the story; a value that is a function is asked when its turn comes."""

    command: type[Command]
    values: dict[str, Any]
    told: bool

    def build(self) -> Command:
        """Return the command, by what is there now."""
        return self.command(
            **{name: value() if callable(value) else value for name, value in self.values.items()}
        )


def told(command: type[Command], **values: Any) -> Step:
    """Give a command of which SDKs hear."""
    return Step(command, values, told=True)


def silent(command: type[Command], **values: Any) -> Step:
    """Give a command that changes nothing for SDKs, now at least."""
    return Step(command, values, told=False)


def write_regions() -> Iterator[Step]:
    """Write facts of the world, which mean nothing alone."""
    yield silent(SetEnvironment, key="testing", name="Testing")
    yield silent(SetLocale, tag="it")
    yield silent(SetTerritoryLocales, territory="IT", locales=("it",))
    yield silent(AddTerritory, code="FR")
    yield silent(AddSubdivision, code="US-NV", name="Nevada")


def write_features() -> Iterator[Step]:
    """Write features, their bundle, whom they are for and on which platforms."""
    yield silent(SetBundle, app="shop", key="pay", name="Payments")
    yield told(SetFeature, **COINS, default_status="live")
    yield told(SetOffer, **HERE, bundle="pay", market="EEA", status="live", **WHY)
    yield told(SetOffer, **CARD, territory="SG", status="live", rollout=50, **WHY)
    yield told(RemoveOffer, **HERE, offer_id=lambda: last(Offer))
    yield told(SetOffer, **CARD, territory="SG", status="live", **WHY)
    yield told(SetMarket, key="EEA", name="EEA", priority=10, members=(MemberSpec(territory="FR"),))
    members = (MemberSpec(territory="FR"), MemberSpec(territory="IT"))
    yield told(SetMarket, key="EEA", name="EEA", priority=10, members=members)
    plans = (ConstraintSpec(context_name="plan", operator="IN", values=LONG),)
    yield silent(SetSegment, app="shop", key="plans", constraints=plans)
    variants = (
        VariantSpec(name="a", weight=400, payload_type="string", payload_value="x"),
        VariantSpec(name="b", weight=600),
    )
    yield told(
        SetTargeting,
        **CARD,
        strategies=(StrategySpec(name="default", segments=("plans",), variants=variants),),
    )
    shorter = (ConstraintSpec(context_name="plan", operator="IN", values=LONG[:3]),)
    yield told(SetSegment, app="shop", key="plans", constraints=shorter)
    minimums = (MinimumSpec(platform="ios", os_version="17"),)
    yield silent(SetPlatformProfile, app="shop", key="new", minimums=minimums)
    yield told(SetFeature, **COINS, profile="new", default_status="live")
    both = (*minimums, MinimumSpec(platform="android"))
    yield told(SetPlatformProfile, app="shop", key="new", minimums=both)
    off = {"closed_to_new_date": date(2026, 1, 1), "off_date": date(2026, 2, 1)}
    yield told(SetPlatformRetirement, app="shop", platform="android", reason="old", **off)
    yield told(RemovePlatformRetirement, app="shop", platform="android")
    platforms = {"platforms": ("ios", "android", "web"), "territories": ("SG", "IT", "US")}
    yield silent(SetApp, key="shop", name="Shop", home_territory="SG", **platforms)


def write_rules() -> Iterator[Step]:
    """Write rules at places, one kind after the other, and remove them."""
    coins: dict[str, Any] = {"app": "shop", "feature": "pay.coins"}
    yield told(SetAgeRule, **coins, territory="SG", minimum=18, **WHY)
    yield told(RemoveAgeRule, app="shop", rule_id=lambda: last(AgeRule))
    yield told(SetConsentRule, **coins, territory="SG", consent="profiling", **WHY)
    yield told(RemoveConsentRule, app="shop", rule_id=lambda: last(ConsentRule))
    coins["environment"] = "production"
    yield told(SetLifeCycle, **coins, territory="SG", sunset_date=date(2026, 12, 1), **WHY)
    yield told(RemoveLifeCycle, **HERE, rule_id=lambda: last(LifeCycle))
    yield told(SetCap, **coins, territory="SG", limit=1, **WHY)
    yield told(TakeLastPlace, **HERE, cap_id=lambda: last(Cap), person="f" * 64)
    yield told(FreeFullPlace, **HERE, cap_id=lambda: last(Cap), person="f" * 64)
    yield told(RemoveCap, **HERE, rule_id=lambda: last(Cap))
    window = WindowSpec(starts=datetime(2027, 1, 1), ends=datetime(2027, 2, 1))  # noqa: DTZ001
    schedule = {"features": ("pay.coins",), "anchor": "account", "windows": (window,)}
    yield told(SetSchedule, **HERE, key="year", **schedule, **WHY)
    yield told(RemoveSchedule, **HERE, key="year")
    schools: dict[str, Any] = {**HERE, "key": "schools"}
    order = {"order": ("mit", "nyu"), "enabled": 0}
    yield told(SetClusterRollout, **schools, feature="pay.coins", **order, **WHY)
    yield told(AdvanceClusterRollout, **schools, cluster="mit")
    yield told(RemoveClusterRollout, **schools)
    law: dict[str, Any] = {"app": "shop", "key": "ban"}
    day = date(2026, 12, 1)
    yield silent(SetLegalOrder, **law, bundles=("pay",), territory="SG", effective_date=day, **WHY)
    yield told(AdvanceLegalOrder, **law, state="scheduled")
    yield told(SetFeature, **COINS, default_status="live", partner_basis="account")
    bank = {"name": "Bank", "features": ("pay.coins",), "territory": "IT", "city": "rome"}
    yield told(SetPartner, app="shop", key="bank", **bank, **WHY)
    yield told(RemovePartner, app="shop", key="bank")
    yield told(PullKillSwitch, **CARD, key="stop", expires_at=NOW + timedelta(days=1), **WHY)
    yield told(ReleaseKillSwitch, **HERE, key="stop")


def write_rest() -> Iterator[Step]:
    """Write what decides nothing, and the end of a feature."""
    yield silent(SetExpectation, **CARD, key="it", context={}, value=False)
    yield silent(RemoveExpectation, **HERE, key="it")
    yield silent(CreateToken, **HERE, kind="backend", name="story", token=TOKEN)
    new = "shop:production.story-of-two"
    yield silent(
        RotateToken, environment="production", token_id=lambda: last(ClientToken), token=new
    )
    yield silent(RevokeToken, environment="production", token_id=lambda: last(ClientToken))
    yield told(ArchiveFeature, app="shop", key="pay.transfer")


STORY = [*write_regions(), *write_features(), *write_rules(), *write_rest()]


class Follower:
    """An SDK that streams, twice: our own memory of it, and Unleash's engine."""

    def __init__(self) -> None:
        self.lowered = load()
        self.state = write([self.lowered])
        self.memory = Memory()
        self.engine = UnleashEngine()
        self.take(render_hydration(narrow(self.state), 1))

    def take(self, body: bytes) -> list[str]:
        """Have both take a message; a warning of the engine is a defect of it."""
        assert not self.engine.take_state(body.decode())
        return self.memory.take(body)

    def follow(self, event_id: int) -> list[str]:
        """Take what changed since; return the types of events."""
        self.lowered = load()
        after = write([self.lowered], self.state)
        told = self.take(render_delta(narrow(self.state), narrow(after), event_id))
        self.state = after
        return told

    def check(self) -> None:
        """Compare both with clients that come new."""
        fresh = Memory()
        fresh.take(render_hydration(narrow(write([self.lowered]))))
        assert (self.memory.features, self.memory.segments) == (fresh.features, fresh.segments)
        new = Sdk(render_features([self.lowered], environment="production"))
        old = Sdk.of(self.engine)
        for person in PEOPLE:
            context = write_context(person, NOW)
            for key in fresh.features:
                assert new.judge(key, context) == old.judge(key, context), (key, person)


def load() -> Any:
    """Lower production as a node does."""
    kills = load_kills("shop", "production").switches
    return lower(load_definitions("shop", "production"), kills, now=NOW)


@pytest.fixture
def follower(world: Do) -> Follower:
    """Have an SDK that came before the story."""
    return Follower()


def test_what_follows_every_command_is_what_a_new_client_gets(
    world: Do, follower: Follower
) -> None:
    """Each command once; those that must be heard are, and no other is."""
    for number, step in enumerate(STORY, start=2):
        command = step.build()
        assert world(command).changed, command
        assert bool(follower.follow(number)) is step.told, command
        follower.check()


def test_every_command_is_in_the_story() -> None:
    """A new command says here what SDKs hear of it. Texts are no definitions."""
    given = {entry.command for entry in list_registrations()}
    texts = {entry for entry in given if entry.__module__.startswith("regions.translations.")}
    assert given - texts == {step.command for step in STORY}


def test_definitions_are_made_without_texts(world: Do) -> None:
    """Why commands about texts are left out of the story: their tables are not read."""
    del world
    with CaptureQueriesContext(connection) as queries:
        load()
    assert len(queries) > 0
    assert not [query for query in queries if "translations_" in query["sql"]]
