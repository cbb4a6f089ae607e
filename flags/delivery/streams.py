"""Who listens, within which limits, and how a change reaches ten thousand of them.

What they hear is said by their voices (`voices`), how it goes out is `listener`'s matter.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import structlog

from flags.delivery.expiries import ExpiryTimer
from flags.delivery.http import Refusal
from flags.delivery.listener import Event, Listener
from flags.delivery.live import SLICE_SECONDS, Steps
from flags.delivery.settings import Settings
from flags.delivery.sockets import Descriptors
from flags.delivery.state import Change, State
from flags.delivery.voices import Voice, current_change
from flags.wire.sse import BYE, KEEP_ALIVE, render_retry
from regions.governance.policy import CANARY

RETRY_AFTER_SECONDS = 10
# Keep-alives go to one part of the listeners at a time.
SPOKES = 12
SPREAD_STEPS = 100
# The server's own thread writes what was handed to it in turn: a request would wait behind all.
PAUSE_SECONDS = 0.001
# Between two looks at the clock, some 50 µs.
WRITES = 8

_log = structlog.get_logger(__name__)


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
        if change.app == CANARY and self.app == "*":
            return False
        if not change.territories or not self.territories:
            return True
        return not self.territories.isdisjoint(change.territories)


def group_of(listener: Listener) -> Group:
    """Return with whom a listener hears the same."""
    known = listener.known
    return Group(known.environment, known.token.app, listener.territories, listener.voice)


class Hub:
    """All open streams of this process, with their limits."""

    def __init__(self, state: State, settings: Settings) -> None:
        self.state = state
        self.settings = settings
        self.listeners: set[Listener] = set()
        self.groups: dict[Group, set[Listener]] = {}
        self.by_token: Counter[str] = Counter()
        self.by_address: Counter[str] = Counter()
        self.descriptors = Descriptors()
        self.draining = False
        self.warn_again_at = 0.0
        self.hints: deque[Steps[None]] = deque()
        self.states: deque[Steps[None]] = deque()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        state.on_change.append(self.tell)
        state.on_access.append(self.drop_revoked)
        self.expiries = ExpiryTimer(state, self.drop_revoked)
        state.counters.gauge("streams", lambda: {(): len(self.listeners)})
        state.counters.gauge("tasks", lambda: {(): count_tasks()})

    def join(self, listener: Listener) -> None:
        """Admit a stream; 429 above a limit, 503 while the node is stopping."""
        token, limits = listener.known.token, self.settings
        if self.draining:
            raise Refusal(503, "This node is stopping.", retry_after_seconds=1)
        if len(self.listeners) >= limits.streams_per_process:
            raise self.full("This node holds as many streams as it may.")
        if not self.descriptors.have_room():
            self.warn_of_descriptors()
            raise self.full("This node has no file descriptors left for streams.")
        if token.kind == "backend":
            if self.by_token[token.digest] >= limits.streams_per_token:
                raise self.full("The token has as many streams as it may.")
        elif self.by_address[listener.address] >= limits.streams_per_address:
            raise self.full("This address has as many streams as it may.")
        self.listeners.add(listener)
        self.groups.setdefault(group_of(listener), set()).add(listener)
        counts, key = self.count_of(listener)
        counts[key] += 1
        self.run("keep_alive")

    def warn_of_descriptors(self) -> None:
        """Log that the system allows fewer descriptors than there are clients, once a minute."""
        now = time.monotonic()
        if now >= self.warn_again_at:
            self.warn_again_at = now + 60
            _log.error(
                "streams.out_of_descriptors",
                streams=len(self.listeners),
                limit=self.descriptors.limit,
                do="raise LimitNOFILE (ulimit -n), or start more nodes",
            )

    def full(self, message: str) -> Refusal:
        """Build the answer above a limit; the pause varies so that clients spread."""
        self.state.counters.count("streams_refused")
        pause = random.randint(RETRY_AFTER_SECONDS, 3 * RETRY_AFTER_SECONDS)  # noqa: S311
        return Refusal(429, message, retry_after_seconds=pause)

    def leave(self, listener: Listener) -> None:
        """Forget a stream; the second time does nothing."""
        listener.forget()
        if listener not in self.listeners:
            return
        self.listeners.discard(listener)
        group = group_of(listener)
        members = self.groups[group]
        members.discard(listener)
        if not members:
            del self.groups[group]
        counts, key = self.count_of(listener)
        counts[key] -= 1
        if counts[key] <= 0:
            del counts[key]
        if listener.collapsed:
            self.state.counters.count("streams_slow")

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
        """Tell a change to everybody whom it concerns, rendered once per voice and app."""
        events: dict[tuple[Voice, str], Event | None] = {}
        hurried: dict[tuple[Voice, str], list[Listener]] = {}
        for group, members in self.groups.items():
            if not group.cares_for(change):
                continue
            key = (group.voice, group.app)
            if key not in events:
                events[key] = render_event(group, change)
            hurried.setdefault(key, []).extend(members)
        for key, listeners in hurried.items():
            event = events[key]
            if event is None:
                continue
            if change.spread_seconds and key[0].spreads:
                self.spread(event, listeners, change.spread_seconds)
            else:
                self.send(event, listeners)

    def send(self, event: Event, listeners: list[Listener]) -> None:
        """Send an event to many after what was sent before: a few at once, more in slices."""
        self.hints.append(write_all(event, listeners))
        self.begin()

    def send_states(self, steps: Steps[None]) -> None:
        """Have definitions told to their streams, in steps beside the hints to others."""
        self.states.append(steps)
        self.begin()

    def begin(self) -> None:
        """Send for a moment, and go on with the rest in slices."""
        if not self.is_running("pump") and not self.push():
            self.run("pump")

    def spread(self, event: Event, listeners: list[Listener], seconds: float) -> None:
        """Send an event to many in random order over some seconds: they will all ask back."""
        random.shuffle(listeners)
        loop = asyncio.get_running_loop()
        for step in range(min(SPREAD_STEPS, len(listeners))):
            part = listeners[step::SPREAD_STEPS]
            pause = seconds * random.random()  # noqa: S311
            loop.call_later(pause, self.send, event, part)

    def push(self) -> bool:
        """Send for about 1 ms, from where it stopped; tell whether everything is sent.

        Who waits for hints does not wait for who waits for definitions, nor they for them.
        """
        until = time.perf_counter() + SLICE_SECONDS
        while self.hints or self.states:
            for jobs in (self.hints, self.states):
                if jobs and not advance(jobs[0]):
                    jobs.popleft()
            if time.perf_counter() >= until:
                return False
        return True

    async def pump(self) -> None:
        """Send what there is to send; requests come in between."""
        while True:
            if self.push():
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def keep_alive(self) -> None:
        """Send comments often enough for the Python SDK's time-outs, to a part at a time."""
        event = Event(KEEP_ALIVE, idle=True)
        while self.listeners and not self.draining:
            for spoke in range(SPOKES):
                await asyncio.sleep(self.settings.keep_alive_seconds / SPOKES)
                part = [item for item in self.listeners if hash(item) // 16 % SPOKES == spoke]
                self.send(event, part)

    def run(self, name: str) -> None:
        """Have one of the hub's own tasks run, unless it does."""
        if not self.is_running(name):
            loop = asyncio.get_running_loop()
            self.tasks[name] = loop.create_task(getattr(self, name)())

    def is_running(self, name: str) -> bool:
        """Tell whether one of the hub's own tasks runs."""
        task = self.tasks.get(name)
        return task is not None and not task.done()

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
        listener.close(Event(BYE))
        self.leave(listener)

    async def drain(self) -> None:
        """End all streams in slices, for a node that stops."""
        self.draining = True
        until = time.perf_counter() + SLICE_SECONDS
        while self.listeners:
            self.end(next(iter(self.listeners)))
            if time.perf_counter() >= until:
                await asyncio.sleep(0)
                until = time.perf_counter() + SLICE_SECONDS


def advance(job: Steps[None]) -> bool:
    """Do one step of a job; one that breaks ends, and no other with it."""
    try:
        next(job)
    except StopIteration:
        return False
    except Exception:  # noqa: BLE001 - a swap must not fail because of who is told of it
        _log.exception("streams.not_told")
        return False
    return True


def write_all(event: Event, listeners: list[Listener]) -> Steps[None]:
    """Write an event to a few listeners at each step."""
    for place, listener in enumerate(listeners):
        listener.write(event)
        if place % WRITES == WRITES - 1:
            yield


def render_event(group: Group, change: Change) -> Event | None:
    """Return a change as a group's voice says it; None when it says nothing."""
    body = group.voice.tell(change)
    newest = replace(change, app=group.app)
    return Event(body, partial(group.voice.catch_up, newest)) if body else None


def count_tasks() -> int:
    """Count what runs on the loop; 0 where there is none."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0
