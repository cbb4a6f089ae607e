"""A real node sends what it has counted when it is told to stop."""

from __future__ import annotations

from pathlib import Path

import httpx

from flags.publishing.exposure import Seen, list_batches, read_batch, take_batch
from flags.publishing.redis_store import RedisStore
from tests.node import Node, put_world
from tests.redis_server import RedisServer
from tests.unit.delivery.world import BACKEND, FRONTEND

PERSON = "userId=7&sessionId=7&properties[accountCountry]=SG"


def test_a_node_that_is_told_to_stop_sends_its_counts(tmp_path: Path) -> None:
    """Lose nothing at a deployment: answers and reports of the last seconds are in Redis."""
    report = {"appName": "shop", "bucket": {"toggles": {"pay": {"yes": 5, "no": 2}}}}
    with RedisServer() as redis:
        put_world(redis)
        with Node(tmp_path, {"REDIS_URL": redis.url}) as node:
            with httpx.Client(base_url=node.base) as client:
                for _again in range(4):
                    headers = {"Authorization": FRONTEND}
                    client.get(f"/api/frontend?{PERSON}", headers=headers).raise_for_status()
                headers = {"Authorization": BACKEND}
                answer = client.post("/api/client/metrics", json=report, headers=headers)
                assert 202 == answer.status_code
            node.end()
        store = RedisStore(redis.url)
        assert take_batch(store, "production", "x")
        [name] = list_batches(store)
        counts = {seen: count for (_hour, seen), count in read_batch(store, name).counts.items()}
    assert 4 == counts[Seen("superapp", "pay", "", "SG", "LIVE", "", "server")]
    assert 5 == counts[Seen("superapp", "pay", "", "", "ON", "", "sdk")]
    assert 2 == counts[Seen("superapp", "pay", "", "", "OFF", "", "sdk")]
