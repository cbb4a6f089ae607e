"""Windows of local time: typed one a line, and told with the instants that they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from flags.admin.lines import ANY, LinesField
from flags.admin.marks import territory_label
from flags.models import Schedule
from flags.operations.schedules import WindowSpec, read_window
from regions.models import Territory
from regions.zones import instant, is_ambiguous, is_missing, list_instants

OTHERS = "*"
WORDS = 3


class WindowsField(LinesField):
    """Windows, `SG 2027-02-06 2027-02-21` or `* 2027-06-01T08:30 -`, one a line."""

    def parse(self, line: str) -> WindowSpec:
        """Read the territory, `*` for all others, the start and the end, `-` for none."""
        words = line.split()
        if len(words) != WORDS:
            told = _("“%(line)s” is not a country, a start and an end, as in SG 2027-02-06 -.")
            raise ValidationError(told % {"line": line}, code="bad_line")
        code, starts, ends = words
        return WindowSpec(
            territory="" if code == OTHERS else code.upper(),
            starts=_read_wall(starts, line),
            ends=_read_wall(ends, line),
        )


class Line(NamedTuple):
    """A window at one place: its instants there, and where its zones differ."""

    territory: Territory | None
    window: WindowSpec
    starts: datetime | None
    ends: datetime | None


def tell_windows(row: Schedule) -> str:
    """Return the windows as a person would type them."""
    return "\n".join(
        " ".join((window.territory or OTHERS, _write_wall(window.starts), _write_wall(window.ends)))
        for window in map(read_window, row.windows.all())
    )


def list_lines(row: Schedule) -> list[Line]:
    """Return every window at every place of the group, places in order.

    Without a market, people of all other places are told of in a line of their own, at UTC.
    """
    rows = list(row.windows.all())
    own = {window.territory_id: window.territory for window in rows if window.territory}
    places: dict[str, Territory | None] = {str(code): place for code, place in own.items()}
    if row.market is not None:
        places = {one.territory_id: one.territory for one in row.market.members.all()}
    lines = []
    for code in sorted(places):
        place = places[code]
        named = [window for window in rows if window.territory_id == code]
        windows = named or [window for window in rows if window.territory is None]
        lines += [_line(place, read_window(window)) for window in windows]
    if row.market is None:
        others = [window for window in rows if window.territory is None]
        lines += [_line(None, read_window(window)) for window in others]
    return lines


def tell_table(lines: Iterable[Line]) -> SafeString:
    """Return the table of all windows, local times beside their instants."""
    body = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        (
            (
                territory_label(line.territory.code) if line.territory else _("All others"),
                _tell_wall(line.window.starts, line.starts, line.territory),
                _tell_wall(line.window.ends, line.ends, line.territory),
            )
            for line in lines
        ),
    )
    return format_html(
        '<div class="lf-wide"><table class="lf-windows"><thead><tr><th scope="col">{}</th>'
        '<th scope="col">{}</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table></div>'
        '<p class="lf-dim">{}</p>',
        _("Where"),
        _("Begins"),
        _("Ends (excluded)"),
        body,
        _(
            "Whoever keeps the time of another zone begins and ends with that one's clock; "
            "the instants are those of each country's own zones."
        ),
    )


def list_gaps(lines: Iterable[Line]) -> Iterator[str]:
    """Tell of each local time that does not exist where it is meant, each once."""
    told = dict.fromkeys(
        (line.territory.code, wall, line.territory.default_zone)
        for line in lines
        for wall in (line.window.starts, line.window.ends)
        if line.territory and wall and is_missing(wall, line.territory.default_zone)
    )
    for code, wall, zone in told:
        yield f"{code}: {_tell_gap(wall, zone)}"


def _line(place: Territory | None, window: WindowSpec) -> Line:
    zone = place.default_zone if place else "UTC"
    return Line(
        territory=place,
        window=window,
        starts=instant(window.starts, zone) if window.starts else None,
        ends=instant(window.ends, zone) if window.ends else None,
    )


def _tell_wall(wall: datetime | None, at: datetime | None, place: Territory | None) -> SafeString:
    """Return a local time, what is odd about it, and when it is in UTC."""
    if wall is None or at is None:
        return SafeString("…")
    zones = [place.default_zone, *place.zones] if place else []
    found = sorted({instant(wall, zone) for zone in zones} or set(list_instants(wall)))
    utc = _tell_instant(at)
    if len(found) > 1:
        utc = f"{_tell_instant(found[0])} – {_tell_instant(found[-1])}"
    zone = place.default_zone if place else "UTC"
    odd = ""
    if is_missing(wall, zone):
        odd = _tell_gap(wall, zone)
    elif is_ambiguous(wall, zone):
        odd = _("This time comes twice; the first counts.")
    return format_html(
        '<span class="lf-code"><bdi dir="ltr">{}</bdi></span> '
        '<span class="lf-dim"><bdi dir="ltr">{} UTC</bdi></span>{}',
        f"{wall:%Y-%m-%d %H:%M}",
        utc,
        format_html('<span class="lf-odd">{}</span>', odd) if odd else "",
    )


def _tell_gap(wall: datetime, zone: str) -> str:
    there = instant(wall, zone).astimezone(ZoneInfo(zone))
    return _("Clocks jump over %(wall)s, which does not exist; %(there)s counts.") % {
        "wall": f"{wall:%H:%M}",
        "there": f"{there:%H:%M}",
    }


def _tell_instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%m-%d %H:%M}"


def _read_wall(word: str, line: str) -> Any:
    """Read a date, or a date and a time; a date alone begins at midnight."""
    if word == ANY:
        return None
    try:
        return datetime.fromisoformat(word)
    except ValueError:
        told = _("“%(word)s” in “%(line)s” is neither a date such as 2027-02-06 nor -.")
        raise ValidationError(told % {"word": word, "line": line}, code="bad_line") from None


def _write_wall(wall: datetime | None) -> str:
    if wall is None:
        return ANY
    return wall.isoformat().removesuffix("T00:00:00").removesuffix(":00")
