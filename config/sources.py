"""What processes without a database read from: Redis, a web node, their own disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.env import WrongSetting, read_secret, read_text, read_url
from flags.delivery.upstream import UpstreamSource
from flags.publishing.directory_store import DirectoryStore
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import Source


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources in the order in which they are asked, Redis for hints, and the file."""

    ordered: tuple[Source, ...]
    redis: RedisStore | None
    last_known_good: DirectoryStore


def read_sources(process: str) -> Sources:
    """Read the sources of a process from the environment; it refuses to start without any."""
    redis_url = read_url("REDIS_URL", "", schemes=frozenset({"redis", "rediss", "unix"}))
    upstream_url = read_url("LANDFALL_UPSTREAM", "", schemes=frozenset({"http", "https"}))
    sources: list[Source] = []
    redis = RedisStore(redis_url) if redis_url else None
    if redis is not None:
        sources.append(redis)
    if upstream_url:
        sources.append(UpstreamSource(upstream_url, read_secret("LANDFALL_EDGE_TOKEN")))
    if not sources:
        raise WrongSetting("REDIS_URL or LANDFALL_UPSTREAM", f"set for an {process}", "")
    directory = Path(read_text("LANDFALL_DATA_DIR", "var")) / "last-known-good"
    return Sources(tuple(sources), redis, DirectoryStore(directory))
