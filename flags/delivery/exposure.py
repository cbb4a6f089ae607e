"""Count what people are shown: answers that are sent, and what SDKs report.

A warm request pays for one step in a table. What its answer said, feature by feature, is
found out later (`settling`). Everything here is bounded and written by the loop only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import NamedTuple

from flags.delivery.live import Live, Steps, drive, run
from flags.delivery.reports import Line, Report
from flags.delivery.state import Known, State, View
from flags.delivery.told import Told
from flags.engine.context import Context
from flags.engine.definitions import Feature
from flags.engine.signals import find_residence, raw_residence
from flags.publishing.exposure import NO_VARIANT, UNKNOWN, Seen, merge

# Different answers that are told apart between two flushes, then people by place alone.
TOLD_MAX = 10_000
LUMPS_MAX = 5_000
# Different lines of a node that wait to be sent.
LINES_MAX = 50_000
# Flags and variants that one token may report to a node between two flushes.
TOKEN_LINES_MAX = 20_000
# As many are counted while the request waits, more of a report in slices after it.
AT_ONCE = 250
REPORTS_WAITING = 8
# Variants of a flag in one report.
VARIANTS_MAX = 200
# What no client counts in a minute.
COUNT_MAX = 1_000_000_000
PLATFORM_LENGTH_MAX = 40
ON, OFF = "ON", "OFF"
SDK = "sdk"

Where = tuple[str, str]
Key = tuple[str, Seen]


class Lump(NamedTuple):
    """People of one place who are counted together once there are too many answers."""

    mark: object
    app: str
    feature: str
    where: Where


class Taken(NamedTuple):
    """What was counted since the last flush, with the views that it was told of."""

    told: dict[Told, int]
    lumps: dict[Lump, int]
    views: dict[object, View]


class Exposure:
    """Counts of one node; `lines` wait to be sent. Where nobody sends them, `counts` is off."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.counts = True
        self.counters = state.counters
        self.told: dict[Told, int] = {}
        self.lumps: dict[Lump, int] = {}
        self.views: dict[object, View] = {}
        self.lines: dict[Key, int] = {}
        self.reported: dict[str, int] = {}
        self.names: dict[tuple[Live, str], frozenset[str]] = {}
        self.waiting: deque[Steps[None]] = deque()
        self.reading: asyncio.Task[None] | None = None
        self.counters.gauge(
            "exposure_keys", lambda: {(): len(self.told) + len(self.lumps) + len(self.lines)}
        )

    # Answers of this node.

    def tell(
        self, view: View, known: Known, context: Context, *, app: str = "", feature: str = ""
    ) -> Told | None:
        """Return what to count when the answer is sent; a preview shows nothing to anybody."""
        if known.token.kind == "preview" or not self.counts:
            return None
        self.views[view.mark] = view
        return Told(view.mark, context, app, feature)

    def count(self, told: Told) -> None:
        """Count an answer that is sent."""
        counts = self.told
        if told in counts:
            counts[told] += 1
        elif len(counts) < TOLD_MAX:
            counts[told] = 1
        else:
            self.count_lump(told)

    def count_lump(self, told: Told) -> None:
        """Count an answer with others of its place."""
        lump = Lump(told.mark, told.app, told.feature, find_where(told.context))
        if lump in self.lumps or len(self.lumps) < LUMPS_MAX:
            self.lumps[lump] = self.lumps.get(lump, 0) + 1
        else:
            self.drop("full")

    # Reports of SDKs.

    def report(self, known: Known, lines: Report) -> None:
        """Count what an SDK or an Edge reports; what cannot be counted is dropped and told.

        Who reported as much as a token may is not read any further.
        """
        if not self.counts:
            return
        digest = known.token.digest
        until = self.reported.get(digest, 0) + AT_ONCE
        steps = self.count_report(known, lines)
        for _line in steps:
            if self.reported[digest] < until:
                continue
            if len(self.waiting) >= REPORTS_WAITING:
                self.drop("full")
                return
            self.waiting.append(steps)
            if self.reading is None or self.reading.done():
                self.reading = asyncio.get_running_loop().create_task(self.read_on())
            return

    async def read_on(self) -> None:
        """Count the rest of long reports in slices; requests come in between."""
        while self.waiting:
            steps = self.waiting[0]
            await drive(steps)
            if self.waiting and self.waiting[0] is steps:
                self.waiting.popleft()

    def read_all(self) -> None:
        """Count the rest of long reports now, since the node ends."""
        while self.waiting:
            run(self.waiting.popleft())

    def count_report(self, known: Known, lines: Report) -> Steps[None]:
        """Count a report, a flag at each step."""
        token = known.token
        view = self.state.view(token.app, known.environment)
        territory = token.territories[0] if len(token.territories) == 1 else ""
        for place, line in enumerate(lines):
            used = self.reported.get(token.digest, 0)
            if used >= TOKEN_LINES_MAX:
                self.drop("flood", len(lines) - place)
                return
            size = 1
            if line is not None:
                size += min(len(line.variants or ()), VARIANTS_MAX)
                if view is None or not view.lives:
                    self.drop("not_ready")
                else:
                    self.count_line(view, territory, line)
            self.reported[token.digest] = used + size
            yield

    def count_line(self, view: View, territory: str, line: Line) -> None:
        """Count one flag of a report; names that are not of the scope share one."""
        live = next((one for one in view.lives if line.name in one.snapshot.features), None)
        app, feature = view.lives[0].app, UNKNOWN
        names: frozenset[str] = frozenset()
        if live is not None:
            app, feature = live.app, line.name
            names = self.list_names(live, line.name)
        told = [("", ON, line.yes), ("", OFF, line.no)]
        variants = line.variants or {}
        for name, count in islice(variants.items(), VARIANTS_MAX):
            told.append((name if name in names else UNKNOWN, "", count))
        if len(variants) > VARIANTS_MAX:
            self.drop("flood", len(variants) - VARIANTS_MAX)
        for variant, reason, count in told:
            if 0 < count <= COUNT_MAX:
                seen = Seen(app, feature, variant, territory, reason, "", SDK)
                self.add((view.environment, seen), count)
            elif count:
                self.drop("absurd")

    def list_names(self, live: Live, feature: str) -> frozenset[str]:
        """Return the names of a feature's variants, listed once between two flushes."""
        found = self.names.get((live, feature))
        if found is None:
            found = list_variants(live.snapshot.features[feature].definition)
            self.names[live, feature] = found
        return found

    # What waits.

    def add(self, key: Key, count: int) -> None:
        """Add to a line; beyond the bound a new one joins the others of its app."""
        if key not in self.lines and len(self.lines) >= LINES_MAX:
            environment, seen = key
            key = (environment, merge(seen))
        self.lines[key] = self.lines.get(key, 0) + count

    def drop(self, why: str, count: int = 1) -> None:
        """Tell that something is not counted."""
        self.counters.count("exposure_dropped", by=count, why=why)

    def take(self) -> Taken:
        """Take the answers that were counted; what comes from now on is of the next flush.

        Views that are served now may be told of again without being asked anew.
        """
        taken = Taken(self.told, self.lumps, self.views)
        self.told, self.lumps, self.reported, self.names = {}, {}, {}, {}
        self.views = {view.mark: view for view in self.state.views.values()}
        return taken

    def take_lines(self) -> dict[Key, int]:
        """Take the lines that wait."""
        lines, self.lines = self.lines, {}
        return lines


def find_where(context: Context) -> Where:
    """Return a person's territory (the account's, else the location's) and platform."""
    platform = context.properties.get("platform", "")[: PLATFORM_LENGTH_MAX + 1]
    return find_residence(raw_residence(context)).code or "", platform.strip().lower()


def list_variants(feature: Feature) -> frozenset[str]:
    """Return the names of variants that a feature can have."""
    own = [one.name for one in feature.variants]
    return frozenset(
        {NO_VARIANT, *own, *[one.name for each in feature.strategies for one in each.variants]}
    )
