"""What the end-to-end probe found, among the metrics of every node that has a Redis."""

from __future__ import annotations

import time
from collections.abc import Mapping

from flags.delivery.metrics import Counters, Labels
from flags.publishing.probes import Figures, read_figures
from flags.publishing.redis_store import RedisStore


class ProbeFigures:
    """The newest figures; a poller's thread renews them, the loop reads them."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._told: tuple[Figures, float] | None = None
        # There from the start, since a thread may replace counts beside the loop, but add none.
        counters.counts["probes", ()] = counters.counts["probe_failures", ()] = 0
        counters.gauge("probe_seconds", self._list_seconds)
        counters.gauge("probe_arrived", self._tell_arrived)
        counters.gauge("probe_age_seconds", self._tell_age)

    def renew(self, store: RedisStore) -> None:
        """Read what the newest probe found; raises OSError when Redis does not answer."""
        figures = read_figures(store)
        if figures is None:
            return
        self._told = (figures, time.monotonic())
        self._counters.counts["probes", ()] = figures.probes
        self._counters.counts["probe_failures", ()] = figures.failures

    def _list_seconds(self) -> Mapping[Labels, float]:
        if self._told is None:
            return {}
        return {(("figure", name),): value for name, value in self._told[0].seconds.items()}

    def _tell_arrived(self) -> Mapping[Labels, float]:
        return {} if self._told is None else {(): float(self._told[0].arrived)}

    def _tell_age(self) -> Mapping[Labels, float]:
        if self._told is None:
            return {}
        figures, heard_at = self._told
        return {(): round(figures.age_seconds + time.monotonic() - heard_at, 1)}
