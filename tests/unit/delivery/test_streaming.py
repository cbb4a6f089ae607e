"""`GET /api/client/streaming`: whatever a client missed, it ends where everybody is."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace as replace_live
from typing import Any

import pytest
from msgspec.structs import replace

from flags.delivery.app import App, build
from flags.delivery.http import Request
from flags.delivery.listener import QUEUED_EVENTS, Listener, Message
from flags.delivery.live import Live, Steps
from flags.delivery.settings import Settings
from flags.delivery.state import State
from flags.delivery.streaming import open_states
from flags.engine.definitions import Definitions, Feature
from flags.publishing.store import StoredPart
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    Client,
    build_access,
    build_content,
    build_definitions,
    build_kill,
    build_part,
    fill,
)
from tests.unit.wire.sdks import Memory

pytestmark = pytest.mark.anyio

PATH = "/api/client/streaming"
EVENT = re.compile(rb"id: (\d+-[0-9a-f]{12})\nevent: ([a-z-]+)\ndata: ([^\n]+)\n\n")


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as delivery does."""
    return "asyncio"


async def open_node(settings: Settings | None = None) -> App:
    """Return a node that serves the world."""
    state = State()
    app = build(state, settings=settings)
    await fill(state, build_content(1), build_part("access", build_access(), 1))
    return app


async def serve(app: App, *parts: StoredPart) -> None:
    """Have a node serve parts, and tell its streams."""
    await fill(app.service.state, *parts)
    await settle(app)


async def settle(app: App) -> None:
    """Wait until everybody has been told, which a busy machine does in several slices."""
    pump = app.service.hub.tasks.get("pump")
    if pump is not None:
        await pump


def build_request(query: str = "", token: str = BACKEND) -> Request:
    """Build what a backend SDK asks."""
    return Request(
        {
            "method": "GET",
            "path": PATH,
            "query_string": query.encode(),
            "headers": [(b"authorization", token.encode())],
            "client": ("192.0.2.7", 4711),
        }
    )


class Sdk:
    """A streaming SDK: it remembers what it read and the id that came with it."""

    def __init__(self, app: App, query: str = "") -> None:
        self.app = app
        self.query = query
        self.memory = Memory()
        self.last_id = b""
        self.listener: Listener
        self.heard: list[bytes] = []
        self.room = 1_000
        self.connect()

    def connect(self) -> list[str]:
        """Open the stream, coming back with the last id; return the events that greet."""
        service = self.app.service
        self.listener = open_states(service, build_request(self.query))
        greeting = service.hub.greet(self.listener, self.last_id)
        self.heard.clear()
        self.listener.open(self.hear)
        retry, _, event = greeting.partition(b"\n\n")
        assert retry.startswith(b"retry: ")
        return self.take(event, b"unleash-connected")

    async def hear(self, message: Message) -> None:
        """Have the server take a message, while there is room for it."""
        if not self.room:
            await asyncio.Event().wait()
        self.room -= 1
        self.heard.append(message["body"])

    def take(self, event: bytes, name: bytes) -> list[str]:
        """Read one event and apply it; return the types in it."""
        found = EVENT.fullmatch(event)
        assert found is not None, event
        assert found[2] == name
        self.last_id = found[1]
        return self.memory.take(found[3])

    def read(self) -> list[list[str]]:
        """Read all that is queued."""
        told = [self.take(event, b"unleash-updated") for event in self.heard]
        self.heard.clear()
        return told

    def check(self) -> None:
        """Check that it has what a new client is sent."""
        fresh = Sdk(self.app, self.query)
        assert (self.memory.features, self.memory.segments) == (
            fresh.memory.features,
            fresh.memory.segments,
        )
        assert self.last_id.partition(b"-")[2] == fresh.last_id.partition(b"-")[2]


def describe(text: str) -> Definitions:
    """Build the world with a further feature of this description."""
    world = build_definitions()
    return replace(world, features=(*world.features, Feature(key="new", description=text)))


async def test_a_stream_begins_with_everything_and_goes_on_with_changes() -> None:
    """A hydration first, then each change once, kills too."""
    app = await open_node()
    sdk = Sdk(app)
    assert list(sdk.memory.features) == ["chat", "home", "pay"]
    await serve(app, build_content(2, definitions=describe("one")))
    await serve(app, build_part("kills", {"switches": [build_kill()]}, 3))
    await serve(app, build_content(4, definitions=describe("one")))
    assert sdk.read() == [["feature-updated"], ["feature-updated"]]
    assert sdk.memory.event_id == 3
    sdk.check()


async def test_who_comes_back_is_told_what_happened_since() -> None:
    """Also nothing, as an empty list: SDKs call themselves ready on the first event."""
    app = await open_node()
    sdk = Sdk(app)
    app.service.hub.leave(sdk.listener)
    assert sdk.connect() == []
    app.service.hub.leave(sdk.listener)
    await serve(app, build_content(2, definitions=describe("one")))
    assert sdk.connect() == ["feature-updated"]
    sdk.check()
    sdk.last_id = b"4711"
    assert sdk.connect() == ["hydration"]


async def test_who_does_not_keep_up_comes_back_and_is_right() -> None:
    """What was dropped is found in the difference to the last id that was read."""
    app = await open_node()
    sdk = Sdk(app)
    sdk.room = 3
    for revision in range(2, QUEUED_EVENTS + 8):
        await serve(app, build_content(revision, definitions=describe(f"{revision}")))
    assert sdk.listener.gone
    assert sdk.read() == [["feature-updated"]] * 3
    assert sdk.connect() == ["feature-updated"]
    sdk.check()


