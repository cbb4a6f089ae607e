"""Commands about schedules: when features run, in everybody's own local time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

from flags.models import Feature, Schedule, ScheduleWindow
from flags.models.schedule import ANCHORS
from flags.operations.lookups import get_environment, get_feature
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App, Market
from regions.operations.checks import (
    check_choice,
    check_count,
    check_given,
    check_key,
    check_once,
    get_app,
    get_market,
    get_territories,
    shown,
)
from regions.operations.rows import describe, put

KIND = "schedule"
FEATURES_MAX = 100
WINDOWS_MAX = 1_000
COLUMNS = ("anchor", "market", "reason", "owner", "source", "review_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpec:
    """Wall times `[starts, ends)`; without a territory of all that have no window of their own."""

    territory: str = ""
    starts: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSchedule(Command):
    """Have features run in exactly these windows, on the clock of `anchor`.

    Without `market` everybody is in the group.
    """

    app: str
    environment: str
    key: str
    features: tuple[str, ...]
    anchor: str
    market: str = ""
    windows: tuple[WindowSpec, ...]
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSchedule(Command):
    """Take a schedule back, so that its features run at any time."""

    app: str
    environment: str
    key: str


@operation(SetSchedule, permission="schedules")
def set_schedule(command: SetSchedule, _moment: Moment) -> Iterable[Change]:
    """Write the schedule and replace its windows where they differ."""
    app = get_app(command.app)
    check_key(command.key, kind="schedule")
    of = f"The schedule {command.key}"
    check_choice(command.anchor, [word for word, _label in ANCHORS], name="clock", field="anchor")
    features = _get_features(app, command, of=of)
    market = get_market(command.market) if command.market else None
    _check_windows(command, market, of=of)
    values = {
        "anchor": command.anchor,
        "market": market,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "source": command.source.strip(),
        "review_date": command.review_date,
    }
    scope = Schedule.objects.filter(app=app, environment__key=command.environment)
    blank = Schedule(app=app, environment=get_environment(command.environment), key=command.key)
    written = put(scope.filter(key=command.key).first(), blank, values)
    before = describe_parts(written.row)
    # Archived features, which no command can name, keep their links for their return.
    written.row.features.set([*features, *written.row.features.exclude(archived_at=None)])
    if before["windows"] != sorted([_plain(window) for window in command.windows]):
        _replace_windows(written.row, command.windows)
    after = describe_parts(written.row)
    pairs = {name: (before[name], after[name]) for name in after}
    return written.changes(KIND, command.key, **pairs)


@operation(RemoveSchedule, permission="schedules")
def remove_schedule(command: RemoveSchedule, _moment: Moment) -> Iterable[Change]:
    """Delete the schedule with its windows; what it was stays in the audit."""
    app = get_app(command.app)
    row = (
        Schedule.objects.filter(app=app, environment__key=command.environment, key=command.key)
        .select_related("market")
        .first()
    )
    if row is None:
        raise Refused(
            f"{app.key} has no schedule “{shown(command.key)}” in {command.environment}.",
            code="unknown_schedule",
            field="key",
        )
    before = {**describe(row, COLUMNS), **describe_parts(row)}
    row.delete()
    return [Change(object_type=KIND, object_key=command.key, action="deleted", before=before)]


def describe_parts(row: Schedule) -> dict[str, Any]:
    """Return the features and the windows of a schedule as JSON values, in order."""
    return {
        "features": sorted(row.features.values_list("key", flat=True)),
        "windows": sorted([_plain(read_window(window)) for window in row.windows.all()]),
    }


def read_window(row: ScheduleWindow) -> WindowSpec:
    """Return a window's wall times; a date without a time begins at midnight."""
    return WindowSpec(
        territory=row.territory_id or "",
        starts=_join(row.starts_date, row.starts_time),
        ends=_join(row.ends_date, row.ends_time),
    )


