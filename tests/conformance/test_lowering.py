"""What SDKs decide from lowered definitions, against what the engine decides itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import Definitions, KillSwitch
from flags.engine.evaluate import evaluate
from flags.engine.lower import lower
from flags.wire.context import read_context
from flags.wire.unleash import render_features
from tests.conformance.sdk import Sdk
from tests.unit.engine.worlds import (
    CODES,
    CONSENTS,
    GROUPS,
    NOON,
    WALLETS,
    ZONES,
    contexts,
    definitions,
    kills,
    moments,
)

canonical_contexts = st.fixed_dictionaries(
    {
        "userId": st.sampled_from(("7", "8", "42")),
        "sessionId": st.just("s1"),
        "accountCountry": st.sampled_from((*CODES, "ZW")),
        "locationCountry": st.sampled_from((*CODES, "ZW")),
        "storefrontCountry": st.sampled_from((*CODES, "ZW")),
        "platform": st.sampled_from(("ios", "web")),
        "osVersion": st.sampled_from(("18.0.0", "15.0.0", "14.8.1")),
        "appVersion": st.sampled_from(("8.0.70", "8.0.9")),
        "enrolled": st.sampled_from(("true", "false")),
        "plan": st.sampled_from(("pro", "free")),
        "age": st.sampled_from(("12", "17", "18")),
        "accountTimeZone": st.sampled_from(ZONES[:2]),
        "timeZone": st.sampled_from(ZONES[:2]),
    },
    optional={
        "participantCountries": st.lists(st.sampled_from((*CODES, "ZW")), min_size=1),
        "consents": st.lists(st.sampled_from((*CONSENTS, "profiling2")), min_size=1),
        "clusters": st.lists(st.sampled_from((*GROUPS, "other")), min_size=1),
        "city": st.sampled_from((*GROUPS, "other")),
        "walletCurrency": st.sampled_from((*WALLETS, "USD")),
    },
)
# Between flips: the boundary itself is exempt, since DATE_AFTER is strict.
quiet_moments = st.integers(-80, 80).map(lambda hours: NOON + timedelta(hours=hours, minutes=7))


def read(fields: dict[str, Any], now: datetime) -> Context:
    """Read a context whose dice let everybody in who leaves it to chance."""
    return read_context(
        fields, now=now, dice=lambda _sides: 1, environment="production", trusted=True
    )


@given(
    world=definitions(),
    switches=kills(),
    since=st.none() | st.just(NOON),
    crowd=st.lists(st.tuples(contexts(), moments), min_size=1, max_size=6),
    inline=st.booleans(),
)
def test_what_is_on_in_an_sdk_is_on_in_the_engine(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    since: datetime | None,
    crowd: list[tuple[dict[str, Any], datetime]],
    *,
    inline: bool,
) -> None:
    """Lowering is never looser, whatever a client sends and whenever it asks."""
    snapshot = compile_snapshot(world, switches)
    lowered = lower(world, switches, now=since)
    sdk = Sdk(render_features([lowered], environment="production", inline_segments=inline))
    assert sdk.warnings is None
    for fields, now in crowd:
        if since is not None and now < since:
            continue
        for key in snapshot.feature_keys:
            if sdk.is_on(key, fields, now):
                assert evaluate(snapshot, key, read(fields, now)).on


@given(
    world=definitions(),
    switches=kills(),
    since=st.none() | st.just(NOON),
    crowd=st.lists(st.tuples(canonical_contexts, quiet_moments), min_size=1, max_size=6),
)
def test_exact_features_are_decided_alike(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    since: datetime | None,
    crowd: list[tuple[dict[str, Any], datetime]],
) -> None:
    """On canonical complete contexts an SDK and the engine give the same variants."""
    snapshot = compile_snapshot(world, switches)
    lowered = lower(world, switches, now=since)
    sdk = Sdk(render_features([lowered], environment="production"))
    exact = [one.key for one in lowered.features if one.exact and not one.hidden]
    for fields, now in crowd:
        too_early = since is not None and now < since
        if too_early or (lowered.until is not None and now >= lowered.until):
            continue
        for key in exact:
            evaluation = evaluate(snapshot, key, read(fields, now))
            assert evaluation.on == sdk.is_on(key, fields, now)
            expected = evaluation.variant.name if evaluation.variant else "disabled"
            assert expected == sdk.variant(key, fields, now)
