"""People of every group, signed in; rows of every kind; words in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from flags.operations.ages import SetAgeRule
from flags.operations.caps import SetCap
from flags.operations.clusters import SetClusterRollout
from flags.operations.consents import SetConsentRule
from flags.operations.constraints import ConstraintSpec
from flags.operations.expectations import SetExpectation
from flags.operations.kills import PullKillSwitch
from flags.operations.lifecycles import SetLifeCycle
from flags.operations.offers import SetOffer
from flags.operations.orders import SetLegalOrder
from flags.operations.partners import SetPartner
from flags.operations.platforms import MinimumSpec, SetPlatformProfile, SetPlatformRetirement
from flags.operations.schedules import SetSchedule, WindowSpec
from flags.operations.segments import SetSegment
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from flags.operations.tokens import CreateToken
from flags.operations.usage import fold
from flags.publishing.exposure import Batch, Seen
from regions.governance import relay
from regions.governance.policy import APPROVERS, PRODUCT_MANAGERS, TRANSLATORS
from regions.operations import SetLocale, SetTerritoryLocales
from regions.translations.catalog import Catalog, Message
from regions.translations.operations import ImportCatalog
from tests.unit.world import NOW, Do, a_feature

SignIn = Callable[[str], Client]

GROUP_OF = {
    "pm": PRODUCT_MANAGERS,
    "translator": TRANSLATORS,
    "approver": APPROVERS,
    "guest": None,
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """Nudge nobody, and write words back into a folder of the test's own."""
    monkeypatch.setattr(relay, "nudge", lambda: None)
    settings.LOCALE_DIR = tmp_path


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """Sign a person of the staff in: admin, pm, translator, approver, or a guest in no group."""

    def enter(name: str) -> Client:
        user, created = User.objects.get_or_create(
            username=name, defaults={"is_staff": True, "is_superuser": name == "admin"}
        )
        group = GROUP_OF.get(name)
        if created and group:
            user.groups.add(Group.objects.get_or_create(name=group)[0])
        client = Client()
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def stocked(world: Do) -> Do:
    """Have one of everything, and return the door."""
    stock(world, "one")
    return world


def stock(do: Do, name: str) -> None:
    """Have one more of everything, with this name."""
    adult = ConstraintSpec(context_name="age", operator="NUM_GTE", value="18")
    minimum = MinimumSpec(platform="ios", os_version="15")
    strategy = StrategySpec(
        name="flexibleRollout",
        parameters={"rollout": "50"},
        constraints=(adult,),
        segments=(name,),
        variants=(VariantSpec(name="a", weight=1000),),
    )
    platform = "ios" if name == "one" else "android"
    feature = f"pay.{name}"
    here: dict[str, Any] = {"app": "shop", "environment": "production"}
    for command in (
        SetPlatformProfile(app="shop", key=name, minimums=(minimum,)),
        SetPlatformRetirement(
            app="shop", platform=platform, closed_to_new_date=date(2027, 1, 1), reason="old"
        ),
        SetSegment(app="shop", key=name, constraints=(adult,)),
        a_feature(feature, requires=("pay.card",), profile=name, partner_basis="location"),
        SetPartner(
            app="shop",
            key=name,
            name=name,
            features=(feature,),
            territory="SG",
            requirements=(adult,),
            reason="signed",
            owner="pay-team",
        ),
        SetSchedule(
            **here,
            key=name,
            features=(feature,),
            anchor="location",
            market="EEA",
            windows=(WindowSpec(starts=datetime(2027, 6, 1)),),  # noqa: DTZ001 - a wall time
            reason="a season",
            owner="pay-team",
        ),
        SetTargeting(**here, feature=feature, strategies=(strategy,)),
        SetOffer(
            **here,
            feature=feature,
            territory="SG",
            status="live",
            reason="licensed",
            owner="pay-team",
            review_date=date(2026, 1, 1),
        ),
        SetAgeRule(app="shop", feature=feature, minimum=18, reason="law", owner="legal-team"),
        SetConsentRule(
            app="shop",
            feature=feature,
            market="EEA",
            consent="profiling",
            reason="law",
            owner="legal-team",
        ),
        SetLifeCycle(
            **here,
            feature=feature,
            territory="SG",
            closed_to_new_date=date(2027, 1, 1),
            reason="few use it",
            owner="pay-team",
        ),
        SetCap(
            **here, feature=feature, territory="SG", limit=100, reason="counted", owner="pay-team"
        ),
        SetClusterRollout(
            **here,
            key=name,
            feature=feature,
            order=("ucla", "nyu", "mit"),
            enabled=1,
            reason="friends",
            owner="pay-team",
        ),
        SetLegalOrder(
            app="shop",
            key=name,
            features=(feature,),
            market="EEA",
            effective_date=date(2027, 1, 1),
            reason="order",
            owner="legal-team",
        ),
        PullKillSwitch(
            **here,
            key=name,
            feature=feature,
            territory="SG",
            reason="it crashes",
            owner="on-call",
            expires_at=NOW + timedelta(days=1),
        ),
        CreateToken(**here, kind="backend", name=name, token=f"shop:production.secret-{name}"),
        SetExpectation(
            **here, key=name, feature=feature, context={"accountCountry": "SG"}, value=False
        ),
        SetLocale(tag="en"),
        SetLocale(tag="es"),
        SetLocale(tag="es-419"),
        SetTerritoryLocales(territory="US", locales=("en", "es")),
        ImportCatalog(catalogs=tuple(catalogs(name))),
    ):
        do(command)
    seen = Seen("shop", feature, "", "SG", "LIVE", "ios", "server")
    fold(Batch(name, "production", {(NOW, seen): 3}), now=NOW)


def catalogs(name: str) -> list[Catalog]:
    """Return a component of two messages in English, with one of them in Spanish."""
    fee = Message(key=f"{name}.fee", source="A fee of {fee}.", forms=("A fee of {fee}.",))
    taxi = Message(key=f"{name}.taxi", source="Pay for a taxi", forms=("Pay for a taxi",))
    spanish = Message(key=f"{name}.taxi", source="Pay for a taxi", forms=("Pagar un taxi",))
    return [
        Catalog(component=name, locale="en", messages=(fee, taxi)),
        Catalog(component=name, locale="es", messages=(spanish,)),
    ]
