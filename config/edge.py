"""The edge process: delivery alone, from Redis or a web node, or its own last known good.

It reads the environment itself and needs neither Django's settings nor a database:
`REDIS_URL`, `LANDFALL_UPSTREAM` with `LANDFALL_EDGE_TOKEN`, `LANDFALL_DATA_DIR`.
"""

from __future__ import annotations

from config.env import read_text
from config.logs import configure_logs
from config.node import Node, build_node, read_delivery_settings
from config.sources import read_sources


def build() -> Node:
    """Build an edge from the environment; it refuses to start without any source."""
    configure_logs(read_text("LOG_LEVEL", "WARNING").upper())
    sources = read_sources("edge")
    return build_node(
        sources=sources.ordered,
        redis=sources.redis,
        last_known_good=sources.last_known_good,
        settings=read_delivery_settings(),
    )


application = build()
