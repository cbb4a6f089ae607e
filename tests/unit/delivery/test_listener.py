"""One open stream: what goes out at once, what waits, and who is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest

from flags.delivery import listener as room
from flags.delivery.listener import PIECE_BYTES, QUEUED_EVENTS, Event, Listener, Message
from flags.delivery.state import Known
from flags.publishing.snapshot import Token

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as delivery does."""
    return "asyncio"


@dataclass
class Client:
    """A server's side of a connection: takes so many events before the client has to read."""

    room: int = 1_000
    taken: list[bytes] = field(default_factory=list)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    def send(self, message: Message) -> Awaitable[None]:
        """Take a message now or when the client reads."""
        if self.broken:
            raise RuntimeError("Transport not initialized or closed")
        return self.take(message)

    async def take(self, message: Message) -> None:
        """Wait for room, then take."""
        while not self.room:
            self.reads.clear()
            await self.reads.wait()
        self.room -= 1
        self.taken.append(message["body"])

    def read(self, count: int) -> None:
        """Make room, as a client that reads does."""
        self.room += count
        self.reads.set()


def build_listener(client: Client) -> Listener:
    """Build a listener whose head is out."""
    token = Token(digest="d" * 64, app="superapp", kind="frontend")
    listener = Listener(Known("production", token), "192.0.2.7")
    listener.open(client.send)
    return listener


def number(n: int, catch_up: bytes = b"newest") -> Event:
    """Build an event that can be told from others."""
    return Event(b"%d" % n, lambda: catch_up)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_events_go_out_without_a_task() -> None:
    """Have the server take what it has room for before `write` returns."""
    before = asyncio.all_tasks()
    client = Client()
    listener = build_listener(client)
    for n in range(20):
        listener.write(number(n))
    assert client.taken == [b"%d" % n for n in range(20)]
    assert asyncio.all_tasks() == before


async def test_what_is_told_before_the_head_is_out_follows_it() -> None:
    """Keep the order between a greeting and what happens while it goes out."""
    client = Client()
    token = Token(digest="d" * 64, app="superapp", kind="frontend")
    listener = Listener(Known("production", token), "192.0.2.7")
    listener.write(number(1))
    assert client.taken == []
    listener.open(client.send)
    assert client.taken == [b"1"]


async def test_a_slow_client_gets_the_rest_in_order() -> None:
    """Hold a few events for a client that reads late."""
    client = Client(room=1)
    listener = build_listener(client)
    for n in range(5):
        listener.write(number(n))
    assert client.taken == [b"0"]
    client.read(10)
    await settle()
    assert client.taken == [b"%d" % n for n in range(5)]
    assert not listener.busy
    listener.write(number(5))
    assert client.taken[-1] == b"5"


async def test_a_large_event_goes_out_in_pieces() -> None:
    """Have the server hold a part of it only, and never mix it with another."""
    client = Client(room=2)
    listener = build_listener(client)
    large = bytes(range(256)) * 300
    listener.write(Event(large))
    listener.write(number(1))
    assert sum(map(len, client.taken)) == 2 * PIECE_BYTES
    client.read(100)
    await settle()
    assert b"".join(client.taken) == large + b"1"


async def test_who_falls_behind_gets_one_event_for_all_that_was_missed() -> None:
    """Collapse a full queue into the newest, however much is told, and keep the stream."""
    client = Client(room=0)
    listener = build_listener(client)
    for n in range(1_000):
        listener.write(number(n))
        assert len(listener.waiting) <= QUEUED_EVENTS
    # One is with the server; the rest collapsed each time that the queue was full.
    client.read(1_000)
    await settle()
    assert client.taken[:2] == [b"0", b"newest"]
    assert len(client.taken) <= QUEUED_EVENTS + 1
    assert not listener.gone


async def test_a_voice_that_cannot_sum_up_has_the_stream_end() -> None:
    """End a stream whose missed events nothing can stand for; its client comes back."""
    before = asyncio.all_tasks()
    client = Client(room=0)
    listener = build_listener(client)
    for n in range(QUEUED_EVENTS + 2):
        listener.write(number(n, catch_up=b""))
    assert listener.gone
    await settle()
    assert asyncio.all_tasks() == before


async def test_keep_alives_do_not_wait_in_queues() -> None:
    """Leave a comment out where events are on their way already."""
    client = Client(room=0)
    listener = build_listener(client)
    listener.write(number(1))
    listener.write(Event(b": keep-alive\n\n", idle=True))
    assert listener.waiting == []


async def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """End a stream without progress, and leave no task behind."""
    before = asyncio.all_tasks()
    monkeypatch.setattr(room, "PROGRESS_SECONDS", 0.01)
    client = Client(room=0)
    listener = build_listener(client)
    listener.task = asyncio.create_task(asyncio.sleep(60))
    listener.write(number(1))
    with pytest.raises(asyncio.CancelledError):
        await listener.task
    await settle()
    assert listener.gone
    assert asyncio.all_tasks() == before


async def test_a_closed_connection_ends_its_stream() -> None:
    """Take a server's refusal to send for a client that left."""
    client = Client(broken=True)
    listener = build_listener(client)
    listener.write(number(1))
    assert listener.gone


@pytest.mark.parametrize(("places", "said"), [(5, [b"bye", b""]), (0, [])])
async def test_the_last_word_is_for_those_who_hear(places: int, said: list[bytes]) -> None:
    """Say good-bye and end the answer; cut off who does not read."""
    client = Client(room=places)
    listener = build_listener(client)
    listener.close(Event(b"bye"))
    await settle()
    assert (listener.gone, client.taken) == (True, said)


async def test_the_newest_is_rendered_once_for_all() -> None:
    """Share what stands for missed events between all who missed them."""
    calls: list[Any] = []
    event = Event(b"1", lambda: calls.append(1) or b"newest")  # type: ignore[func-returns-value]
    assert event.latest() is event.latest()
    assert len(calls) == 1
