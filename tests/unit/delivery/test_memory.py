"""What a node does so that collecting garbage never stops it for long."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from weakref import ref

import anyio
import pytest

from flags.delivery import memory as delivery_memory
from flags.delivery.memory import FEATURES_PER_SWAP, Memory
from flags.delivery.state import State
from tests.unit.delivery.world import build_content, fill

pytestmark = pytest.mark.anyio


class Circle:
    """Something that counting references never frees."""

    itself: Circle


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as delivery does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Leave the collector as it was."""
    yield
    gc.unfreeze()


async def test_what_is_served_is_out_of_the_collectors_sight() -> None:
    """Freeze what the start made, and each scope that is swapped in."""
    state, memory = State(), Memory()
    state.on_live.append(memory.note_swap)
    memory.start()
    started = gc.get_freeze_count()
    await fill(state, build_content(1))
    assert started > 0
    assert gc.get_freeze_count() > started


@pytest.mark.parametrize(("limit", "freed"), [(3 * FEATURES_PER_SWAP, True), (1000, False)])
async def test_replaced_scopes_are_freed_when_they_are_many(
    limit: int,
    freed: bool,  # noqa: FBT001 - a table's column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Free what swaps have replaced, however its parts refer to each other, once it is much."""
    monkeypatch.setattr(delivery_memory, "FEATURES_PER_COLLECTION", limit)
    monkeypatch.setattr(delivery_memory, "COLLECT_AFTER_SECONDS", 0)
    state, memory = State(), Memory()
    state.on_live.append(memory.note_swap)
    await fill(state, build_content(1))
    circle = Circle()
    circle.itself = circle
    first = ref(circle)
    gc.freeze()
    del circle
    for revision in range(2, 5):
        await fill(state, build_content(revision))
    await anyio.wait_all_tasks_blocked()
    await asyncio.sleep(0)
    assert (first() is None) is freed


async def test_listeners_are_told_before_anything_is_freed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A collection stops everybody, so it comes after the swap, and one for many swaps."""
    monkeypatch.setattr(delivery_memory, "FEATURES_PER_COLLECTION", 1)
    state, memory = State(), Memory()
    state.on_live.append(memory.note_swap)
    await fill(state, build_content(1))
    timer = memory.timer
    await fill(state, build_content(2))
    assert timer is not None
    assert memory.timer is timer
    memory.collect()
    assert memory.timer is None
    timer.cancel()
