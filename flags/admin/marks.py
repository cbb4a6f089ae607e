"""How statuses, places and targets look: always a shape and a word beside the colour."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from django.templatetags.static import static
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flags.models.place import Place, Region
from regions.admin.names import territory_name

STATUS_LABELS: dict[str, Any] = {
    "live": gettext_lazy("Live"),
    "partial": gettext_lazy("Partly live"),
    "planned": gettext_lazy("Planned"),
    "needs-partner": gettext_lazy("Needs partner"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "not-offered": gettext_lazy("Not offered"),
    "blocked-by-law": gettext_lazy("Blocked by law"),
    "killed": gettext_lazy("Killed"),
}
# What fits into a cell of the board.
SHORT_LABELS: dict[str, Any] = {
    **STATUS_LABELS,
    "partial": gettext_lazy("Partly"),
    "needs-partner": gettext_lazy("Partner"),
    "not-offered": gettext_lazy("Off"),
    "blocked-by-law": gettext_lazy("Law"),
}
ORDER_TONES = {
    "drafted": "planned",
    "scheduled": "needs-partner",
    "in-force": "blocked-by-law",
    "stopped": "withdrawn",
    "lifted": "not-offered",
}
TEXT_TONES = {"needs-review": "needs-partner", "translated": "planned", "approved": "live"}


def shape(tone: str) -> SafeString:
    """Return the drawing of a status."""
    return format_html(
        '<svg class="lf-shape" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("landfall/shapes.svg"),
        tone,
    )


def badge(tone: str, label: Any) -> SafeString:
    """Return a pill with the drawing and the word of a status."""
    return format_html('<span class="lf-badge lf-{}">{}{}</span>', tone, shape(tone), label)


def meter(count: int, limit: int, words: str) -> SafeString:
    """Return a bar that fills with a count, and its words beside it."""
    percent = min(100, 100 * count // max(1, limit))
    bar = format_html(
        '<svg class="lf-meter{}" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="lf-meter-fill" width="{}" height="3"></rect></svg>',
        " lf-meter-full" if count >= limit else "",
        percent,
    )
    return format_html('<span class="lf-filled"><span>{}{}</span></span>', words, bar)


def status_badge(status: str) -> SafeString:
    """Return the pill of an offer's status."""
    return badge(status, STATUS_LABELS.get(status, status))


def place_label(place: Region) -> SafeString:
    """Return the name and code of a place, "Everywhere" when none is set."""
    if isinstance(place, Place) and place.subdivision_id:
        return _named(str(place.subdivision_id), str(place.subdivision_id))
    if place.territory_id:
        return _named(territory_name(str(place.territory_id)), str(place.territory_id))
    if place.market is not None:
        return _named(place.market.name, place.market.key)
    return format_html("{}", _("Everywhere"))


def territory_label(code: str | None) -> SafeString:
    """Return the name and code of a territory, "Everywhere" for None."""
    return _named(territory_name(code), code) if code else format_html("{}", _("Everywhere"))


def target_label(row: Any) -> SafeString:
    """Return what an offer or a kill switch is about."""
    if row.feature_id:
        return format_html('<span class="lf-key">{}</span>', row.feature.key)
    return format_html(
        '<span class="lf-key">{}</span> <span class="lf-dim">{}</span>',
        row.bundle.key,
        _("whole bundle"),
    )


def period_label(
    starts: date | None,
    ends: date | None,
    starts_time: time | None = None,
    ends_time: time | None = None,
) -> str:
    """Return from when until when a row holds, `[starts, ends)`, as every list tells it."""
    told = []
    if starts is not None:
        told.append(_("from %s") % _tell_wall(starts, starts_time))
    if ends is not None:
        told.append(_("until %s") % _tell_wall(ends, ends_time))
    return " ".join(told) or _("always")


def _tell_wall(day: date, clock: time | None) -> str:
    told = formats.date_format(day)
    return f"{told} {formats.time_format(clock)}" if clock else told


def _named(name: str, code: str) -> SafeString:
    if name == code:
        return format_html('<span class="lf-code">{}</span>', code)
    return format_html('{} <span class="lf-code">{}</span>', name, code)
