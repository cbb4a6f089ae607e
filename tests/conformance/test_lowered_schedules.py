"""Schedules alone, so that generated people get as far as their windows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Definitions, Feature
from flags.engine.evaluate import evaluate, evaluate_directly
from flags.engine.lower import lower
from flags.wire.unleash import render_features
from tests.conformance.sdk import Sdk
from tests.conformance.test_lowering import read
from tests.unit.engine.interpreter import interpret
from tests.unit.engine.worlds import (
    FEATURES,
    NOON,
    TERRITORIES,
    contexts,
    markets,
    moments,
    schedules,
)


@st.composite
def calendars(draw: st.DrawFn) -> Definitions:
    """Draw a scope in which nothing but schedules closes a feature."""
    return Definitions(
        app="superapp",
        environment="production",
        territories=TERRITORIES,
        markets=draw(markets()),
        features=tuple(Feature(key=key) for key in FEATURES),
        schedules=draw(schedules().filter(bool)),
    )


@given(
    world=calendars(),
    before=calendars(),
    since=st.none() | st.just(NOON),
    crowd=st.lists(st.tuples(contexts(), moments), min_size=4, max_size=12),
)
def test_schedules_are_told_alike_and_lowered_never_looser(
    world: Definitions,
    before: Definitions,
    since: datetime | None,
    crowd: list[tuple[dict[str, Any], datetime]],
) -> None:
    """Plans, direct evaluation and the interpreter agree; an SDK is on only where they are."""
    old = compile_snapshot(replace(before, markets=world.markets))
    snapshot = compile_snapshot(world, previous=old)
    sdk = Sdk(render_features([lower(world, now=since)], environment="production"))
    for fields, now in crowd:
        person = read(fields, now)
        for key in FEATURES:
            told = interpret(world, (), key, person)
            found = evaluate(snapshot, key, person)
            assert (told.on, told.reason) == (found.on, found.reason.value)
            assert evaluate_directly(snapshot, key, person) == found
            if (since is None or now >= since) and sdk.is_on(key, fields, now):
                assert found.on
