"""A database of one's own for publishing, with a Redis that is not there."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from flags.publishing import load, publish
from tests.unit.publishing.shop import open_shop


@pytest.fixture
def shop(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open a small product that has not been published, without any Redis.

    A test's rows are visible on its own connection only, so the publish reads there too;
    the second connection is proved on a real file in `tests/faults`.
    """
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    monkeypatch.setattr(load, "SNAPSHOT_ALIAS", "default")
    monkeypatch.setattr(publish, "_read", {})
    monkeypatch.setattr(publish, "_proved", {})
    open_shop()
