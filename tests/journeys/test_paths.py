"""Paths as nobody's browser sends them, byte for byte, to a real node."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node import Node, put_world
from tests.redis_server import RedisServer

PATHS = ("/api/client/features", "/api/frontend", "/api/variant", "/internal/parts")
TRICKS = (
    "{}",
    "/{}",
    "{}/",
    "/.{}",
    "/%2e{}",
    "/%2E%2e{}",
    "/healthz/..{}",
    "/healthz/%2e%2e{}",
    "/healthz%2f..{}",
    "/healthz;{}",
    "{};x",
    "{}%3bx",
    "{}%20",
    "{}%00",
    "{}/..%2ffrontend",
    "{}?",
    "{}#x",
    "http://healthz{}",
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run an edge that other edges may connect to."""
    folder: Path = tmp_path_factory.mktemp("paths")
    with RedisServer() as redis:
        put_world(redis)
        environ = {"REDIS_URL": redis.url, "LANDFALL_EDGE_TOKEN": "an-edge"}
        with Node(folder, environ) as edge:
            yield edge


def send(node: Node, target: str) -> tuple[int, bytes]:
    """Send a request line as it is; return status and body."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=5) as connection:
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: healthz\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("trick", TRICKS)
def test_no_path_of_any_spelling_needs_no_token(node: Node, trick: str) -> None:
    """Answer 401, or 404 in JSON; 400 where the server itself reads no such request."""
    for path in PATHS:
        target = trick.format(path)
        status, body = send(node, target)
        assert status in {400, 401, 404}, target
        if body and status != 400:
            assert json.loads(body)["message"], target
        assert b"chat" not in body
