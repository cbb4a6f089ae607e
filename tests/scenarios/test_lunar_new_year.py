"""The days of Lunar New Year, held against the moon."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from math import radians, sin
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from flags.management.commands.lunar_new_year import DAYS, TERRITORIES, find_day

ZONES = {
    "CN": "Asia/Shanghai",
    "HK": "Asia/Hong_Kong",
    "KR": "Asia/Seoul",
    "MO": "Asia/Macau",
    "MY": "Asia/Kuala_Lumpur",
    "SG": "Asia/Singapore",
    "TW": "Asia/Taipei",
    "VN": "Asia/Ho_Chi_Minh",
}
# Dynamical time is ahead of clocks by about this much in these years.
AHEAD = timedelta(seconds=70)


def find_new_moon(near: date) -> datetime:
    """Return the new moon next to a day, true to a minute (Meeus, chapter 49, main terms)."""
    days = (near - date(2000, 1, 6)).days
    return min(
        map(new_moon, range(round(days / 29.53) - 2, round(days / 29.53) + 3)),
        key=lambda at: abs(at.date() - near),
    )


def new_moon(k: int) -> datetime:
    """Return the k-th new moon since that of 6 January 2000."""
    t = k / 1236.85
    sun = radians(2.5534 + 29.1053567 * k)
    moon = radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t)
    node = radians(160.7108 + 390.67050284 * k - 0.0016118 * t * t)
    e = 1 - 0.002516 * t
    terms = (
        *((-0.4072, moon), (0.17241 * e, sun), (0.01608, 2 * moon), (0.01039, 2 * node)),
        *((0.00739 * e, moon - sun), (-0.00514 * e, moon + sun), (0.00208, 2 * sun)),
        *((-0.00111, moon - 2 * node), (-0.00057, moon + 2 * node), (0.00056, 2 * moon + sun)),
        *((-0.00042, 3 * moon), (0.00042, sun + 2 * node), (0.00038, sun - 2 * node)),
        *((-0.00024, 2 * moon - sun), (0.00033, radians(299.77 + 0.107408 * k))),
        *((0.00017, radians(251.88 + 0.016321 * k)), (0.00016, radians(251.83 + 26.651886 * k))),
        *((0.00013, radians(349.42 + 36.412478 * k)), (0.00011, radians(84.66 + 18.206239 * k))),
    )
    whole = 2451550.09766 + 29.530588861 * k + 0.00015437 * t * t
    day = whole + sum(size * sin(angle) for size, angle in terms) - 2451545.0
    return datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) - AHEAD


@pytest.mark.parametrize("year", sorted(DAYS))
def test_t3_the_year_begins_on_the_day_of_the_new_moon(year: int) -> None:
    """By each country's own clocks: not the same date everywhere."""
    moon = find_new_moon(DAYS[year])
    expected = {code: moon.astimezone(ZoneInfo(zone)).date() for code, zone in ZONES.items()}
    assert expected == {code: find_day(code, year) for code in ZONES}


def test_the_command_writes_lines_for_a_schedule() -> None:
    """One a country and year, the end excluded."""
    out = StringIO()
    call_command("lunar_new_year", "2028", "2027", before=1, days=14, stdout=out)
    lines = out.getvalue().splitlines()
    assert 2 * len(TERRITORIES) == len(lines)
    assert ["CN 2027-02-05 2027-02-20", "CN 2028-01-25 2028-02-09"] == lines[:2]
    assert "KR 2027-02-06 2027-02-21" in lines


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["2036"], "from 2025 to 2035, not of 2036"),
        (["2027", "--days", "0"], "0 from the first day on"),
        (["2027", "--before", "-1"], "-1"),
    ],
)
def test_what_is_not_known_is_refused(arguments: list[str], told: str) -> None:
    """One line, no trace."""
    with pytest.raises(CommandError, match=told):
        call_command("lunar_new_year", *arguments, stdout=StringIO())
