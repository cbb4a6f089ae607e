"""What must not hold back a kill switch, nor end the thread that brings the next one."""

from __future__ import annotations

import asyncio

from flags.delivery.pollers import Feed
from flags.delivery.state import State
from flags.publishing.memory_store import MemoryStore
from flags.publishing.snapshot import Kills
from flags.publishing.store import PartKey, StoredPart, StoreUnavailable
from tests.unit.delivery.test_pollers import started
from tests.unit.delivery.world import (
    APP,
    ENVIRONMENT,
    build_access,
    build_content,
    build_kill,
    build_part,
    build_store,
    fill,
)

KILLED = build_part("kills", Kills((build_kill(),)), 2)


class SlowContent(MemoryStore):
    """A source whose content never arrives in time."""

    def get(self, key: PartKey) -> StoredPart | None:
        """Fail for content."""
        if key.part == "content":
            raise StoreUnavailable("timed out")
        return super().get(key)


def is_killed(state: State) -> bool:
    """Tell whether the switch is served."""
    live = state.current(APP, ENVIRONMENT)
    return live is not None and bool(live.kills.switches)


def test_a_kill_does_not_wait_for_content_that_does_not_arrive() -> None:
    """Serve the switch while the content that is published beside it times out."""
    source = SlowContent()
    source.put(build_content(3))
    source.put(KILLED)
    state = State()

    async def run() -> None:
        await fill(state, build_content(1), build_part("access", build_access(), 1))
        await started(Feed(state, [source]))

    asyncio.run(run())
    assert is_killed(state)


def test_a_thread_outlives_what_breaks_on_the_loop() -> None:
    """Bring the next part though telling of the one before raised."""
    state, store = State(), build_store()

    def break_once(_live: object) -> None:
        state.on_live.remove(break_once)
        raise RuntimeError("broken listener")

    state.on_live.append(break_once)
    feed = Feed(state, [store])

    async def run() -> None:
        await feed.start()
        store.put(KILLED)
        for _attempt in range(100):
            feed.wake()
            await asyncio.sleep(0.02)
            if is_killed(state):
                break
        feed.stop()

    asyncio.run(run())
    assert is_killed(state)


def test_content_of_the_file_waits_for_kills_that_cannot_be_read() -> None:
    """Serve nothing rather than features whose switches are known to exist unseen."""
    body = b"{"
    unreadable = build_part("kills", Kills(), 2)
    store = build_store(build_content(1))
    store._parts[unreadable.key] = StoredPart(unreadable.key, unreadable.head, body)
    state = State()
    asyncio.run(started(Feed(state, [], last_known_good=store)))
    assert state.current(APP, ENVIRONMENT) is None
