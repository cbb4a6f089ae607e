"""What of a feature was shown lately, added up from the hourly rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet, Sum

from flags.models import HourlyUsage

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(slots=True)
class SeenLine:
    """Counts of one outcome in one place, by source and period; sources are never added up.

    `reason` is the engine's, or ON and OFF where only an SDK has counted.
    """

    environment: str
    territory: str
    variant: str
    reason: str
    counts: dict[str, int] = field(default_factory=dict)


def list_seen(
    app_id: int, feature_key: str, *, now: datetime
) -> tuple[list[SeenLine], Mapping[str, datetime]]:
    """Return the lines of the last seven days, most seen first, and when each source last spoke.

    What an SDK calls on stands beside what the server answered with LIVE, and a variant
    beside the same variant. Two queries.
    """
    rows = HourlyUsage.objects.filter(app=app_id, feature=feature_key)
    last = dict(rows.order_by().values_list("source").annotate(at=Max("hour")))
    lines: dict[tuple[str, ...], SeenLine] = {}
    for environment, territory, variant, reason, source, week, day in _add_up(rows, now):
        told = {"VARIANT": "", "LIVE": "ON"}.get(reason, reason)
        key = (environment, territory, variant, told)
        line = lines.setdefault(key, SeenLine(environment, territory, variant, told))
        for period, count in (("week", week), ("day", day)):
            name = f"{source}_{period}"
            line.counts[name] = line.counts.get(name, 0) + (count or 0)
    return sorted(lines.values(), key=_rank), last


def _add_up(
    rows: QuerySet[HourlyUsage], now: datetime
) -> Iterable[tuple[str, str, str, str, str, int, int | None]]:
    return (
        rows.filter(hour__gt=now - WEEK)
        .order_by()
        .values_list("environment__key", "territory", "variant", "reason", "source")
        .annotate(week=Sum("count"), day=Sum("count", filter=Q(hour__gt=now - DAY)))
    )


def _rank(line: SeenLine) -> tuple[int, str, str, str, str]:
    most = max(line.counts.values())
    return (-most, line.environment, line.territory, line.variant, line.reason)
