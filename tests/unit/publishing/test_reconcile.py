"""When the watching loop starts to publish by itself."""

from __future__ import annotations

from datetime import timedelta

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
