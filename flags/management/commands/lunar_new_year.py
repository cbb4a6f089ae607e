"""`manage.py lunar_new_year`: write the windows of Lunar New Year for a schedule.

The festival is the day of a new moon, which begins at another date where clocks are an
hour ahead. These are festival days, not public holidays, which move off Sundays.
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

# By the clocks of China, which most countries follow.
DAYS = {
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}
# Where the moon is new before or after midnight by other clocks.
OTHER_DAYS = {
    ("KR", 2027): date(2027, 2, 7),
    ("KR", 2028): date(2028, 1, 27),
    ("VN", 2030): date(2030, 2, 2),
}
TERRITORIES = ("CN", "HK", "ID", "KR", "MO", "MY", "SG", "TW", "VN")


class Command(BaseCommand):
    """Write a line per country and year, as the page of a schedule takes them."""

    help = "Write the windows of Lunar New Year, to be pasted into a schedule."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take years, and how far the windows reach around the day."""
        parser.add_argument("years", nargs="+", type=int, metavar="YEAR")
        parser.add_argument("--before", type=int, default=0, help="days before the first day")
        parser.add_argument("--days", type=int, default=15, help="days from the first day on")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the lines by country, then year."""
        before, days = options["before"], options["days"]
        if before < 0 or days < 1:
            message = f"A window has no days before of {before} and {days} from the first day on."
            raise CommandError(message)
        for code in TERRITORIES:
            for year in sorted(set(options["years"])):
                day = find_day(code, year)
                if day is None:
                    message = f"Days are known from {min(DAYS)} to {max(DAYS)}, not of {year}."
                    raise CommandError(message)
                starts = day - timedelta(days=before)
                self.stdout.write(f"{code} {starts} {day + timedelta(days=days)}")


def find_day(code: str, year: int) -> date | None:
    """Return the first day of the year in a country, None when the year is not known."""
    return OTHER_DAYS.get((code, year), DAYS.get(year))
