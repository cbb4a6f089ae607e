"""What backend SDKs get of the demo: how much of it is exact, and how many bytes it takes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from flags.engine.evaluate import evaluate
from flags.engine.lower import LoweredDefinitions, lower
from flags.wire.context import read_context
from flags.wire.unleash import render_features
from tests.conformance.sdk import Sdk
from tests.scenarios.conftest import NOW, Asked

EXACT_SHARE = 0.85
PAYLOAD_BYTES_MAX = 155_000
# Between flips: at the very instant SDKs are a moment late (DATE_AFTER is strict).
INSTANTS = tuple(NOW + timedelta(days=days, minutes=7) for days in (0, 12, 45, 100, 400))


@pytest.fixture(scope="module")
def lowered(asked: Asked) -> LoweredDefinitions:
    """Lower the demo's production as a node does."""
    snapshot = asked.respondent.snapshot
    return lower(snapshot.definitions, snapshot.kills, now=NOW)


def test_most_of_the_demo_is_exact_in_sdks(lowered: LoweredDefinitions) -> None:
    """Over 85 % of its features; each of the others says why it is stricter."""
    shown = [one for one in lowered.features if not one.hidden]
    exact = [one.key for one in shown if one.exact]
    stricter = {one.key: one.notes for one in shown if not one.exact}
    assert len(exact) > EXACT_SHARE * len(shown), stricter
    assert all(stricter.values())


def test_the_demo_is_a_small_payload(lowered: LoweredDefinitions) -> None:
    """A server fetches less than 155 kB: long lists of countries are sent once, as segments."""
    body = render_features([lowered], environment="production")
    assert len(body) < PAYLOAD_BYTES_MAX


def person(code: str) -> dict[str, Any]:
    """Return a complete canonical context: what the context helper sends for an adult."""
    return {
        "userId": f"user-{code}",
        "sessionId": "s1",
        "accountCountry": code,
        "locationCountry": code,
        "storefrontCountry": code,
        "platform": "ios",
        "osVersion": "18.0.0",
        "appVersion": "8.0.70",
        "age": "30",
        "consents": ["profiling", "location"],
        "enrolled": "false",
        "walletCurrency": "USD",
        "city": "las-vegas",
    }


@pytest.mark.parametrize("now", INSTANTS, ids=lambda now: f"{now:%Y-%m-%d}")
def test_sdks_decide_the_demo_as_the_engine_does(
    asked: Asked, lowered: LoweredDefinitions, now: datetime
) -> None:
    """In every territory: on in SDKs is on here, and exact features are the same."""
    snapshot = asked.respondent.snapshot
    sdk = Sdk(render_features([lowered], environment="production"))
    assert sdk.warnings is None
    late = lowered.until is not None and now >= lowered.until
    for territory in snapshot.definitions.territories:
        fields = person(territory.code)
        context = read_context(
            fields, now=now, dice=lambda _sides: 1, environment="production", trusted=True
        )
        for feature in lowered.features:
            if feature.hidden:
                continue
            ours = evaluate(snapshot, feature.key, context)
            theirs = sdk.is_on(feature.key, fields, now)
            assert theirs <= ours.on, (feature.key, territory.code)
            if feature.exact and not late:
                assert theirs == ours.on, (feature.key, territory.code)
                variant = ours.variant.name if ours.variant else "disabled"
                assert variant == sdk.variant(feature.key, fields, now)
