"""Load schedules as the engine's values."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db.models import Prefetch

from flags.engine import definitions as made
from flags.models import Feature, Schedule


def load_schedules(app_key: str, environment_key: str, *, using: str) -> tuple[made.Schedule, ...]:
    """Load the schedules of one scope, ordered by key; three queries.

    Archived features are left out, and a schedule with no others.
    """
    features = Feature.objects.filter(archived_at=None).order_by("key")
    rows = (
        Schedule.objects.using(using)
        .filter(app__key=app_key, environment__key=environment_key)
        .select_related("market")
        .prefetch_related(Prefetch("features", features), "windows")
        .order_by("key")
    )
    schedules = map(build_schedule, rows)
    return tuple(schedule for schedule in schedules if schedule.features)


def build_schedule(row: Schedule) -> made.Schedule:
    """Build the engine's value of one schedule's row, its windows by territory and time."""
    windows = (
        made.Window(
            territory=window.territory_id or "",
            starts=_wall(window.starts_date, window.starts_time),
            ends=_wall(window.ends_date, window.ends_time),
        )
        for window in row.windows.all()
    )
    return made.Schedule(
        rule=made.Rule(key=row.key, reason=row.reason, owner=row.owner, source=row.source),
        features=tuple(feature.key for feature in row.features.all()),
        anchor=row.anchor,  # type: ignore[arg-type]  # a check constraint holds the words
        market=row.market.key if row.market else "",
        windows=tuple(sorted(windows, key=_order)),
    )


def _order(window: made.Window) -> tuple[str, datetime]:
    return window.territory, window.starts or datetime.min  # noqa: DTZ901 - wall times


def _wall(day: date | None, at: time | None) -> datetime | None:
    """Return the wall time; a date without a time begins at midnight."""
    return None if day is None else datetime.combine(day, at or time())
