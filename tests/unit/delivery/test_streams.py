"""Hints to listeners: who hears them, who is cut, who is refused."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from flags.delivery.auth import Gatekeeper
from flags.delivery.http import Refusal
from flags.delivery.listener import Listener, Message
from flags.delivery.settings import Settings
from flags.delivery.state import Change, Known, State
from flags.delivery.stream import find_voice
from flags.delivery.streams import Hub, group_of
from flags.delivery.voices import HINTS, current_change, name_change
from flags.publishing.snapshot import Token
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_access,
    build_content,
    build_definitions,
    build_order,
    build_part,
    digest,
    fill,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as delivery does."""
    return "asyncio"


def listen(token: str = FRONTEND, *, kind: str = "frontend", territories: str = "") -> Listener:
    """Build a listener of the demo's environment."""
    row = Token(digest=digest(token.encode()), app="superapp", kind=kind)  # type: ignore[arg-type]
    codes = frozenset(code for code in territories.split(",") if code)
    return Listener(Known("production", row), "192.0.2.7", codes)


def build_change(
    *territories: str, app: str = "superapp", environment: str = "production"
) -> Change:
    """Build a change of revision 7."""
    return Change(environment, app, 1, 7, territories)


def replace_revision(revision: int) -> Change:
    """Build a change of another revision."""
    return dataclasses.replace(build_change(), revision=revision)


@pytest.mark.parametrize(
    ("change", "territories", "hears"),
    [
        (build_change(), "", True),
        (build_change("SG"), "", True),
        (build_change("SG"), "SG,MY", True),
        (build_change("SG"), "FR", False),
        (build_change(), "FR", True),
        (build_change(app="miniapp"), "", False),
        (build_change(environment="staging"), "", False),
    ],
)
def test_only_those_concerned_hear_a_change(
    change: Change,
    territories: str,
    hears: bool,  # noqa: FBT001
) -> None:
    """Tell a change to its app, its environment and its territories."""
    assert hears is group_of(listen(territories=territories)).cares_for(change)


async def settle(hub: Hub) -> None:
    """Wait until everybody has been told, which a busy machine does in several slices."""
    pump = hub.tasks.get("pump")
    if pump is not None:
        await pump


def attach(listener: Listener) -> list[bytes]:
    """Open a listener's stream and return what goes out on it."""
    said: list[bytes] = []

    async def send(message: Message) -> None:
        said.append(message["body"])

    listener.open(send)
    return said


async def test_a_change_is_rendered_once_for_all_who_hear_the_same() -> None:
    """Send the very same bytes to everybody concerned, and nothing to the others."""
    hub = Hub(State(), Settings())
    concerned = [listen(territories="SG"), listen(territories="SG,MY"), listen()]
    stranger = listen(territories="FR")
    for listener in (*concerned, stranger):
        hub.join(listener)
    heard = [attach(listener) for listener in concerned]
    unheard = attach(stranger)
    hub.tell(build_change("SG"))
    await settle(hub)
    assert [len(said) for said in heard] == [1, 1, 1]
    assert len({id(said[0]) for said in heard}) == 1
    assert unheard == []


@pytest.mark.parametrize(
    ("own", "hears", "named"),
    [
        ((), "MY", b'["BR","MY","SG"]'),
        (("MY",), "MY", b'["MY"]'),
        (("MY", "SG"), "MY", b'["MY","SG"]'),
        (("MY",), "MY,BR", b'["BR","MY"]'),
    ],
)
async def test_a_token_for_some_territories_reads_of_no_other(
    own: tuple[str, ...], hears: str, named: bytes
) -> None:
    """Name those of the token, and where a visitor says to be; share the bytes of a token."""
    hub = Hub(State(), Settings())
    heard = []
    for _ in range(2):
        listener = listen(territories=hears)
        listener.known = Known("production", replace(listener.known.token, territories=own))
        listener.voice = find_voice(listener.known.token, listener.territories)
        hub.join(listener)
        heard.append(attach(listener))
    hub.tell(build_change("BR", "MY", "SG"))
    await settle(hub)
    assert b'"territories":' + named in heard[0][0]
    assert heard[0][0] is heard[1][0]


async def test_changes_are_told_in_order() -> None:
    """Tell a change only after those before it, also when many are told at once."""
    hub = Hub(State(), Settings())
    listeners = [listen() for _ in range(100)]
    heard = []
    for listener in listeners:
        hub.join(listener)
        heard.append(attach(listener))
    changes = [replace_revision(n) for n in range(20)]
    for change in changes:
        hub.tell(change)
    await settle(hub)
    hub.listeners.clear()
    assert all(
        [name_change(change).encode() in event for change, event in zip(changes, said, strict=True)]
        == [True] * 20
        for said in heard
    )


