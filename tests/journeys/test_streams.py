"""Event streams of a real node: hints arrive, refused ones end, the node can stop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.listening import Listener
from tests.node import Node, put
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_access,
    build_content,
    build_definitions,
    build_part,
)

STREAMS = "landfall_streams"


@pytest.fixture
def node(redis: RedisServer, tmp_path: Path) -> Iterator[Node]:
    """Run an edge on that Redis."""
    with Node(tmp_path, {"REDIS_URL": redis.url, "LANDFALL_STREAMS_PER_ADDRESS": "30"}) as edge:
        yield edge


def test_a_listener_hears_of_a_revision_at_once(node: Node, redis: RedisServer) -> None:
    """Hear where the scope stands first, then the new revision with its territories."""
    with Listener(node.base, BACKEND) as listener:
        assert listener.events[0].data["revision"] == 1
        before = time.monotonic()
        put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
        event = listener.hears(2)
        assert event.data["territories"] == ["SG"]
        assert event.at_seconds - before < 1.0


def test_a_listener_of_another_country_is_left_alone(node: Node, redis: RedisServer) -> None:
    """Filter by the territories that a client names."""
    with (
        Listener(node.base, FRONTEND, "?territories=FR") as french,
        Listener(node.base, FRONTEND, "?territories=SG") as local,
    ):
        put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
        local.hears(2)
        assert french.revision == 1


def test_browsers_listen_by_the_channel_of_the_manifest(node: Node, redis: RedisServer) -> None:
    """Let EventSource listen without a header, and without the token in the address."""
    manifest = httpx.get(f"{node.base}/api/variant", headers={"Authorization": FRONTEND}).json()
    path, _, channel = manifest["stream"].partition("?")
    assert (path, FRONTEND in channel) == ("/api/stream", False)
    with Listener(node.base, "", "?" + channel) as listener:
        put(redis, build_content(2))
        listener.hears(2)
    refused = httpx.get(f"{node.base}/api/stream?ch=guess")
    assert refused.status_code == httpx.codes.UNAUTHORIZED


def test_a_revoked_token_ends_its_stream(node: Node, redis: RedisServer) -> None:
    """End the stream and refuse the next request as soon as the token is gone."""
    headers = {"Authorization": FRONTEND}
    with httpx.stream("GET", f"{node.base}/api/stream", headers=headers, timeout=10) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        lines = answer.iter_lines()
        assert next(lines).startswith("retry:")
        put(redis, build_part("access", build_access(without=[FRONTEND]), 2))
        assert "event: bye" in list(lines)
    assert httpx.get(f"{node.base}/api/frontend", headers=headers).status_code == (
        httpx.codes.UNAUTHORIZED
    )


def test_streams_above_the_limit_are_told_to_wait(node: Node) -> None:
    """Answer 429 with a pause above the limit of an address, and free places on leaving."""
    client = httpx.Client(headers={"Authorization": FRONTEND}, timeout=10)
    opened = []
    for _ in range(30):
        request = client.build_request("GET", f"{node.base}/api/stream")
        opened.append(client.send(request, stream=True))
    refused = client.get(f"{node.base}/api/stream")
    assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert refused.headers["retry-after"].isdigit()
    for answer in opened:
        answer.close()
    eventually(lambda: node.count(STREAMS) == 0)
    client.close()


def test_a_node_stops_at_once_with_open_streams(node: Node) -> None:
    """End every stream with a last event and exit within a second."""
    with httpx.Client(headers={"Authorization": FRONTEND}, timeout=10) as client:
        request = client.build_request("GET", f"{node.base}/api/stream")
        opened = [client.send(request, stream=True) for _ in range(20)]
        assert node.count(STREAMS) == len(opened)
        before = time.monotonic()
        assert node.process is not None
        os.kill(node.process.pid, signal.SIGTERM)
        assert all("event: bye" in list(answer.iter_lines()) for answer in opened)
        assert node.process.wait(timeout=10) == 0
        assert time.monotonic() - before < 2.0


def test_clients_that_vanish_are_noticed(node: Node) -> None:
    """Forget streams whose connection was closed without a word."""
    with httpx.Client(headers={"Authorization": FRONTEND}, timeout=10) as client:
        request = client.build_request("GET", f"{node.base}/api/stream")
        for _ in range(10):
            client.send(request, stream=True)
        assert node.count(STREAMS) == 10
    eventually(lambda: node.count(STREAMS) == 0)