def _get_features(app: App, command: SetSchedule, *, of: str) -> list[Feature]:
    """Get the features, or refuse one that is not there or has a schedule already."""
    check_count(len(command.features), FEATURES_MAX, things="features", field="features")
    check_once(command.features, things="features", field="features")
    if not command.features:
        raise Refused(
            f"{of} needs features; none was given.", code="features_missing", field="features"
        )
    features = [get_feature(app, key, field="features") for key in command.features]
    others = Schedule.objects.filter(app=app, environment__key=command.environment)
    taken = others.exclude(key=command.key).filter(features__in=features)
    other = taken.values_list("key", "features__key").order_by("key", "features__key").first()
    if other is not None:
        raise Refused(
            f"{other[1]} runs by the schedule {other[0]} in {command.environment} already;"
            " a feature has one schedule, with as many windows as it needs.",
            code="two_schedules",
            field="features",
        )
    return features


def _check_windows(command: SetSchedule, market: Market | None, *, of: str) -> None:
    check_count(len(command.windows), WINDOWS_MAX, things="windows", field="windows")
    if not command.windows:
        raise Refused(
            f"{of} needs windows; none was given.", code="windows_missing", field="windows"
        )
    codes = sorted({window.territory for window in command.windows if window.territory})
    get_territories(codes, field="windows")
    if market is not None:
        members = set(market.members.values_list("territory_id", flat=True))
        for code in codes:
            if code not in members:
                raise Refused(
                    f"{code} is not in the market {market.key}; its window would open nothing.",
                    code="not_a_member",
                    field="windows",
                )
    by_territory: dict[str, list[WindowSpec]] = {}
    for window in command.windows:
        _check_window(window, of=of)
        by_territory.setdefault(window.territory, []).append(window)
    for windows in by_territory.values():
        _check_overlaps(windows, of=of)


def _check_window(window: WindowSpec, *, of: str) -> None:
    at = window.territory or "*"
    given = [wall for wall in (window.starts, window.ends) if wall is not None]
    if not given:
        raise Refused(
            f"{of} has a window at {at} that neither begins nor ends; it would always be open.",
            code="window_open",
            field="windows",
        )
    for wall in given:
        if wall.tzinfo is not None or wall.microsecond:
            raise Refused(
                f"{of} runs by local times in whole seconds; {wall.isoformat()} at {at} is none.",
                code="not_local",
                field="windows",
            )
    if window.starts and window.ends and window.ends <= window.starts:
        raise Refused(
            f"{of} would end at {at} at {_say(window.ends)} (excluded), on or before its start"
            f" {_say(window.starts)}.",
            code="dates_order",
            field="windows",
        )


def _check_overlaps(windows: list[WindowSpec], *, of: str) -> None:
    ordered = sorted(windows, key=lambda window: window.starts or datetime.min)  # noqa: DTZ901
    for earlier, later in pairwise(ordered):
        starts = later.starts
        if starts is None or earlier.ends is None or starts < earlier.ends:
            raise Refused(
                f"{of} has two windows at {earlier.territory or '*'} at the same time: one until"
                f" {_say(earlier.ends)}, one from {_say(starts)}.",
                code="overlapping_windows",
                field="windows",
            )


def _replace_windows(row: Schedule, windows: tuple[WindowSpec, ...]) -> None:
    row.windows.all().delete()
    ScheduleWindow.objects.bulk_create(
        ScheduleWindow(
            schedule=row,
            territory_id=window.territory or None,
            starts_date=window.starts.date() if window.starts else None,
            starts_time=_time_of(window.starts),
            ends_date=window.ends.date() if window.ends else None,
            ends_time=_time_of(window.ends),
        )
        for window in windows
    )


def _time_of(wall: datetime | None) -> time | None:
    return wall.time() if wall is not None and wall.time() != time() else None


def _join(day: date | None, at: time | None) -> datetime | None:
    return None if day is None else datetime.combine(day, at or time())


def _plain(window: WindowSpec) -> list[str]:
    return [
        window.territory,
        window.starts.isoformat() if window.starts else "",
        window.ends.isoformat() if window.ends else "",
    ]


def _say(wall: datetime | None) -> str:
    return "…" if wall is None else f"{wall:%Y-%m-%d %H:%M}"
