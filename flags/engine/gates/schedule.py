"""PURE: gate `schedule`, which asks: has the person's own clock reached a window.

The clock is that of the account or of the phone, whichever the schedule is anchored in;
without one it is the territory's. One rule gives every market its own midnight.
"""

from __future__ import annotations

from datetime import datetime

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature
from flags.engine.ground import BrokenFeature, Ground
from flags.engine.outcomes import Answers, Outcome, Reader
from flags.engine.result import Reason
from flags.engine.signals import Whereabouts
from flags.engine.timetables import Timetable, Timetables

ZONES = {"account": "accountZone", "location": "locationZone"}


class ScheduleGate:
    """Closed to people outside the group, before their windows, between and after them."""

    def __init__(self, timetables: Timetables, answers: Answers) -> None:
        """Take what all features of the schedule share."""
        self.timetables = timetables
        self.answers = answers
        schedule = timetables.schedule
        self.rule = schedule.rule
        self.anchor = schedule.anchor
        self.group = schedule.market
        # All features of a schedule ask the same: the cell is found once for them.
        self.when = Atom(ZONES[self.anchor], self._read, key=("schedule", schedule))
        self.atoms: tuple[Atom, ...] = (self.when,)
        self.flips = timetables.flips

    def check(self, reader: Reader) -> Outcome | None:
        """Close unless a window is open; one that is to come has not started yet."""
        times: Timetable | None = reader.cell(self.when)
        if times is None or not any(_is_current(period, reader) for period in times.members):
            return self._close(Reason.NOT_IN_GROUP, self.group)
        if any(_is_current(period, reader) for period in times.windows):
            return None
        if any(not reader.passed(period.starts) for period in times.windows):
            return self._close(Reason.NOT_STARTED)
        return self._close(Reason.ENDED)

    def _close(self, reason: Reason, detail: str = "") -> Outcome:
        return self.answers.off(reason, rule=self.rule, signal=self.anchor, detail=detail)

    def _read(self, seen: Whereabouts) -> Timetable | None:
        return self.timetables.find(seen.code, seen.zone)


def build(feature: Feature, ground: Ground, answers: Answers) -> ScheduleGate | None:
    """Return the gate, or None when no schedule names the feature."""
    schedules = ground.schedules_of(feature)
    if not schedules:
        return None
    if len(schedules) > 1:
        names = " and ".join(schedule.rule.key for schedule in schedules)
        raise BrokenFeature("two_schedules", f"the schedules {names} both name it")
    return ScheduleGate(ground.timetables_of(schedules[0]), answers)


def _is_current(period: tuple[datetime, datetime], reader: Reader) -> bool:
    starts, ends = period
    return reader.passed(starts) and not reader.passed(ends)
