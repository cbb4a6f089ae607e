"""PURE: local dates and zones to instants; gaps and overlaps are named here and only here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


@lru_cache(maxsize=16_384)
def instant(local: date | datetime, zone: str) -> datetime:
    """Return the UTC instant at which the local date or time begins in the IANA zone.

    A local time that does not exist moves to the next that does; one that happens twice
    means the first. Dates beyond the calendar's ends are clamped. Raises ValueError for
    an unknown zone.
    """
    wall = local if isinstance(local, datetime) else datetime.combine(local, time())
    if wall.tzinfo is not None:
        msg = f"{wall.isoformat()} is not a local time: it has a zone of its own"
        raise ValueError(msg)
    info = load_zone(zone)
    try:
        found = wall.replace(tzinfo=info, fold=0).astimezone(UTC)
        if found.astimezone(info).replace(tzinfo=None) == wall:
            return found
        return _find_end_of_gap(wall, info)
    except OverflowError:
        return EARLIEST if wall.year == 1 else LATEST


def is_missing(local: date | datetime, zone: str) -> bool:
    """Tell whether clocks in the zone jump over this local time."""
    wall = local if isinstance(local, datetime) else datetime.combine(local, time())
    return instant(local, zone).astimezone(load_zone(zone)).replace(tzinfo=None) != wall


@lru_cache(maxsize=1024)
def load_zone(zone: str) -> ZoneInfo:
    """Return the zone's rules, or raise ValueError when its name is unknown."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"{zone!r} is not a time zone of the IANA database"
        raise ValueError(msg) from error


def _find_end_of_gap(wall: datetime, info: ZoneInfo) -> datetime:
    """Search the instant of the jump: the first whose local time is at or past `wall`."""
    after = wall.replace(tzinfo=info, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=info, fold=1).astimezone(UTC)
    low, high = min(before, after) - timedelta(seconds=1), max(before, after)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(info).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high
