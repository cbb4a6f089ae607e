"""One open stream: events go out at once, and nobody ever waits for a client that is slow.

Servers take a few events without waiting and answer with something to await beyond that.
Only then there is a task, and a short queue that collapses into one newest event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from flags.delivery.state import Known
from flags.delivery.voices import HINTS, Voice

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

QUEUED_EVENTS = 8
# A client that takes nothing for so long is given up.
PROGRESS_SECONDS = 30.0
# A large event goes out in pieces, so that a server holds little of it for who does not read.
PIECE_BYTES = 8 * 1024
LAST: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def wrap(body: bytes) -> Message:
    """Return bytes as a part of an answer that goes on."""
    return {"type": "http.response.body", "body": body, "more_body": True}


def nothing() -> bytes:
    """Have nothing that could stand for events that a client missed."""
    return b""


class Event:
    """The same bytes for many listeners; `catch_up` renders what stands for those missed."""

    __slots__ = ("_catch_up", "_latest", "body", "idle", "messages")

    def __init__(
        self, body: bytes, catch_up: Callable[[], bytes] = nothing, *, idle: bool = False
    ) -> None:
        """Wrap bytes; an `idle` event says nothing and is never queued."""
        self.body = body
        self.messages = tuple(
            wrap(body[at : at + PIECE_BYTES]) for at in range(0, len(body), PIECE_BYTES)
        )
        self.idle = idle
        self._catch_up = catch_up
        self._latest: Event | None = None

    def latest(self) -> Event:
        """Return what stands for this event and all before it, rendered once; may be empty."""
        if self._latest is None:
            self._latest = Event(self._catch_up(), self._catch_up)
        return self._latest


class Rest:
    """What is left of an awaitable that did not end at once, to be awaited by a task."""

    __slots__ = ("first", "steps")

    def __init__(self, first: Any, steps: Generator[Any, Any, None]) -> None:
        self.first = first
        self.steps = steps

    def __await__(self) -> Generator[Any, Any, None]:
        """Wait for what the awaitable waits for, then go on with it."""
        yield self.first
        yield from self.steps


def begin(awaitable: Awaitable[None]) -> Rest | None:
    """Run an awaitable as far as it goes without waiting; return the rest, None when it is done.

    Ten thousand tasks that each wait for one write cost more than all the writes.
    """
    steps: Any = awaitable.__await__()
    try:
        return Rest(next(steps), steps)
    except StopIteration:
        return None


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream; busy before its head is out, and while a write waits for the client."""

    known: Known
    address: str
    territories: frozenset[str] = frozenset()
    voice: Voice = HINTS
    task: asyncio.Task[object] | None = None
    busy: bool = True
    gone: bool = False
    waiting: list[Event] = field(default_factory=list)
    collapsed: int = 0
    _send: Send | None = None
    _writing: asyncio.Task[None] | None = None

    def open(self, send: Send) -> None:
        """Begin to send: first what was told since the stream was admitted."""
        self._send, self.busy = send, False
        waiting, self.waiting = self.waiting, []
        for event in waiting:
            self.write(event)

    def write(self, event: Event) -> None:
        """Send an event, or keep it while the client has not taken the one before."""
        if self.gone:
            return
        if self.busy or self._send is None:
            self._keep(event)
            return
        messages = iter(event.messages)
        try:
            for message in messages:
                rest = begin(self._send(message))
                if rest is not None:
                    self.busy = True
                    finishing = self._finish(rest, messages)
                    self._writing = asyncio.get_running_loop().create_task(finishing)
                    return
        except (OSError, RuntimeError):
            self.cut()

    def close(self, event: Event) -> None:
        """Say a last word and end the stream; cut it where the client is not there to hear."""
        if self.busy or self._send is None:
            self.cut()
            return
        self.write(event)
        if not self.busy and not self.gone and begin(self._send(LAST)) is None:
            self.gone = True
        else:
            self.cut()

    def cut(self) -> None:
        """End the stream at once, also when its client does not read."""
        if self.gone:
            return
        self.forget()
        if self.task is not None:
            self.task.cancel()

    def forget(self) -> None:
        """Take no more events, and drop those that wait."""
        self.gone = True
        self.waiting = []
        if self._writing is not None and self._writing is not asyncio.current_task():
            self._writing.cancel()
        self._writing = None

    def _keep(self, event: Event) -> None:
        """Queue an event; a full queue becomes one event that stands for all of it."""
        if event.idle:
            return
        if len(self.waiting) < QUEUED_EVENTS:
            self.waiting.append(event)
            return
        self.collapsed += 1
        latest = event.latest()
        if latest.body:
            self.waiting = [latest]
        else:
            self.cut()

    async def _finish(self, rest: Awaitable[None], messages: Iterator[Message]) -> None:
        """Wait for a write, send the rest of its event, then what was kept meanwhile."""
        assert self._send is not None
        try:
            async with asyncio.timeout(PROGRESS_SECONDS):
                await rest
            while True:
                for message in messages:
                    async with asyncio.timeout(PROGRESS_SECONDS):
                        await self._send(message)
                if not self.waiting:
                    break
                messages = iter(self.waiting.pop(0).messages)
        except (TimeoutError, OSError, RuntimeError):
            self.cut()
        self.busy = False
        self._writing = None
