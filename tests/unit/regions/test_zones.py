"""Local dates and times as instants: gaps, overlaps and the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from regions.zones import (
    EARLIEST,
    LATEST,
    find_zone,
    instant,
    is_ambiguous,
    is_missing,
    list_instants,
    list_zones,
    prepare_instants,
)


@pytest.mark.parametrize(
    ("local", "zone", "expected"),
    [
        (date(2026, 11, 20), "Asia/Singapore", "2026-11-19T16:00:00+00:00"),
        (date(2026, 11, 20), "America/New_York", "2026-11-20T05:00:00+00:00"),
        # Midnight was jumped over: the day began at one o'clock.
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),
        # The whole day was jumped over.
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
        (datetime(2026, 3, 29, 2, 30), "Europe/Berlin", "2026-03-29T01:00:00+00:00"),  # noqa: DTZ001
        # Half past two comes twice: the first is meant.
        (datetime(2026, 10, 25, 2, 30), "Europe/Berlin", "2026-10-25T00:30:00+00:00"),  # noqa: DTZ001
    ],
)
def test_local_times_are_instants(local: date | datetime, zone: str, expected: str) -> None:
    """What does not exist moves to the next that does; what comes twice is the first."""
    assert datetime.fromisoformat(expected) == instant(local, zone)


def test_a_jumped_time_can_be_told() -> None:
    """The admin says so when a rule begins at a time that does not exist."""
    assert is_missing(date(2018, 11, 4), "America/Sao_Paulo")
    assert not is_missing(date(2018, 11, 5), "America/Sao_Paulo")
    assert not is_missing(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")  # noqa: DTZ001


def test_the_ends_of_the_calendar_are_clamped() -> None:
    """A date that no instant can show is the first or the last instant."""
    assert instant(date.min, "Asia/Tokyo") == EARLIEST
    assert instant(datetime.max, "America/New_York") == LATEST  # noqa: DTZ901


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "+08:00"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """Rules name IANA zones, never offsets."""
    with pytest.raises(ValueError, match="IANA"):
        instant(date(2026, 1, 1), zone)


def test_a_time_with_a_zone_is_no_local_time() -> None:
    """The caller has an instant already."""
    with pytest.raises(ValueError, match="zone of its own"):
        instant(datetime(2026, 1, 1, tzinfo=UTC), "UTC")


def test_a_time_that_comes_twice_can_be_told() -> None:
    """A jumped time comes never, an ordinary one once."""
    assert is_ambiguous(datetime(2027, 11, 7, 1, 30), "America/New_York")  # noqa: DTZ001
    assert not is_ambiguous(datetime(2027, 11, 7, 2, 30), "America/New_York")  # noqa: DTZ001
    assert not is_ambiguous(date(2027, 4, 30), "Africa/Cairo")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("Asia/Kolkata", "Asia/Kolkata"),
        (" asia/CALCUTTA", "Asia/Calcutta"),
        ("UTC", "UTC"),
        ("../etc/passwd", None),
        ("+08:00", None),
        ("", None),
        (None, None),
    ],
)
def test_a_zone_that_was_sent_is_found_by_name(sent: str | None, expected: str | None) -> None:
    """Links are zones too; nothing that was sent ever reaches the disk."""
    assert expected == find_zone(sent)


@pytest.mark.parametrize("day", [date(2027, 6, 1), date(2027, 2, 6), date(2027, 3, 28)])
def test_a_local_time_is_some_forty_instants(day: date) -> None:
    """Every zone's own instant is among them, found at once or in steps."""
    wall = datetime.combine(day, datetime.min.time())
    assert len(list(prepare_instants(wall))) > 1
    found = list_instants(wall)
    assert sorted({instant(wall, zone) for zone in list_zones()}) == list(found)
    assert 30 < len(found) < 50
