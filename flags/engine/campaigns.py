"""PURE: which schedules run for a person now, and until when.

The gate `schedule` asks the same of one feature; here it is told of all, with instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from flags.engine.context import Context
from flags.engine.definitions import Definitions
from flags.engine.places import Atlas, Period
from flags.engine.signals import (
    find_account_zone,
    find_location_zone,
    raw_account_zone,
    raw_location_zone,
)
from flags.engine.timetables import Timetable, Timetables
from regions.zones import EARLIEST, LATEST


class Campaign(NamedTuple):
    """A schedule that runs now; `features` are all that it names, on or off.

    `[starts, ends)` are instants, None where there is no beginning or no end.
    """

    key: str
    features: tuple[str, ...]
    starts: datetime | None
    ends: datetime | None


class Campaigns:
    """The schedules of a scope, ready to be asked."""

    def __init__(self, definitions: Definitions) -> None:
        """Lay out a timetable for each schedule."""
        atlas = Atlas(definitions) if definitions.schedules else None
        self.tables = tuple(
            Timetables(schedule, atlas) for schedule in definitions.schedules if atlas
        )
        self.features = frozenset(
            feature for schedule in definitions.schedules for feature in schedule.features
        )

    def list_current(self, context: Context) -> tuple[Campaign, ...]:
        """List what runs now on the clock of the account or of the phone, by key."""
        return tuple(self._list_current(context)) if self.tables else ()

    def _list_current(self, context: Context) -> Iterator[Campaign]:
        seen = {
            "account": find_account_zone(raw_account_zone(context)),
            "location": find_location_zone(raw_location_zone(context)),
        }
        for table in self.tables:
            schedule = table.schedule
            where = seen[schedule.anchor]
            period = _find_period(table.find(where.code, where.zone), context.now)
            if period is not None:
                yield Campaign(
                    key=schedule.rule.key,
                    features=schedule.features,
                    starts=None if period.starts == EARLIEST else period.starts,
                    ends=None if period.ends == LATEST else period.ends,
                )


def _find_period(times: Timetable | None, now: datetime) -> Period | None:
    """Return for how long a person is in the group and in a window, None when not now."""
    if times is None:
        return None
    for member in times.members:
        for window in times.windows:
            met = member.meet(window)
            if met is not None and met.starts <= now < met.ends:
                return met
    return None
