"""The real UnleashClient, streaming from a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from UnleashClient import UnleashClient

from tests.node import Node, put
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    BACKEND,
    build_access,
    build_content,
    build_definitions,
    build_kill,
    build_part,
)

SINGAPORE = {"userId": "7", "properties": {"accountCountry": "SG"}}
STREAMS = "landfall_streams"
POLLS = 'landfall_requests_total{route="client_features",status="200"}'


@pytest.fixture
def node(redis: RedisServer, tmp_path: Path) -> Iterator[Node]:
    """Run an edge on that Redis."""
    with Node(tmp_path / "edge", {"REDIS_URL": redis.url}) as edge:
        yield edge


@pytest.fixture
def unleash(node: Node, tmp_path: Path) -> Iterator[UnleashClient]:
    """Run the SDK as it is, streaming."""
    client = UnleashClient(
        url=f"{node.base}/api",
        app_name="journey",
        environment="production",
        experimental_mode={"type": "streaming"},
        custom_headers={"Authorization": BACKEND},
        cache_directory=str(tmp_path / "cache"),
    )
    client.initialize_client()
    eventually(client.feature_definitions)
    yield client
    client.destroy()


def test_unleash_follows_changes_without_asking(
    node: Node, redis: RedisServer, unleash: UnleashClient
) -> None:
    """A change, a kill and its release reach the SDK within a second, with no poll at all."""
    assert unleash.is_enabled("pay", SINGAPORE)
    put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
    eventually(lambda: not unleash.is_enabled("pay", SINGAPORE), within_seconds=1)
    put(redis, build_part("kills", {"switches": [build_kill("chat")]}, 3))
    eventually(lambda: not unleash.is_enabled("chat", SINGAPORE), within_seconds=1)
    put(redis, build_part("kills", {"switches": []}, 4), build_content(5))
    eventually(lambda: unleash.is_enabled("chat", SINGAPORE), within_seconds=1)
    eventually(lambda: unleash.is_enabled("pay", SINGAPORE), within_seconds=1)
    assert (node.count(STREAMS), node.count(POLLS)) == (1, 0)


def test_unleash_comes_back_to_where_everybody_is(
    node: Node, redis: RedisServer, unleash: UnleashClient
) -> None:
    """What changed while its node was away is there as soon as it has come back."""
    node.end()
    put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
    node.start()
    eventually(lambda: not unleash.is_enabled("pay", SINGAPORE), within_seconds=20)


def test_a_revoked_token_ends_the_stream(
    node: Node, redis: RedisServer, unleash: UnleashClient
) -> None:
    """The SDK keeps what it has, and its stream is gone at once."""
    put(redis, build_part("access", build_access(without=[BACKEND]), 2))
    eventually(lambda: node.count(STREAMS) == 0, within_seconds=5)
    assert unleash.is_enabled("pay", SINGAPORE)
