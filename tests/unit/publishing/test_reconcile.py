"""When the watching loop starts to publish by itself."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError

from flags.publishing import reconcile
from flags.publishing.publish import publish
from flags.publishing.reconcile import PATIENCE_SECONDS, Watch
from tests.unit.publishing.shop import NOW, offer


def test_a_change_is_overdue_after_patience(shop: None) -> None:
    """What is seen waiting for half a second is overdue, by this process's own clock."""
    watch = Watch()
    long_ago = NOW - timedelta(days=365)
    assert watch.list_overdue(now=long_ago, tick=10.0) == []
    assert watch.list_overdue(now=long_ago, tick=10.0 + PATIENCE_SECONDS) == ["production"]


def test_changes_that_come_and_go_are_not_overdue(shop: None) -> None:
    """While a worker publishes one change after the other, the loop has nothing to do."""
    watch = Watch()
    for index in range(5):
        offer(("live", "planned")[index % 2])
        assert watch.list_overdue(now=NOW, tick=float(index)) == []
        publish("production", now=NOW)


@pytest.mark.parametrize("trouble", [OperationalError("the database is gone"), ValueError("?")])
def test_the_loop_outlives_trouble(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    """While the database does not answer, or worse, the loop goes on looking."""
    looks: list[float] = []
    stop = threading.Event()

    def look(_watch: Watch, *, now: datetime, tick: float) -> list[str]:
        looks.append(tick)
        if len(looks) < 3:
            raise trouble
        stop.set()
        return []

    monkeypatch.setattr(Watch, "list_overdue", look)
    monkeypatch.setattr(reconcile, "put_lacking", lambda: 0)
    monkeypatch.setattr(reconcile, "TICK_SECONDS", 0.001)
    loop = threading.Thread(target=reconcile.run, args=[stop])
    loop.start()
    loop.join(timeout=10)
    assert not loop.is_alive()
    assert len(looks) == 3