async def test_after_a_flip_hints_are_spread() -> None:
    """Tell a flip over a while, since everybody would ask at midnight otherwise."""
    hub = Hub(State(), Settings())
    listeners = [listen() for _ in range(50)]
    heard = []
    for listener in listeners:
        hub.join(listener)
        heard.append(attach(listener))
    hub.tell(dataclasses.replace(build_change("SG"), spread_seconds=0.05))
    await settle(hub)
    assert sum(map(len, heard)) < 50
    await asyncio.sleep(0.06)
    await settle(hub)
    assert {len(said) for said in heard} == {1}


async def test_what_stands_for_missed_hints_concerns_everybody() -> None:
    """Name no territories in a hint that stands for others: they were other territories'."""
    newest = HINTS.catch_up(build_change("SG"))
    assert (b'"territories":[]' in newest, b"id: 1.7\n" in newest) == (True, True)


@pytest.mark.parametrize(
    ("settings", "listener", "full"),
    [
        (Settings(streams_per_process=1), listen(), True),
        (Settings(streams_per_address=1), listen(), True),
        (Settings(streams_per_token=1), listen(), False),
        (Settings(streams_per_token=1), listen(BACKEND, kind="backend"), True),
        (Settings(streams_per_address=1), listen(BACKEND, kind="backend"), False),
    ],
)
async def test_streams_above_a_limit_are_refused(
    settings: Settings,
    listener: Listener,
    full: bool,  # noqa: FBT001
) -> None:
    """Count backends by token, browsers by address, all by process."""
    hub = Hub(State(), settings)
    hub.join(listener)
    twin = Listener(listener.known, listener.address, frozenset())
    if not full:
        hub.join(twin)
        return
    with pytest.raises(Refusal) as caught:
        hub.join(twin)
    assert caught.value.status == 429
    assert caught.value.retry_after_seconds
    hub.leave(listener)
    hub.join(twin)


async def test_streams_of_a_backend_take_no_room_from_browsers_beside_it() -> None:
    """Count only those by address that are limited by it."""
    hub = Hub(State(), Settings(streams_per_address=1))
    backend = listen(BACKEND, kind="backend")
    hub.join(backend)
    browser = listen()
    hub.join(browser)
    hub.leave(backend)
    hub.leave(browser)
    assert not hub.by_token
    assert not hub.by_address


async def test_a_revoked_token_ends_its_streams() -> None:
    """End a stream with its token, and leave the others."""
    state = State()
    Gatekeeper.build(state, Settings())
    hub = Hub(state, Settings())
    await fill(state, build_part("access", build_access(), 1))
    gone, stays = listen(FRONTEND), listen(BACKEND, kind="backend")
    hub.join(gone)
    hub.join(stays)
    said = attach(gone)
    await fill(state, build_part("access", build_access(without=[FRONTEND]), 2))
    assert {stays} == hub.listeners
    assert said == [b"event: bye\ndata: {}\n\n", b""]


async def test_a_stopping_node_ends_all_streams_and_takes_no_more() -> None:
    """Say good-bye to everybody; refuse with 503, since another node may take them."""
    hub = Hub(State(), Settings())
    listener = listen()
    hub.join(listener)
    await hub.drain()
    assert set() == hub.listeners
    with pytest.raises(Refusal) as caught:
        hub.join(listen())
    assert caught.value.status == 503


async def test_comments_keep_streams_alive() -> None:
    """Send a comment while nothing happens."""
    hub = Hub(State(), Settings(keep_alive_seconds=0.01))
    listener = listen(BACKEND)
    hub.state.tokens[listener.known.token.digest] = listener.known
    hub.join(listener)
    said: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(message: Message) -> None:
        said.put_nowait(message["body"])

    listener.open(send)
    async with asyncio.timeout(5):
        assert [await said.get() for _ in range(3)] == [b": keep-alive\n\n"] * 3
    hub.leave(listener)


async def test_who_missed_a_flip_is_told_when_they_come_back() -> None:
    """A flip changes no revision, so the id of an event names it too."""
    state = State()
    world = build_definitions()
    order = build_order("SG")
    await fill(
        state,
        build_part("access", build_access(), 1),
        build_content(1, definitions=replace(world, orders=(order,))),
    )
    view = state.view("superapp", "production")
    assert view is not None
    before = name_change(current_change(view, "superapp", datetime(2025, 12, 31, tzinfo=UTC)))
    after = name_change(current_change(view, "superapp", datetime(2026, 1, 2, tzinfo=UTC)))
    # Midnight in Singapore.
    assert (before, after) == ("1.1", "1.1.1767196800")
