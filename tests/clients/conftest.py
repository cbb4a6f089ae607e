"""What the tests of real clients share: a small published world, and a node that serves it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.javascript import need_packages
from tests.node import Node, put_world
from tests.redis_server import RedisServer


@pytest.fixture(scope="session")
def packages() -> None:
    """Have the JavaScript SDKs."""
    need_packages()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Run a Redis for the module."""
    with RedisServer() as server:
        put_world(server)
        yield server


@pytest.fixture(scope="module")
def node(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run an edge for the module."""
    with Node(tmp_path_factory.mktemp("edge"), {"REDIS_URL": redis.url}) as edge:
        yield edge
