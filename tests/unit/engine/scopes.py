"""One small scope that the table tests vary: commerce in Singapore, calls, and a wallet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import (
    Bundle,
    Definitions,
    Feature,
    KillSwitch,
    Market,
    Member,
    Minimum,
    Offer,
    Place,
    PlatformProfile,
    Rule,
    Status,
    Target,
    Territory,
)
from flags.engine.evaluate import evaluate, evaluate_directly
from flags.engine.result import Evaluation
from flags.wire.context import read_context

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SINGAPORE = {
    "userId": "7",
    "accountCountry": "SG",
    "locationCountry": "SG",
    "storefrontCountry": "SG",
    "platform": "ios",
    "osVersion": "18.0.0",
    "appVersion": "8.0.70",
}
COLLECTIONS = Feature(
    key="commerce.collections",
    bundle="commerce",
    offer_basis="account",
    law_basis=("account", "location"),
    profile="rich",
)
VOICE = Feature(
    key="calling.voice",
    bundle="calling",
    offer_basis="location",
    law_basis=("location", "participants"),
    fail_closed=True,
)
RICH = PlatformProfile(
    key="rich",
    minimums=(
        Minimum(platform="ios", os_version="15"),
        Minimum(platform="android", os_version="8", app_version="8.0.50"),
        Minimum(platform="web", os_version="0"),
    ),
)


def scope(*features: Feature, **parts: Any) -> Definitions:
    """Build a scope with the territories, market and profile that all tests share."""
    return Definitions(
        app="superapp",
        environment="production",
        territories=(
            Territory(code="AE", zone="Asia/Dubai"),
            Territory(code="CA", zone="America/Toronto"),
            Territory(code="KR", zone="Asia/Seoul"),
            Territory(code="SG", zone="Asia/Singapore"),
        ),
        markets=parts.pop(
            "markets",
            (Market(key="ASIA", priority=1, members=(Member("KR"), Member("SG"))),),
        ),
        profiles=(RICH,),
        bundles=(Bundle(key="calling"), Bundle(key="commerce")),
        features=features or (COLLECTIONS,),
        **parts,
    )


def offer(
    status: Status, place: Place, *, key: str = "", feature: str = "", bundle: str = "", **more: Any
) -> Offer:
    """Build an offer that is known by its status and place."""
    return Offer(
        rule=Rule(key=key or f"{status}@{place.key or 'everywhere'}"),
        target=Target(feature=feature, bundle="" if feature else bundle or "commerce"),
        place=place,
        status=status,
        **more,
    )


def territory(code: str) -> Place:
    """Name a territory."""
    return Place(kind="territory", key=code)


def context(now: datetime = NOW, *, thrown: int = 1, **changes: Any) -> Context:
    """Read a person in Singapore with some fields changed; None takes a field away."""
    fields = {**SINGAPORE, **changes}
    return read_context(
        {name: value for name, value in fields.items() if value is not None},
        now=now,
        dice=lambda sides: min(thrown, sides),
        environment="production",
        trusted=True,
    )


def ask(
    definitions: Definitions,
    person: Context,
    *,
    key: str = "",
    kills: tuple[KillSwitch, ...] = (),
) -> Evaluation:
    """Evaluate one feature by plan and directly; both must say the same."""
    snapshot = compile_snapshot(definitions, kills)
    key = key or definitions.features[0].key
    evaluation = evaluate(snapshot, key, person)
    assert evaluate_directly(snapshot, key, person) == evaluation
    return evaluation
