"""Every official SDK that runs here, in every mode, against a real node: one story for all.

The story is played once, with all clients listening: a first answer, a feature withdrawn, another
killed, both back. Each test then looks at what one client saw of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from landfall_context import regional_context

from tests.clients.python_sdks import PythonClient, WatchedOfrep, WatchedUnleash
from tests.clients.watching import Watched
from tests.node import Node, put, put_world
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_content,
    build_definitions,
    build_kill,
    build_part,
)

pytestmark = pytest.mark.xdist_group("sdks")

SCRIPT = Path(__file__).with_name("sdks.mjs")
SINGAPORE = regional_context(user_id="7", account_country="SGP", platform="iOS", os_version="18")
UNLEASH, OFREP = SINGAPORE.unleash(), SINGAPORE.ofrep()
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "unleash-client polling": (BACKEND, UNLEASH),
    "unleash-client delta": (BACKEND, UNLEASH),
    "unleash-client streaming": (BACKEND, UNLEASH),
    "unleash-proxy-client GET": (FRONTEND, UNLEASH),
    "unleash-proxy-client POST": (FRONTEND, UNLEASH),
    "ofrep-web-provider polling": (FRONTEND, OFREP),
    "ofrep-web-provider sse": (FRONTEND, OFREP),
    "ofrep-provider": (BACKEND, OFREP),
}
PYTHON = ("UnleashClient polling", "UnleashClient streaming", "openfeature-provider-ofrep")
EVERY = (*KINDS, *PYTHON)
# Who polls is told 304; who is told of changes, or asks one flag at a time, never is.
POLLING = sorted(kind for kind in EVERY if "polling" in kind or "delta" in kind or "proxy" in kind)
WAIT_SECONDS = 15.0
Client = Watched | PythonClient


@dataclass
class Story:
    """What each client said in each chapter, and what it complained about."""

    chapters: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)

    def tell(self, chapter: str, clients: dict[str, Client], **flags: object) -> None:
        """Wait until all clients say so, or for a while; keep what each said at the end."""
        deadline = time.monotonic() + WAIT_SECONDS
        waiting = dict(clients)
        while waiting and time.monotonic() < deadline:
            waiting = {
                kind: client
                for kind, client in waiting.items()
                if flags.items() - client.last.get("flags", {}).items()
            }
            time.sleep(0.02)
        self.chapters[chapter] = {kind: dict(one.last) for kind, one in clients.items()}


@pytest.fixture(scope="module")
def story(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Play the story once, with all clients at the same time."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        put_world(redis)
        environ = {"REDIS_URL": redis.url, "LANDFALL_OFREP_STREAM": "1"}
        node = stack.enter_context(Node(tmp_path_factory.mktemp("node"), environ))
        clients: dict[str, Client] = {
            kind: stack.enter_context(Watched(SCRIPT, kind, node.base, token, json.dumps(context)))
            for kind, (token, context) in KINDS.items()
        }
        folder = tmp_path_factory.mktemp("python")
        modes: tuple[Literal["polling", "streaming"], ...] = ("polling", "streaming")
        for mode in modes:
            unleash = WatchedUnleash(node.base, BACKEND, UNLEASH, mode=mode, folder=folder)
            clients[f"UnleashClient {mode}"] = stack.enter_context(unleash)
        ofrep = WatchedOfrep(node.base, FRONTEND, OFREP)
        clients["openfeature-provider-ofrep"] = stack.enter_context(ofrep)
        told = Story()
        told.tell("first", clients, chat=True, pay=True)
        put(redis, build_content(20, definitions=build_definitions(pay_in="withdrawn")))
        told.tell("withdrawn", clients, chat=True, pay=False)
        put(redis, build_part("kills", {"switches": [build_kill("chat")]}, 21))
        told.tell("killed", clients, chat=False, pay=False)
        put(redis, build_content(22), build_part("kills", {"switches": []}, 22))
        told.tell("back", clients, chat=True, pay=True)
        eventually(lambda: all("304" in clients[kind].last["statuses"] for kind in POLLING))
        told.chapters["end"] = {kind: dict(one.last) for kind, one in clients.items()}
        told.complaints = {kind: one.complaints for kind, one in clients.items()}
        yield told


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("chapter", "chat", "pay"),
    [
        ("first", True, True),
        ("withdrawn", True, False),
        ("killed", False, False),
        ("back", True, True),
    ],
)
def test_a_client_follows_every_change(
    story: Story, kind: str, chapter: str, *, chat: bool, pay: bool
) -> None:
    """Offers and kill switches arrive, and so does their end."""
    said = story.chapters[chapter][kind].get("flags", story.complaints[kind])
    assert {"chat": chat, "pay": pay} == {name: said[name] for name in ("chat", "pay")}


@pytest.mark.parametrize("kind", EVERY)
def test_every_client_gets_the_same_variant(story: Story, kind: str) -> None:
    """Person 7 sees the list, whoever decides it."""
    assert "list" == story.chapters["back"][kind]["flags"]["home"]


@pytest.mark.parametrize("kind", POLLING)
def test_an_unchanged_answer_costs_no_body(story: Story, kind: str) -> None:
    """A client that polls is answered 304 between changes."""
    assert story.chapters["end"][kind]["statuses"]["304"] > 0


def test_a_streaming_client_does_not_fall_back(story: Story) -> None:
    """unleash-client would poll, and be told 304, if the stream had failed it."""
    assert "304" not in story.chapters["end"]["unleash-client streaming"]["statuses"]


@pytest.mark.parametrize("kind", EVERY)
def test_no_client_was_refused(story: Story, kind: str) -> None:
    """Every answer was one that the SDK expects."""
    assert set(story.chapters["end"][kind]["statuses"]) <= {"200", "202", "304"}
    assert "" == story.complaints[kind]
