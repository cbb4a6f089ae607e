"""Hundreds of event streams on one real node: who hears, who is left, who comes back."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crowd import crowd, listen_all, open_stream, read_until, reset
from tests.node import Node, put
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import FRONTEND, build_content, build_definitions

COUNT = 200
STREAMS = "landfall_streams"
TASKS = "landfall_tasks"


@pytest.fixture
def node(redis: RedisServer, tmp_path: Path) -> Iterator[Node]:
    """Run an edge on that Redis that takes all of them from one address."""
    with Node(tmp_path, {"REDIS_URL": redis.url, "LANDFALL_STREAMS_PER_ADDRESS": "1000"}) as edge:
        yield edge


def test_a_change_wakes_nobody_elsewhere(node: Node, redis: RedisServer) -> None:
    """Leave people silent whose countries a change does not concern, however they are named."""
    with (
        crowd(node, FRONTEND, COUNT, "?accountCountry=SG&locationCountry=MY") as concerned,
        crowd(node, FRONTEND, COUNT, "?territories=FR,BR") as elsewhere,
    ):
        put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
        heard = listen_all(concerned, 10, wanted=COUNT)
        assert all(b'"territories":["SG"]' in event for event in heard)
        # A keep-alive may come meanwhile.
        assert not any(b"data:" in said for said in listen_all(elsewhere, 0.5, wanted=COUNT))


def test_nothing_is_left_of_clients_that_left(node: Node) -> None:
    """Free every listener and every task, whether clients said good-bye or crashed."""
    before = node.count(TASKS)
    with crowd(node, FRONTEND, COUNT) as connections:
        assert node.count(STREAMS) == COUNT
        for connection in connections[::2]:
            reset(connection)
    eventually(lambda: node.count(STREAMS) == 0)
    # The question itself is one; keep-alives may have begun meanwhile.
    eventually(lambda: node.count(TASKS) <= before + 1)


def test_who_comes_back_after_a_crash_hears_where_things_stand(
    node: Node, redis: RedisServer
) -> None:
    """Stay silent for an id that still holds; answer any other with the newest, never an error."""
    with crowd(node, FRONTEND, 1) as (connection,):
        put(redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
        told = read_until(connection, b"\n\n")
        found = re.search(rb"id: (\S+)", told)
        assert found is not None
        name = found[1].decode()
    node.end(signal.SIGKILL)
    node.start()
    for given, speaks in ((name, False), ("1.1", True), ("0.99", True), ("garbage é", True)):
        connection = open_stream(node, FRONTEND, last_event_id=given)
        greeting = read_until(connection, b": keep-alive" if not speaks else b'"lastModified"')
        assert (b"retry: " in greeting, b'"revision":2' in greeting) == (True, speaks), given
        connection.close()


def test_reconnects_are_spread(node: Node) -> None:
    """Give each client a pause of its own, from one to eight seconds."""
    pauses = set()
    for _ in range(30):
        connection = open_stream(node, FRONTEND)
        found = re.search(rb"retry: (\d+)", read_until(connection, b'"lastModified"'))
        assert found is not None
        pauses.add(int(found[1]))
        connection.close()
    assert len(pauses) > 20
    assert 1000 <= min(pauses) <= max(pauses) <= 8000


def test_a_node_with_many_streams_stops_in_time(node: Node) -> None:
    """Say good-bye to everybody and exit well before ten seconds."""
    with crowd(node, FRONTEND, COUNT) as connections:
        before = time.monotonic()
        assert node.process is not None
        node.process.send_signal(signal.SIGTERM)
        assert all(b"event: bye" in read_until(one, b"event: bye") for one in connections)
        node.process.wait(timeout=10)
        assert time.monotonic() - before < 10
