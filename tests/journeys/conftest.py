"""What journeys without the whole product start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.node import put_world
from tests.redis_server import RedisServer


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """Run a Redis that holds the world."""
    with RedisServer() as server:
        put_world(server)
        yield server
