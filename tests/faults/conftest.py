"""Real parts for the faults: a migrated database file, a Redis, processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import CONTENT, Actor, Site
from tests.redis_server import RedisServer


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database that is migrated and has been published once."""
    home = tmp_path_factory.mktemp("template")
    with RedisServer() as redis:
        site = Site(home, redis)
        try:
            migrated = site.manage("migrate", "-v0")
            assert migrated.returncode == 0, migrated.stderr
            actor = site.start_actor()
            actor.ask("set_up")
            actor.ask("offer", "planned")
            actor.ask("publish")
        finally:
            site.close()
        site.ask_database("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Iterator[Site]:
    """Give an installation that was published once, with an empty Redis."""
    with RedisServer() as redis:
        site = Site(tmp_path, redis)
        site.copy_database(template)
        yield site
        site.close()


@pytest.fixture
def actor(site: Site) -> Actor:
    """Give a child that obeys; what the site has published is in Redis."""
    child = site.start_actor()
    child.ask("put")
    assert site.find_head(CONTENT) is not None
    return child
