"""Fold counts of what was shown into hourly rows, each batch once, and let old hours go.

These rows go beside the one door: nobody decided anything, nothing is published of them, and
the audit keeps decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from flags.models import FoldedBatch, HourlyUsage
from flags.publishing.exposure import Batch, Seen, merge
from regions.governance.models import Environment
from regions.models import App

# Of one environment and hour; beyond it, new combinations join the others of their app.
ROWS_PER_HOUR_MAX = 100_000
# In one run, so that no transaction is long.
PRUNE_ROWS = 5_000
PRUNE_STEPS = 10
# Longer than Redis keeps a batch.
BATCH_DAYS = 3
COUNT_MAX = 10**18
SLICE_LINES = 1_000
STATEMENT_ROWS = 250

Line = tuple[datetime, Seen]
_COLUMNS = (
    *("app_id", "feature", "hour", "environment_id", "source"),
    *("territory", "variant", "reason", "platform"),
)
_ROW = f"({', '.join(['%s'] * (len(_COLUMNS) + 1))})"
_ADD = f"INSERT INTO flags_hourlyusage ({', '.join(_COLUMNS)}, count) VALUES "  # noqa: S608 - own names
_OR_RAISE = (
    f" ON CONFLICT ({', '.join(_COLUMNS)}) DO UPDATE SET count ="
    " CASE WHEN flags_hourlyusage.count < 4000000000000000000"
    " THEN flags_hourlyusage.count + excluded.count ELSE flags_hourlyusage.count END"
)


def fold(batch: Batch, *, now: datetime, rows_max: int = ROWS_PER_HOUR_MAX) -> int:
    """Add a batch to the rows, unless it is there; return how many lines were added.

    It goes in slices, each once and in a transaction of its own, so that nobody waits long
    for the database. Lines of an app or environment that is no more are left out.
    """
    environment = Environment.objects.filter(key=batch.environment).first()
    if environment is None:
        return 0
    apps = dict(App.objects.values_list("key", "pk"))
    # In one order for everybody: a slice is the same whoever folds it.
    lines = sorted(batch.counts.items())
    added = 0
    for start in range(0, len(lines), SLICE_LINES):
        known = {
            line: count
            for line, count in lines[start : start + SLICE_LINES]
            if count > 0 and line[1].app in apps
        }
        with transaction.atomic():
            _row, is_new = FoldedBatch.objects.get_or_create(
                name=f"{batch.name}#{start}", defaults={"folded_at": now}
            )
            if is_new:
                add_rows(bound(known, environment, rows_max), environment, apps)
                added += len(known)
    return added


def add_rows(counts: Mapping[Line, int], environment: Environment, apps: Mapping[str, int]) -> None:
    """Add counts to rows, making those that are not there.

    They come in one order, so that two workers never wait for each other in a circle.
    """
    rows: dict[tuple[Any, ...], int] = {}
    for (hour, seen), count in sorted(counts.items()):
        key = (
            *(apps[seen.app], seen.feature[:100]),
            connection.ops.adapt_datetimefield_value(hour),
            *(environment.pk, seen.source[:10], seen.territory[:10]),
            *(seen.variant[:100], seen.reason[:40], seen.platform[:40]),
        )
        rows[key] = min(rows.get(key, 0) + count, COUNT_MAX)
    listed = list(rows.items())
    with connection.cursor() as cursor:
        for start in range(0, len(listed), STATEMENT_ROWS):
            part = listed[start : start + STATEMENT_ROWS]
            values = [value for key, count in part for value in (*key, count)]
            cursor.execute(_ADD + ", ".join([_ROW] * len(part)) + _OR_RAISE, values)


def bound(counts: Mapping[Line, int], environment: Environment, rows_max: int) -> dict[Line, int]:
    """Merge new lines of hours that would have too many rows."""
    bounded: dict[Line, int] = {}
    for hour in sorted({hour for hour, _seen in counts}):
        lines = {line: count for line, count in counts.items() if line[0] == hour}
        kept = HourlyUsage.objects.filter(environment=environment, hour=hour)
        room = rows_max - kept.count()
        there = frozenset[Seen]() if len(lines) <= room else frozenset(list_seen(kept))
        for (_hour, seen), count in lines.items():
            is_new = len(lines) > room and seen not in there
            if is_new and room <= 0:
                line = hour, merge(seen)
            else:
                line = hour, seen
                room -= is_new
            bounded[line] = bounded.get(line, 0) + count
    return bounded


def list_seen(kept: Any) -> Iterable[Seen]:
    """Return the lines that rows stand for."""
    return (
        Seen(*row)
        for row in kept.values_list(
            *("app__key", "feature", "variant", "territory", "reason", "platform", "source")
        )
    )


def prune(*, now: datetime, days: int) -> int:
    """Delete hours that are older than so many days, some of them at a time; return how many."""
    FoldedBatch.objects.filter(folded_at__lt=now - timedelta(days=BATCH_DAYS)).delete()
    deleted = 0
    for _step in range(PRUNE_STEPS):
        old = HourlyUsage.objects.filter(hour__lt=now - timedelta(days=days))
        keys = list(old.order_by("hour").values_list("pk", flat=True)[:PRUNE_ROWS])
        if not keys:
            break
        deleted += HourlyUsage.objects.filter(pk__in=keys).delete()[0]
    return deleted
