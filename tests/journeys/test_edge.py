"""An edge without Redis, without anything, and behind a web node."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.node import Node, put
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    FRONTEND,
    build_access,
    build_content,
    build_kill,
    build_part,
)

QUERY = "?userId=7&sessionId=1&properties[accountCountry]=SG"


def ask(node: Node) -> httpx.Response:
    """Ask for the answers of a person in Singapore."""
    return httpx.get(f"{node.base}/api/frontend{QUERY}", headers={"Authorization": FRONTEND})


def names(node: Node) -> set[str]:
    """Return the flags that are on for that person."""
    return {toggle["name"] for toggle in ask(node).json()["toggles"]}


def test_an_edge_outlives_redis_and_says_how_old_it_is(redis: RedisServer, tmp_path: Path) -> None:
    """Keep answering from memory, then from the file after a restart."""
    with Node(tmp_path, {"REDIS_URL": redis.url}) as edge:
        before = ask(edge)
        assert int(before.headers["x-landfall-age"]) <= 1
        redis.kill()
        assert ask(edge).content == before.content
        eventually(lambda: int(ask(edge).headers["x-landfall-age"]) >= 5, within_seconds=15)
        assert edge.end() == 0
        edge.start()
        after = ask(edge)
        assert (after.status_code, after.content) == (httpx.codes.OK, before.content)
        assert int(after.headers["x-landfall-age"]) >= 5
        assert httpx.get(f"{edge.base}/readyz").json()["ageSeconds"] >= 5


def test_revoked_tokens_stay_revoked_without_redis(redis: RedisServer, tmp_path: Path) -> None:
    """Never let a token in from the file that was revoked before Redis went.

    A token that nobody can vouch for gets 503, since 401 would stop SDKs for ever.
    """
    with Node(tmp_path, {"REDIS_URL": redis.url}) as edge:
        put(redis, build_part("access", build_access(without=[FRONTEND]), 2))
        eventually(lambda: ask(edge).status_code == httpx.codes.UNAUTHORIZED)
        redis.kill()
        edge.end()
        edge.start()
        assert ask(edge).status_code == httpx.codes.SERVICE_UNAVAILABLE


def test_an_edge_without_anything_asks_to_wait(tmp_path: Path) -> None:
    """Answer 503 with a pause, never 401 or 404, while there is nothing to answer from."""
    edge = Node(tmp_path, {"REDIS_URL": f"unix://{tmp_path / 'nobody'}"})
    try:
        edge.start(ready=False)
        answer = ask(edge)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert (answer.headers["retry-after"], answer.json()["name"]) == ("2", "Unavailable")
        assert httpx.get(f"{edge.base}/readyz").status_code == httpx.codes.SERVICE_UNAVAILABLE
    finally:
        edge.end()


def test_a_kill_reaches_an_edge_within_a_second(redis: RedisServer, tmp_path: Path) -> None:
    """Serve the kill over the last content."""
    with Node(tmp_path, {"REDIS_URL": redis.url}) as edge:
        assert "chat" in names(edge)
        put(redis, build_part("kills", {"switches": [build_kill("chat")]}, 2))
        eventually(lambda: "chat" not in names(edge), within_seconds=1.5)


def test_an_edge_behind_a_web_node_needs_no_redis(redis: RedisServer, tmp_path: Path) -> None:
    """Read parts and texts from the node's internal address, with its credential."""
    secret = {"LANDFALL_EDGE_TOKEN": "edge-secret"}
    with Node(tmp_path / "web", {"REDIS_URL": redis.url, **secret}) as web:
        behind = {"LANDFALL_UPSTREAM": web.base, **secret}
        with Node(tmp_path / "edge", behind) as edge:
            assert ask(edge).content == ask(web).content
            put(redis, build_content(5))
            eventually(lambda: ask(edge).headers["x-landfall-revision"] == "5")
            manifest = httpx.get(f"{edge.base}/api/variant", headers={"Authorization": FRONTEND})
            text = httpx.get(edge.base + manifest.json()["texts"]["reasons"]["url"])
            assert text.json()["reason.LIVE"] == "Ready"
