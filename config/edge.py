"""The edge process: delivery alone, from Redis or a web node, or its own last known good.

It reads the environment itself and needs neither Django's settings nor a database:
`REDIS_URL`, `LANDFALL_UPSTREAM` with `LANDFALL_EDGE_TOKEN`, `LANDFALL_DATA_DIR`.
"""

from __future__ import annotations

from pathlib import Path

from config.env import WrongSetting, read_secret, read_text, read_url
from config.logs import configure_logs
from config.node import Node, build_node, read_delivery_settings
from flags.delivery.upstream import UpstreamSource
from flags.publishing.directory_store import DirectoryStore
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import Source


def build() -> Node:
    """Build an edge from the environment; it refuses to start without any source."""
    configure_logs(read_text("LOG_LEVEL", "WARNING").upper())
    redis_url = read_url("REDIS_URL", "", schemes=frozenset({"redis", "rediss", "unix"}))
    upstream_url = read_url("LANDFALL_UPSTREAM", "", schemes=frozenset({"http", "https"}))
    sources: list[Source] = []
    redis = RedisStore(redis_url) if redis_url else None
    if redis is not None:
        sources.append(redis)
    if upstream_url:
        sources.append(UpstreamSource(upstream_url, read_secret("LANDFALL_EDGE_TOKEN")))
    if not sources:
        raise WrongSetting("REDIS_URL or LANDFALL_UPSTREAM", "set for an edge", "")
    directory = Path(read_text("LANDFALL_DATA_DIR", "var")) / "last-known-good"
    return build_node(
        sources=sources,
        redis=redis,
        last_known_good=DirectoryStore(directory),
        settings=read_delivery_settings(),
    )


application = build()
