"""Time itself changes answers: who is told, and that it goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from flags.delivery.flips import FlipTimers
from flags.delivery.state import Change, State
from flags.engine.compiled import CompiledSnapshot
from tests.unit.delivery.world import APP, build_content, fill

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as delivery does."""
    return "asyncio"


async def test_clients_are_told_when_a_dated_rule_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hint the territories of a flip at its instant, then wait for the next one."""
    soon = datetime.now(UTC) + timedelta(milliseconds=50)
    asked: list[datetime] = []

    def find_flip(
        _snapshot: CompiledSnapshot, after: datetime
    ) -> tuple[datetime, frozenset[str]] | None:
        asked.append(after)
        return (soon, frozenset({"SG"})) if after < soon else None

    monkeypatch.setattr("flags.delivery.flips.next_flip", find_flip)
    state = State()
    heard: asyncio.Queue[Change] = asyncio.Queue()
    FlipTimers(state)
    await fill(state, build_content(1))
    state.on_change.append(heard.put_nowait)
    async with asyncio.timeout(5):
        change = await heard.get()
    assert datetime.now(UTC) >= soon
    assert (change.app, change.revision, change.territories) == (APP, 1, ("SG",))
    assert change.spread_seconds > 0
    assert change.flipped_at == soon
    assert asked[-1] == soon


async def test_a_swap_between_a_flip_and_its_timer_loses_no_flip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Look for flips from a moment before the swap on."""
    just_now = datetime.now(UTC) - timedelta(milliseconds=10)
    monkeypatch.setattr(
        "flags.delivery.flips.next_flip",
        lambda _snapshot, after: (just_now, frozenset({"SG"})) if after < just_now else None,
    )
    state = State()
    heard: asyncio.Queue[Change] = asyncio.Queue()
    FlipTimers(state)
    await fill(state, build_content(1))
    state.on_change.append(heard.put_nowait)
    async with asyncio.timeout(5):
        change = await heard.get()
    assert change.flipped_at == just_now


async def test_a_scope_that_was_replaced_tells_no_flip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the timers of an old revision behind."""
    monkeypatch.setattr("flags.delivery.flips.next_flip", lambda _snapshot, _after: None)
    state = State()
    timers = FlipTimers(state)
    heard: list[Change] = []
    await fill(state, build_content(1))
    old = state.current(APP, "production")
    assert old is not None
    await fill(state, build_content(2))
    state.on_change.append(heard.append)
    timers.flip(old, datetime.now(UTC), ("SG",))
    assert heard == []


async def test_definitions_are_lowered_again_when_their_time_is_over() -> None:
    """Replace what backend SDKs get and keep the rest."""
    state = State()
    await fill(state, build_content(1))
    old = state.current(APP, "production")
    assert old is not None
    await state.lower_again(old)
    renewed = state.current(APP, "production")
    assert renewed is not None
    assert renewed is not old
    assert renewed.snapshot is old.snapshot
    assert renewed.lowered.features == old.lowered.features


async def test_what_could_not_be_lowered_again_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Leave backends no stricter definitions for good because one attempt failed."""
    monkeypatch.setattr("flags.delivery.flips.RETRY_SECONDS", 0.01)
    state = State()
    timers = FlipTimers(state)
    await fill(state, build_content(1))
    old = state.current(APP, "production")
    assert old is not None
    renewed = asyncio.Event()
    state.on_live.append(lambda _live: renewed.set())
    with monkeypatch.context() as broken:
        broken.setattr("flags.delivery.state.lower_again", None)
        timers.renew(old)
        await asyncio.wait(timers.renewing)
    async with asyncio.timeout(5):
        await renewed.wait()
    assert state.current(APP, "production") is not old
