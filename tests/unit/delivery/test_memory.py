"""What a node does so that collecting garbage never stops it for long."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from flags.delivery.memory import SWAPS_PER_COLLECTION, Memory
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


async def test_replaced_scopes_are_freed_in_the_end() -> None:
    """Free what many swaps have replaced, however its parts refer to each other."""
    state, memory = State(), Memory()
    state.on_live.append(memory.note_swap)
    await fill(state, build_content(1))
    circle = Circle()
    circle.itself = circle
    first = ref(circle)
    gc.freeze()
    del circle
    for revision in range(2, SWAPS_PER_COLLECTION + 2):
        await fill(state, build_content(revision))
    assert first() is None
