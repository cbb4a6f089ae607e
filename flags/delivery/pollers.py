"""Threads that bring published parts to the state: one per source, hints beside them.

Each source has a thread of its own, so that a stalled database delays nobody but itself.
Fetching, digests, decoding and the last-known-good file happen here; the loop only
builds and swaps.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Protocol

import structlog

from flags.delivery.prepared import Prepared, UnreadablePart, prepare
from flags.delivery.state import State
from flags.publishing.snapshot import named_blobs
from flags.publishing.store import (
    DamagedPart,
    Head,
    Hint,
    Keepsake,
    PartKey,
    Source,
    StoredPart,
)

POLL_SECONDS = 1.0
# A source behind the first is asked at every third turn while one before it answers.
BACKSTOP_TURNS = 3
ACTIVATION_SECONDS = 60.0
FIRST_ROUND_SECONDS = 1.5

_log = structlog.get_logger(__name__)


class HintSource(Protocol):
    """A source that also announces what is new."""

    def listen(
        self,
        on_hint: Callable[[Hint], None],
        stop: threading.Event,
        *,
        on_connected: Callable[[], None] | None = None,
    ) -> threading.Thread:
        """Call `on_hint` for every announcement until `stop`, in a thread of its own."""
        ...


# What is done after a turn that heard the first source, such as telling what is served.
Errand = Callable[[State], None]


class Poller:
    """Keep one source's news coming; `rank` 0 is the source that is asked first."""

    def __init__(self, feed: Feed, source: Source, rank: int) -> None:
        self.feed = feed
        self.source = source
        self.rank = rank
        self.wake = threading.Event()
        self.first_round = threading.Event()
        self.answered_at: float | None = None
        self.silent = False
        self.failing = False
        self.thread = threading.Thread(target=self.run, name=f"poll-{source.name}", daemon=True)

    def run(self) -> None:
        """Poll until the feed stops; intervals vary by a fifth so that nodes spread.

        Whatever breaks ends its own turn only: a node whose threads are gone hears of no
        kill switch any more.
        """
        turn = 0
        while not self.feed.stopping.is_set():
            if self.rank == 0 or turn % BACKSTOP_TURNS == 0 or not self.feed.heard_before(self):
                try:
                    self.poll_once()
                except Exception:  # noqa: BLE001 see above
                    self.note_failure()
                else:
                    self.failing = False
            turn += 1
            self.first_round.set()
            self.wake.wait(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            self.wake.clear()

    def poll_once(self) -> None:
        """Fetch what is newer and have it activated; a silent source is only noted.

        Kill switches and tokens are served before content is asked for: a large content
        part or a missing text bundle may take long, and they never wait for it.
        """
        try:
            heads = self.source.heads()
            urgent = {key: head for key, head in heads.items() if key.part != "content"}
            if prepared := self.feed.fetch(self.source, urgent):
                self.feed.hand_over(heads, prepared, first=False)
            prepared = self.feed.fetch(self.source, heads)
        except Exception as error:  # noqa: BLE001 a broken source must not end its thread
            self.note_silence(error)
            return
        self.silent = False
        self.answered_at = time.monotonic()
        self.feed.hand_over(heads, prepared, first=self.rank == 0)

    def note_silence(self, error: Exception) -> None:
        """Log the first silence of a row of them."""
        self.feed.state.counters.count("poll_failures", source=self.source.name)
        if not self.silent:
            self.silent = True
            _log.warning("source.silent", source=self.source.name, error=str(error))

    def note_failure(self) -> None:
        """Log the first failed turn of a row of them, with what broke."""
        self.feed.state.counters.count("turn_failures", source=self.source.name)
        if not self.failing:
            self.failing = True
            _log.exception("turn.failed", source=self.source.name)


class Feed:
    """All sources of a node, its last-known-good file and its errands."""

    def __init__(
        self,
        state: State,
        sources: Sequence[Source],
        *,
        hints: HintSource | None = None,
        last_known_good: Keepsake | None = None,
        errands: Sequence[Errand] = (),
    ) -> None:
        self.state = state
        self.hints = hints
        self.last_known_good = last_known_good
        self.errands = errands
        self.stopping = threading.Event()
        self.disk_fails = False
        self.failed_errands: set[Errand] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.pollers = [Poller(self, source, rank) for rank, source in enumerate(sources)]
        self.sources = list(sources)

    async def start(self) -> None:
        """Serve the last known good parts, then start polling; waits at most 1.5 s."""
        self.loop = asyncio.get_running_loop()
        if self.last_known_good is not None:
            await self.restore(self.last_known_good)
        for poller in self.pollers:
            poller.thread.start()
        if self.hints is not None:
            self.hints.listen(self.on_hint, self.stopping, on_connected=self.wake)
        if self.pollers:
            first = self.pollers[0].first_round
            await asyncio.to_thread(first.wait, FIRST_ROUND_SECONDS)

    async def restore(self, store: Keepsake) -> None:
        """Activate what the last-known-good file holds; sources that answer may be newer."""
        try:
            heads = await asyncio.to_thread(store.heads)
            prepared = await asyncio.to_thread(self.fetch, store, heads)
        except OSError as error:
            _log.error("lkg.unreadable", error=str(error))
            return
        self.state.grow_older(store.age_seconds())
        # Also those that could not be read: without its kill switches nothing is served.
        self.state.published.update(heads)
        await self.state.activate(prepared)

    def stop(self) -> None:
        """Tell every thread to end; they are daemons and are not waited for."""
        self.stopping.set()
        self.wake()

    def wake(self) -> None:
        """Poll now."""
        for poller in self.pollers:
            poller.wake.set()

    def on_hint(self, hint: Hint) -> None:
        """Poll now when the hint tells something new."""
        if self.state.wants(hint.key, hint.head):
            self.pollers[0].wake.set()

    def heard_before(self, poller: Poller) -> bool:
        """Tell whether a source of a lower rank has answered lately."""
        now = time.monotonic()
        return any(
            other.answered_at is not None and now - other.answered_at < 2 * POLL_SECONDS
            for other in self.pollers[: poller.rank]
        )

    def fetch(self, source: Source, heads: dict[PartKey, Head]) -> list[Prepared]:
        """Fetch and prepare the parts that are wanted; a part that cannot be read is refused."""
        prepared: list[Prepared] = []
        for key, head in heads.items():
            if not self.state.wants(key, head):
                continue
            try:
                part = source.get(key)
            except DamagedPart as error:
                self.refuse(StoredPart(key, head, b""), str(error), passing=True)
                continue
            if part is None:
                continue
            try:
                prepared.append(prepare(part, lambda sha256: self.find_blob(sha256, source)))
            except UnreadablePart as error:
                self.refuse(part, str(error), passing=error.passing)
            else:
                _log.info("part.fetched", part=key.part, source=source.name)
        return prepared

    def find_blob(self, sha256: str, first: Source | None = None) -> bytes | None:
        """Look a text bundle up in memory, in the sources, at last in the file."""
        body = self.state.blobs.get(sha256)
        if body is not None:
            return body
        places = [first, *self.sources, self.last_known_good]
        for place in places:
            if place is None:
                continue
            try:
                body = place.get_blob(sha256)
            except OSError:
                continue
            if body is not None:
                return body
        return None

    def refuse(self, part: StoredPart, why: str, *, passing: bool) -> None:
        """Record a refusal on the loop."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(lambda: self.state.refuse(part, why, passing=passing))

    def hand_over(
        self, heads: dict[PartKey, Head], prepared: list[Prepared], *, first: bool
    ) -> None:
        """Have parts activated on the loop, then write the file and do the errands."""
        if self.loop is None:
            return
        taking = self.take(heads, prepared)
        try:
            future = asyncio.run_coroutine_threadsafe(taking, self.loop)
        except RuntimeError:  # the loop has ended
            taking.close()
            return
        try:
            activated = future.result(ACTIVATION_SECONDS)
        except (CancelledError, FutureTimeout):
            return
        except Exception:  # noqa: BLE001 what broke on the loop must not end the thread
            self.state.counters.count("activation_failures")
            _log.exception("activation.failed")
            return
        if self.last_known_good is not None:
            self.keep(self.last_known_good)
        if first or activated:
            self.do_errands()

    async def take(self, heads: dict[PartKey, Head], prepared: list[Prepared]) -> list[StoredPart]:
        """Note what the source said and activate what it gave."""
        self.state.hear(heads)
        return await self.state.activate(prepared)

    def do_errands(self) -> None:
        """Do what follows a turn; one that breaks keeps no other from being done.

        Where nobody answers, the others would wait for the same time-out, so they are left.
        """
        for errand in self.errands:
            try:
                errand(self.state)
            except OSError as error:
                _log.info("errands.postponed", error=str(error))
                return
            except Exception:  # noqa: BLE001 what stands in Redis may be anybody's
                self.state.counters.count("errand_failures")
                if errand not in self.failed_errands:
                    _log.exception("errand.failed")
                self.failed_errands.add(errand)
            else:
                self.failed_errands.discard(errand)

    def keep(self, store: Keepsake) -> None:
        """Write what is served and the file lacks, texts before the content that names them.

        Looked at after every round, so that a disk that was full, or a file that was damaged
        or taken away, is made up for without waiting for a change.
        """
        try:
            kept = store.heads()
            served = list(self.state.parts.values())
            lacking = [part for part in served if part.head.is_newer_than(kept.get(part.key))]
            for part in lacking:
                for sha256 in named_blobs(part):
                    body = self.find_blob(sha256)
                    if body is not None:
                        store.put_blob(sha256, body)
                store.put(part)
            store.note_heard()
        except Exception as error:  # noqa: BLE001 a file is never as good as being up to date
            self.state.counters.count("lkg_failures")
            if not self.disk_fails:
                _log.error("lkg.not_written", error=str(error))
            self.disk_fails = True
        else:
            self.disk_fails = False