async def test_two_that_joined_at_different_times_each_hear_their_own() -> None:
    """A change that is taken back is told to who saw it."""
    app = await open_node()
    early = Sdk(app)
    told = list(app.service.state.on_live)
    app.service.state.on_live.clear()
    await serve(app, build_content(2, definitions=describe("one")))
    late = Sdk(app)
    app.service.state.on_live.extend(told)
    await serve(app, build_content(3))
    assert (early.read(), late.read()) == ([], [["feature-removed"]])
    assert early.memory.features == late.memory.features


async def test_a_query_hears_of_its_own_features_only() -> None:
    """And never of what it did not ask for."""
    app = await open_node()
    sdk = Sdk(app, "namePrefix=ne")
    assert sdk.memory.features == {}
    await serve(app, build_part("kills", {"switches": [build_kill()]}, 2))
    assert sdk.read() == []
    await serve(app, build_content(3, definitions=describe("one")))
    assert sdk.read() == [["feature-updated"]]
    sdk.check()


async def test_definitions_that_are_lowered_again_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No revision came, but SDKs have been stricter than they need be."""
    app = await open_node()
    sdk = Sdk(app)
    live = app.service.state.current("superapp", "production")
    assert live is not None

    def renew(live: Live, *, now: object) -> Steps[Live]:
        del now
        yield
        return replace_live(live, lowered=replace(live.lowered, features=()))

    monkeypatch.setattr("flags.delivery.state.lower_again", renew)
    await app.service.state.lower_again(live)
    await settle(app)
    assert sdk.read() == [["feature-removed"] * 3]
    sdk.check()


async def test_a_revoked_token_ends_its_streams() -> None:
    """With a last word that SDKs ignore."""
    app = await open_node()
    sdk = Sdk(app)
    access = build_part("access", build_access(without=[BACKEND]), 2)
    await serve(app, access)
    assert sdk.listener not in app.service.hub.listeners
    assert sdk.heard == [b"event: bye\ndata: {}\n\n", b""]


@pytest.mark.parametrize(
    ("settings", "token", "query", "status"),
    [
        (None, "", "", 401),
        (None, FRONTEND, "", 403),
        (None, BACKEND, "?tag=growth", 400),
        (Settings(streams_per_process=0), BACKEND, "", 404),
        (Settings(streams_per_token=0), BACKEND, "", 429),
    ],
)
async def test_refusals_are_those_on_which_sdks_fall_back(
    settings: Settings | None, token: str, query: str, status: int
) -> None:
    """Not offered is 404, too many is 429: SDKs poll then."""
    client = Client(await open_node(settings), token=token)
    answer: Any = await client.send("GET", PATH + query)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")


async def test_a_node_without_definitions_says_so() -> None:
    """503 before anything has arrived: SDKs try again."""
    state = State()
    client = Client(build(state), token=BACKEND)
    assert (await client.send("GET", PATH)).status == 503
    await fill(state, build_content(1), build_part("access", build_access(), 1))
    head = await client.send("HEAD", PATH)
    assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")


async def test_a_hydration_is_rendered_once_for_all() -> None:
    """Many SDKs come at once after a restart; they share the bytes."""
    app = await open_node()
    for _ in range(3):
        Sdk(app)
    view = app.service.state.view("superapp", "production")
    assert view is not None
    assert len(view.history.hydrations) == 1


async def test_a_change_is_rendered_once_and_told_in_slices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hold no request for thousands of backends; those of one query share the bytes."""
    monkeypatch.setattr("flags.delivery.streams.SLICE_SECONDS", 0.0)
    monkeypatch.setattr("flags.delivery.streams.PAUSE_SECONDS", 0.0)
    app = await open_node()
    sdks = [Sdk(app, query) for query in ("", "namePrefix=ne", "namePrefix=zz") * 20]
    assert len(app.service.hub.groups) == 3
    prepared = build_content(2, definitions=describe("one"))
    heard: list[int] = []
    app.service.state.on_change.append(lambda _: heard.append(sum(len(s.heard) for s in sdks)))
    await fill(app.service.state, prepared)
    assert heard[0] <= 1
    await settle(app)
    bodies = [body for sdk in sdks for body in sdk.heard]
    assert (len(bodies), len({id(body) for body in bodies})) == (40, 2)
    for sdk in sdks[:2]:
        sdk.read()
        sdk.check()


async def test_who_cannot_be_told_keeps_nobody_from_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Serve a change whatever breaks while it is told, and tell it with the next one."""
    app = await open_node()
    sdk = Sdk(app)
    with monkeypatch.context() as broken:
        broken.setattr("flags.delivery.streaming.render_event", None)
        await serve(app, build_content(2, definitions=describe("one")))
    assert sdk.read() == []
    await serve(app, build_content(3, definitions=describe("two")))
    assert sdk.read() == [["feature-updated"]]
    sdk.check()


async def test_what_is_remembered_of_queries_goes_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Forget the oldest only: with one query more than fit, the others are not narrowed anew."""
    monkeypatch.setattr("flags.delivery.history.KEPT_SELECTIONS", 3)
    app = await open_node()
    for prefix in "abcd":
        Sdk(app, f"namePrefix={prefix}")
    view = app.service.state.view("superapp", "production")
    assert view is not None
    assert [narrowing.prefix for _, narrowing in view.history.selections] == ["b", "c", "d"]
