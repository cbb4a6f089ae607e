"""Who listens for hints, and how hints reach them without ever waiting for a slow one."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flags.delivery.http import Refusal
from flags.delivery.settings import Settings
from flags.delivery.state import Change, Known, State, View
from flags.engine.evaluate import last_flip
from flags.wire.sse import BYE, KEEP_ALIVE, render_hint

QUEUED_EVENTS = 8
RETRY_AFTER_SECONDS = 10


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream. None in its queue ends it."""

    known: Known
    address: str
    territories: frozenset[str]
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUED_EVENTS))
    task: asyncio.Task[object] | None = None

    def offer(self, event: bytes | None) -> bool:
        """Queue an event; tell False when the client does not keep up."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            return False
        return True

    def cares_for(self, change: Change) -> bool:
        """Tell whether a change concerns this client."""
        if self.known.environment != change.environment:
            return False
        if self.known.token.app not in {"*", change.app}:
            return False
        if not change.territories or not self.territories:
            return True
        return not self.territories.isdisjoint(change.territories)


class Hub:
    """All open streams of this process, with their limits."""

    def __init__(self, state: State, settings: Settings) -> None:
        self.state = state
        self.settings = settings
        self.listeners: set[Listener] = set()
        self.by_token: Counter[str] = Counter()
        self.by_address: Counter[str] = Counter()
        self.draining = False
        self.ticking: asyncio.Task[None] | None = None
        state.on_change.append(self.tell)
        state.on_access.append(self.drop_revoked)
        state.counters.gauge("streams", lambda: {(): len(self.listeners)})

    def join(self, listener: Listener) -> None:
        """Admit a stream; 429 above a limit, 503 while the node is stopping."""
        token, limits = listener.known.token, self.settings
        if self.draining:
            raise Refusal(503, "This node is stopping.", retry_after_seconds=1)
        if len(self.listeners) >= limits.streams_per_process:
            raise self.full("This node holds as many streams as it may.")
        if token.kind == "backend":
            if self.by_token[token.digest] >= limits.streams_per_token:
                raise self.full("The token has as many streams as it may.")
        elif self.by_address[listener.address] >= limits.streams_per_address:
            raise self.full("This address has as many streams as it may.")
        self.listeners.add(listener)
        counts, key = self.count_of(listener)
        counts[key] += 1
        if self.ticking is None or self.ticking.done():
            self.ticking = asyncio.get_running_loop().create_task(self.keep_alive())

    def full(self, message: str) -> Refusal:
        """Build the answer above a limit; the pause varies so that clients spread."""
        self.state.counters.count("streams_refused")
        pause = random.randint(RETRY_AFTER_SECONDS, 3 * RETRY_AFTER_SECONDS)  # noqa: S311
        return Refusal(429, message, retry_after_seconds=pause)

    def leave(self, listener: Listener) -> None:
        """Forget a stream; the second time does nothing."""
        if listener not in self.listeners:
            return
        self.listeners.discard(listener)
        counts, key = self.count_of(listener)
        counts[key] -= 1
        if counts[key] <= 0:
            del counts[key]

    def count_of(self, listener: Listener) -> tuple[Counter[str], str]:
        """Return where a stream counts: backends by token, browsers by address."""
        token = listener.known.token
        if token.kind == "backend":
            return self.by_token, token.digest
        return self.by_address, listener.address

    def tell(self, change: Change) -> None:
        """Queue a hint for everybody whom a change concerns."""
        concerned = [item for item in self.listeners if item.cares_for(change)]
        event = render_change(change)
        if not change.spread_seconds:
            for listener in concerned:
                self.send(listener, event)
            return
        loop = asyncio.get_running_loop()
        for listener in concerned:
            pause = random.uniform(0, change.spread_seconds)  # noqa: S311
            loop.call_later(pause, self.send, listener, event)

    def send(self, listener: Listener, event: bytes) -> None:
        """Queue one event; who is eight events behind is cut off and may come back."""
        if listener in self.listeners and not listener.offer(event):
            self.state.counters.count("streams_dropped")
            self.cut(listener)

    def cut(self, listener: Listener) -> None:
        """End a stream at once, also when its client does not read."""
        self.leave(listener)
        if listener.task is not None:
            listener.task.cancel()

    def drop_revoked(self) -> None:
        """End the streams of tokens that are no longer good."""
        now = datetime.now(UTC)
        for listener in list(self.listeners):
            digest = listener.known.token.digest
            known = self.state.tokens.get(digest)
            if known is None or (known.token.expires and known.token.expires <= now):
                self.end(listener)

    def end(self, listener: Listener) -> None:
        """Say good-bye, or cut where there is no room for a word."""
        if listener.offer(BYE) and listener.offer(None):
            self.leave(listener)
        else:
            self.cut(listener)

    def drain(self) -> None:
        """End all streams, for a node that stops."""
        self.draining = True
        for listener in list(self.listeners):
            self.end(listener)

    async def keep_alive(self) -> None:
        """Send comments often enough for the Python SDK's time-outs; look at expiries."""
        while self.listeners and not self.draining:
            await asyncio.sleep(self.settings.keep_alive_seconds)
            self.drop_revoked()
            for listener in list(self.listeners):
                if listener.queue.empty():
                    listener.offer(KEEP_ALIVE)


def render_change(change: Change) -> bytes:
    """Return a change as an event."""
    return render_hint(
        event_id=name_change(change),
        revision=change.revision,
        environment=change.environment,
        app=change.app,
        territories=change.territories,
        at_seconds=int(time.time()),
    )


def name_change(change: Change) -> str:
    """Return a change's id: its epoch and revision, and the last flip in Unix seconds.

    Who missed a flip has the revision already: without the flip, nobody would tell them.
    """
    name = f"{change.epoch}.{change.revision}"
    if change.flipped_at is None:
        return name
    return f"{name}.{int(change.flipped_at.timestamp())}"


def current_change(view: View, app: str, now: datetime) -> Change:
    """Return where a view stands, as the first event of a stream."""
    epoch = max((live.epoch for live in view.lives), default=0)
    flips = [at for live in view.lives if (at := last_flip(live.snapshot, now)) is not None]
    return Change(view.environment, app, epoch, view.revision, flipped_at=max(flips, default=None))
