"""PURE: a schedule's local times as instants, for whoever's clock they are read on.

Windows are wall times. Which instants they are depends on the zone of the person, so a
schedule flips at several instants, about forty for each wall time: zones group by offset.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from flags.engine.definitions import Place, Schedule, Window
from flags.engine.outcomes import Flip
from flags.engine.places import Atlas, Period, meet_all
from regions.zones import EARLIEST, LATEST, instant, list_instants


class Timetable(NamedTuple):
    """When a person is in the group, and when they have windows, as instants."""

    members: tuple[Period, ...]
    windows: tuple[Period, ...]


class Timetables:
    """A schedule for every territory and zone; made once for all of its features."""

    def __init__(self, schedule: Schedule, atlas: Atlas) -> None:
        """Sort the windows by territory."""
        self.schedule = schedule
        self.atlas = atlas
        self.windows: dict[str, list[Window]] = {}
        for window in schedule.windows:
            self.windows.setdefault(window.territory, []).append(window)
        self._sure: dict[str | None, tuple[Period, ...]] = {}
        everybody = Place("everywhere")
        self.group = Place("market", schedule.market) if schedule.market else everybody

    def find(self, code: str | None, zone: str | None) -> Timetable | None:
        """Return the times of a person at a territory, None when none are meant for them.

        Without a zone of their own the territory's holds, else UTC.
        """
        windows = self._windows_at(code)
        members = self.atlas.cover(self.group, code) if windows else ()
        if not members:
            return None
        clock = zone or self.atlas.zone_of(code)
        periods = (
            Period(
                EARLIEST if window.starts is None else instant(window.starts, clock),
                LATEST if window.ends is None else instant(window.ends, clock),
            )
            for window in windows
        )
        return Timetable(members, tuple(sorted(periods)))

    def list_sure(self, code: str | None) -> tuple[Period, ...]:
        """Return when people at a territory have a window, whatever zone their clocks keep."""
        known = self._sure.get(code)
        if known is None:
            known = self._sure[code] = tuple(self._find_sure(code))
        return known

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """List the territories that the schedule speaks of; all others are alike."""
        market = self.atlas.list_codes(self.group) if self.schedule.market else ()
        return tuple(sorted({code for code in (*market, *self.windows) if code}))

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """List when the schedule flips for anybody.

        A clock may keep the time of another place: every zone's instants concern everybody
        of a territory. Who has no window there is not concerned.
        """
        return tuple(sorted(set(self._list_flips())))

    def _find_sure(self, code: str | None) -> list[Period]:
        members = self.atlas.cover(self.group, code)
        found: list[Period] = []
        for window in self._windows_at(code):
            starts = EARLIEST if window.starts is None else self._instants(window.starts, code)[-1]
            ends = LATEST if window.ends is None else self._instants(window.ends, code)[0]
            if starts < ends:
                found += meet_all(Period(starts, ends), members)
        return sorted(found)

    def _list_flips(self) -> Iterator[Flip]:
        # Without a market people of no territory that is named have windows too.
        others = () if self.schedule.market else (None,)
        for code in (*self.codes, *others):
            windows = self._windows_at(code)
            for wall in _walls(windows):
                for at in self._instants(wall, code):
                    yield Flip(at, code or "")
            for period in self.atlas.cover(self.group, code) if windows else ():
                for at in period:
                    if EARLIEST < at < LATEST:
                        yield Flip(at, code or "")

    def _windows_at(self, code: str | None) -> list[Window]:
        return self.windows.get(code or "") or self.windows.get("", [])

    def _instants(self, wall: datetime, code: str | None) -> list[datetime]:
        """Return when it is this time for anybody; rules' own zones may have other names."""
        own = instant(wall, self.atlas.zone_of(code))
        return sorted({*list_instants(wall), own})


def list_walls(schedule: Schedule) -> list[datetime]:
    """List the local times at which windows begin and end, each once and in order."""
    return sorted(set(_walls(schedule.windows)))


def _walls(windows: tuple[Window, ...] | list[Window]) -> Iterator[datetime]:
    for window in windows:
        yield from (wall for wall in (window.starts, window.ends) if wall is not None)
