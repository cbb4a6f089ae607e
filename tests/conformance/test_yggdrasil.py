"""The engine against the official Rust engine, on generated canonical payloads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Definitions
from flags.engine.evaluate import evaluate
from flags.engine.lower import lower
from flags.wire.context import read_context
from flags.wire.unleash import render_features
from flags.wire.unleash_import import parse_features
from tests.conformance.payloads import contexts, definitions
from tests.conformance.sdk import Sdk
from tests.unit.engine.worlds import NOON

moments = st.sampled_from((-24, 0, 5, 12, 24)).map(lambda hours: NOON + timedelta(hours=hours))


@given(
    world=definitions(),
    crowd=st.lists(st.tuples(contexts, moments), min_size=1, max_size=8),
    inline=st.booleans(),
)
def test_the_engine_and_yggdrasil_read_a_payload_alike(
    world: Definitions, crowd: list[tuple[dict[str, Any], datetime]], *, inline: bool
) -> None:
    """Every flag and every variant is the same, to the last hash."""
    body = render_features([lower(world)], environment="production", inline_segments=inline)
    sdk = Sdk(body)
    assert sdk.warnings is None
    snapshot = compile_snapshot(parse_features(body))
    for fields, now in crowd:
        context = read_context(fields, now=now, dice=lambda _n: 1, environment="default")
        for key in snapshot.feature_keys:
            evaluation = evaluate(snapshot, key, context)
            assert evaluation.on == sdk.is_on(key, fields, now)
            expected = evaluation.variant.name if evaluation.variant else "disabled"
            assert expected == sdk.variant(key, fields, now)
