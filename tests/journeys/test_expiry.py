"""A token that expires while its client listens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec

from flags.publishing.snapshot import Token
from tests.node import Node, put, put_world
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.world import build_access, build_part, digest


def ask(base: str, token: str) -> int:
    """Return the status of a request with this token."""
    return httpx.get(f"{base}/api/frontend", headers={"Authorization": token}).status_code


def test_a_token_expires_on_time_in_a_real_node(tmp_path: Path) -> None:
    """Answer 401 from the instant on, and end the stream then, not a keep-alive later."""
    text = "superapp:production.expires-soon"
    with RedisServer() as redis:
        put_world(redis)
        with Node(tmp_path, {"REDIS_URL": redis.url}) as edge:
            expires = datetime.now(UTC) + timedelta(seconds=2)
            token = Token(
                digest=digest(text.encode()), app="superapp", kind="frontend", expires=expires
            )
            access = build_access()
            more = msgspec.structs.replace(access, tokens=(*access.tokens, token))
            put(redis, build_part("access", more, 2))
            eventually(lambda: ask(edge.base, text) == 200, within_seconds=2)
            headers = {"Authorization": text}
            with httpx.stream("GET", f"{edge.base}/api/stream", headers=headers) as answer:
                assert "event: bye" in list(answer.iter_lines())
            late = (datetime.now(UTC) - expires).total_seconds()
            assert 0 <= late < 1.0
            assert ask(edge.base, text) == 401
