"""What all routes of a node share, put together once at the start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from flags.delivery.auth import Gatekeeper
from flags.delivery.contexts import Contexts
from flags.delivery.exposure import Exposure
from flags.delivery.http import Header
from flags.delivery.metrics import Counters
from flags.delivery.recall import Recall
from flags.delivery.reports import Report
from flags.delivery.settings import Settings
from flags.delivery.state import Known, State, View
from flags.delivery.streams import Hub
from flags.delivery.turns import Turns

FindText = Callable[[str], Awaitable[bytes | None]]


class Service:
    """State, tokens, streams and counts of one node."""

    def __init__(self, state: State, settings: Settings, find_text: FindText | None) -> None:
        self.state = state
        self.settings = settings
        self.counters: Counters = state.counters
        self.gatekeeper = Gatekeeper.build(state, settings)
        self.recall = Recall(state, settings, self.gatekeeper)
        self.turns = Turns(self.gatekeeper.found)
        self.contexts = Contexts(state)
        self.exposure = Exposure(state)
        self.hub = Hub(state, settings)
        self.find_text = find_text
        self.locales: dict[tuple[str, str, bytes], tuple[str, str]] = {}

    def stamp(self, view: View) -> list[Header]:
        """Return the headers that tell how new an answer is."""
        return [(b"x-landfall-revision", b"%d" % view.revision), *self.list_freshness()]

    def report(self, sdk: str, known: Known, lines: Report) -> None:
        """Take what an SDK has counted."""
        self.counters.count("usage_reports", by=len(lines), sdk=sdk)
        self.exposure.report(known, lines)

    def list_freshness(self) -> list[Header]:
        """Return the headers that differ from one second to the next (`FRESHNESS`)."""
        return [(b"x-landfall-age", b"%d" % self.state.age_seconds())]
