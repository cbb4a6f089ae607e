"""Who listens, and how events reach them without ever waiting for a slow one.

What they hear is said by their voices (`voices`).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flags.delivery.expiries import ExpiryTimer
from flags.delivery.http import Refusal
from flags.delivery.settings import Settings
from flags.delivery.state import Change, Known, State
from flags.delivery.voices import HINTS, Voice, current_change
from flags.wire.sse import BYE, KEEP_ALIVE, render_retry

QUEUED_EVENTS = 8
RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Listeners that hear the same; no territories hear of all."""

    environment: str
    app: str
    territories: frozenset[str]
    voice: Voice

    def cares_for(self, change: Change) -> bool:
        """Tell whether a change concerns these clients."""
        if self.environment != change.environment or self.app not in {"*", change.app}:
            return False
        if not change.territories or not self.territories:
            return True
        return not self.territories.isdisjoint(change.territories)


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream. None in its queue ends it."""

    known: Known
    address: str
    territories: frozenset[str] = frozenset()
    voice: Voice = HINTS
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUED_EVENTS))
    task: asyncio.Task[object] | None = None

    def offer(self, event: bytes | None) -> bool:
        """Queue an event; tell False when the client does not keep up."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            return False
        return True

    @property
    def group(self) -> Group:
        """Return with whom it hears the same."""
        token = self.known.token
        return Group(self.known.environment, token.app, self.territories, self.voice)


class Hub:
    """All open streams of this process, with their limits."""

    def __init__(self, state: State, settings: Settings) -> None:
        self.state = state
        self.settings = settings
        self.listeners: set[Listener] = set()
        self.groups: dict[Group, set[Listener]] = {}
        self.by_token: Counter[str] = Counter()
        self.by_address: Counter[str] = Counter()
        self.draining = False
        self.ticking: asyncio.Task[None] | None = None
        state.on_change.append(self.tell)
        state.on_access.append(self.drop_revoked)
        self.expiries = ExpiryTimer(state, self.drop_revoked)
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
        self.groups.setdefault(listener.group, set()).add(listener)
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
        members = self.groups[listener.group]
        members.discard(listener)
        if not members:
            del self.groups[listener.group]
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

    def greet(self, listener: Listener, last_event_id: bytes) -> bytes:
        """Return a stream's first bytes: the pause before a reconnect, and what its voice says."""
        pause = render_retry(random.randint(1000, 8000))  # noqa: S311
        token = listener.known.token
        view = self.state.view(token.app, listener.known.environment)
        if view is None:
            return pause + KEEP_ALIVE
        change = current_change(view, token.app, datetime.now(UTC))
        return pause + listener.voice.greet(view, change, last_event_id)

    def tell(self, change: Change) -> None:
        """Queue a change for everybody whom it concerns, rendered once per group."""
        concerned = [item for item in self.groups.items() if item[0].cares_for(change)]
        for group, members in concerned:
            event = group.voice.tell(change)
            if event:
                spread_seconds = change.spread_seconds if group.voice.spreads else 0.0
                self.send_all(list(members), event, spread_seconds)

    def send_all(
        self, listeners: Iterable[Listener], event: bytes, spread_seconds: float = 0.0
    ) -> None:
        """Queue the same event for many, at once or over some seconds."""
        if not spread_seconds:
            for listener in listeners:
                self.send(listener, event)
            return
        loop = asyncio.get_running_loop()
        for listener in listeners:
            pause = random.uniform(0, spread_seconds)  # noqa: S311
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
        """Send comments often enough for the Python SDK's time-outs."""
        while self.listeners and not self.draining:
            await asyncio.sleep(self.settings.keep_alive_seconds)
            for listener in list(self.listeners):
                if listener.queue.empty():
                    listener.offer(KEEP_ALIVE)
