"""The threads between sources and state: cold starts, silence, the file."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from flags.delivery.pollers import Feed
from flags.delivery.prepared import Prepared
from flags.delivery.state import State
from flags.publishing.directory_store import DirectoryStore
from flags.publishing.memory_store import MemoryStore
from flags.publishing.store import Head, PartKey, StoredPart, StoreUnavailable
from tests.unit.delivery.world import (
    APP,
    ENVIRONMENT,
    build_access,
    build_content,
    build_part,
    build_store,
)


class SilentSource:
    """A source that never answers."""

    name = "silent"

    def heads(self) -> dict[PartKey, Head]:
        """Fail."""
        raise StoreUnavailable("down")

    def get(self, key: PartKey) -> StoredPart | None:
        """Fail."""
        raise StoreUnavailable(str(key))

    def get_blob(self, sha256: str) -> bytes | None:
        """Fail."""
        raise StoreUnavailable(sha256)


async def started(feed: Feed) -> State:
    """Start a feed, wait for its first round, stop it."""
    await feed.start()
    for poller in feed.pollers:
        await asyncio.to_thread(poller.first_round.wait, 5)
    feed.stop()
    for poller in feed.pollers:
        await asyncio.to_thread(poller.thread.join, 5)
    return feed.state


def revision_of(state: State) -> int | None:
    """Return the revision that is served."""
    live = state.current(APP, ENVIRONMENT)
    return None if live is None else live.revision


def test_a_node_serves_what_its_first_source_has() -> None:
    """Be ready when the start is over."""
    state = asyncio.run(started(Feed(State(), [build_store()])))
    assert state.is_ready()
    assert revision_of(state) == 1


def test_a_source_behind_a_silent_one_is_asked() -> None:
    """Read from the database while Redis is silent."""
    state = asyncio.run(started(Feed(State(), [SilentSource(), build_store()])))
    assert revision_of(state) == 1
    assert state.heard_at is not None


def test_what_is_activated_is_kept_in_the_file(tmp_path: Path) -> None:
    """Serve after a restart without any source, texts included."""
    first = Feed(State(), [build_store()], last_known_good=DirectoryStore(tmp_path))
    asyncio.run(started(first))
    again = Feed(State(), [SilentSource()], last_known_good=DirectoryStore(tmp_path))
    state = asyncio.run(started(again))
    assert revision_of(state) == 1
    assert state.is_ready()
    assert state.heard_at is None
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    assert len(live.blobs) == 3


class FullDisk(DirectoryStore):
    """A directory on a disk that is full until it is told otherwise."""

    is_full = True

    def put(self, part: StoredPart) -> bool:
        """Fail as a full disk does."""
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().put(part)


async def fed_while_the_disk_was_full(source: MemoryStore, file: FullDisk) -> None:
    """Activate with a full disk, then go on polling with room on it."""
    feed = Feed(State(), [source], last_known_good=file)
    feed.loop = asyncio.get_running_loop()
    await asyncio.to_thread(feed.pollers[0].poll_once)
    file.is_full = False
    await asyncio.to_thread(feed.pollers[0].poll_once)


def damage(folder: Path) -> None:
    """Spoil every generation of the file."""
    for path in folder.glob("*.lkg"):
        path.write_bytes(b"damaged")


def test_what_a_full_disk_refused_is_kept_once_there_is_room(tmp_path: Path) -> None:
    """Write what is served without waiting for the next publish."""
    asyncio.run(fed_while_the_disk_was_full(build_store(), FullDisk(tmp_path)))
    again = Feed(State(), [SilentSource()], last_known_good=DirectoryStore(tmp_path))
    state = asyncio.run(started(again))
    assert revision_of(state) == 1
    assert state.is_ready()


def test_a_damaged_file_is_written_whole_at_the_next_change(tmp_path: Path) -> None:
    """Keep every part that is served, not only the one that is new."""
    store, file = build_store(), DirectoryStore(tmp_path)

    async def damage_then_change() -> None:
        feed = Feed(State(), [store], last_known_good=file)
        feed.loop = asyncio.get_running_loop()
        await asyncio.to_thread(feed.pollers[0].poll_once)
        damage(tmp_path)
        store.put(build_part("access", build_access(), 2))
        await asyncio.to_thread(feed.pollers[0].poll_once)

    asyncio.run(damage_then_change())
    again = Feed(State(), [SilentSource()], last_known_good=DirectoryStore(tmp_path))
    state = asyncio.run(started(again))
    assert revision_of(state) == 1
    assert state.is_ready()


def test_the_file_does_not_go_back_when_a_source_is_older(tmp_path: Path) -> None:
    """Keep what was served before a database was restored."""
    newer = build_store(build_content(9))
    asyncio.run(started(Feed(State(), [newer], last_known_good=DirectoryStore(tmp_path))))
    older = Feed(State(), [build_store(build_content(3))], last_known_good=DirectoryStore(tmp_path))
    assert revision_of(asyncio.run(started(older))) == 9


def test_without_anything_a_node_starts_and_is_not_ready() -> None:
    """Start all the same: what answers 503 can become ready."""
    state = asyncio.run(started(Feed(State(), [SilentSource()])))
    assert not state.is_ready()


class OddFeed(Feed):
    """A feed that meets, in its first turn, what nobody foresaw."""

    turns = 0

    def hand_over(
        self, heads: dict[PartKey, Head], prepared: list[Prepared], *, first: bool
    ) -> None:
        """Fail once."""
        self.turns += first
        if self.turns == 1 and first:
            raise ValueError("odd")
        super().hand_over(heads, prepared, first=first)


def test_a_thread_outlives_whatever_breaks_in_a_turn() -> None:
    """Go on polling after a turn that failed, and count it."""

    async def failed_then_went_on() -> State:
        feed = OddFeed(State(), [build_store()])
        await feed.start()
        poller = feed.pollers[0]
        poller.first_round.clear()
        poller.wake.set()
        await asyncio.to_thread(poller.first_round.wait, 5)
        feed.stop()
        await asyncio.to_thread(poller.thread.join, 5)
        return feed.state

    state = asyncio.run(failed_then_went_on())
    assert revision_of(state) == 1
    assert state.counters.counts["turn_failures", (("source", "memory"),)] == 1


@pytest.mark.parametrize(("error", "expected"), [(ValueError("odd"), 4), (OSError("down"), 0)])
def test_an_errand_that_breaks_keeps_no_turn(error: Exception, expected: int) -> None:
    """Do the next errand and the next turn; leave the others where Redis is silent.

    Three turns are four hand-overs: the first has kill switches and tokens go ahead.
    """
    did: list[State] = []

    def fail(_state: State) -> None:
        raise error

    async def turn_three_times() -> State:
        feed = Feed(State(), [build_store()])
        feed.errands = [fail, did.append]
        feed.loop = asyncio.get_running_loop()
        for _turn in range(3):
            await asyncio.to_thread(feed.pollers[0].poll_once)
        return feed.state

    state = asyncio.run(turn_three_times())
    assert revision_of(state) == 1
    assert len(did) == expected
    assert state.counters.counts.get(("errand_failures", ()), 0) == expected


def test_a_text_is_found_in_any_source() -> None:
    """Look for text bundles behind a silent source too."""
    store = build_store()
    feed = Feed(State(), [SilentSource(), MemoryStore(), store])
    sha256 = next(iter(store._blobs))
    assert store.get_blob(sha256) == feed.find_blob(sha256)
    assert feed.find_blob("0" * 64) is None
