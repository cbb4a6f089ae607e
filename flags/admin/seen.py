"""What people were shown: a table on a feature's page, and the hours behind it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from flags.admin.marks import badge, territory_label
from flags.models import Feature, HourlyUsage
from flags.publishing.exposure import NO_VARIANT, OTHER, UNKNOWN
from flags.queries.usage import DAY, WEEK, SeenLine, list_seen
from regions.governance.admin_pages import ReadOnlyAdmin
from regions.models import Territory

LINES_MAX = 20
UNNAMED = {
    "": _("not told"),
    OTHER: _("others"),
    UNKNOWN: _("unknown"),
}
ON_REASONS = ("ON", "LIVE", "VARIANT")


def show_seen(row: Feature) -> dict[str, Any]:
    """Return what the table on a feature's page says."""
    lines, last = list_seen(row.app_id, row.key, now=timezone.now())
    address = reverse("admin:flags_hourlyusage_changelist")
    return {
        "lines": [_tell(line) for line in lines[:LINES_MAX]],
        "more": max(0, len(lines) - LINES_MAX),
        "last_server": last.get("server"),
        "last_sdk": last.get("sdk"),
        "address": f"{address}?{urlencode({'q': row.key})}",
    }


def _tell(line: SeenLine) -> dict[str, Any]:
    counts = {
        name: number_format(line.counts[name], force_grouping=True) if name in line.counts else ""
        for name in ("server_day", "server_week", "sdk_day", "sdk_week")
    }
    place = tell_place(line.territory)
    outcome = tell_outcome(line.variant, line.reason)
    return {"environment": line.environment, "place": place, "outcome": outcome, **counts}


def tell_place(code: str) -> Any:
    """Name a territory, or say that it is not known."""
    if code in UNNAMED:
        return format_html('<span class="lf-dim">{}</span>', UNNAMED[code])
    return territory_label(code)


def tell_outcome(variant: str, reason: str) -> SafeString:
    """Say what people got: on, a variant, or off and why."""
    if variant in UNNAMED and variant:
        return format_html('<span class="lf-dim">{}</span>', UNNAMED[variant])
    if variant == NO_VARIANT:
        return format_html('<span class="lf-dim">{}</span>', _("no variant"))
    if variant:
        return format_html('{} <span class="lf-key">{}</span>', _("variant"), variant)
    if reason in ON_REASONS:
        return badge("live", _("on"))
    off = badge("not-offered", _("off"))
    if reason == "OFF":
        return off
    return format_html('{} <span class="lf-code" dir="ltr">{}</span>', off, reason)


class PlaceFilter(admin.SimpleListFilter):
    """Hours of one country or region; the choices are those that Landfall knows."""

    title = _("country or region")
    parameter_name = "territory"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every country or region."""
        return [(code, code) for code in Territory.objects.values_list("code", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the chosen one."""
        return queryset.filter(territory=self.value()) if self.value() else queryset


class PeriodFilter(admin.SimpleListFilter):
    """Recent hours unless all are asked for: years of them take long to count."""

    title = _("period")
    parameter_name = "period"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer a day, or everything that is kept."""
        return [("day", _("last 24 hours")), ("all", _("all that is kept"))]

    def choices(self, changelist: Any) -> Any:
        """Call the period that is shown without a choice by its name."""
        first, *others = super().choices(changelist)
        return [{**first, "display": _("last 7 days")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the period."""
        if self.value() == "all":
            return queryset
        period = DAY if self.value() == "day" else WEEK
        return queryset.filter(hour__gt=timezone.now() - period)


@admin.register(HourlyUsage)
class HourlyUsageAdmin(ReadOnlyAdmin):
    """The counts by the hour, the newest first."""

    list_display = ("at", "environment", "key", "place", "outcome", "told_platform", "source", "n")
    list_display_links = ("at",)
    view_fields = (("environment", "app"), ("key", "at"), "place", "outcome", "source", "n")
    list_filter = (PeriodFilter, "source", "environment", "app", PlaceFilter)
    search_fields = ("feature",)
    search_help_text = _("Key of a feature")
    ordering: ClassVar = ("-hour", "app", "feature")

    def get_queryset(self, request: HttpRequest) -> QuerySet[HourlyUsage]:
        """Return the counts with their scopes."""
        rows: QuerySet[HourlyUsage] = super().get_queryset(request)
        return rows.select_related("environment", "app")

    @admin.display(description=_("Hour"), ordering="hour")
    def at(self, row: HourlyUsage) -> Any:
        """Show when the hour began."""
        return row.hour

    @admin.display(description=_("Feature"), ordering="feature")
    def key(self, row: HourlyUsage) -> Any:
        """Show the feature's key."""
        return format_html('<span class="lf-key">{}</span>', row.feature)

    @admin.display(description=_("Country or region"), ordering="territory")
    def place(self, row: HourlyUsage) -> Any:
        """Show the territory's name."""
        return tell_place(row.territory)

    @admin.display(description=_("People got"))
    def outcome(self, row: HourlyUsage) -> Any:
        """Show on, a variant, or off and why."""
        return tell_outcome(row.variant, row.reason)

    @admin.display(description=_("Platform"), ordering="platform")
    def told_platform(self, row: HourlyUsage) -> Any:
        """Show the platform, or that none was told."""
        return UNNAMED.get(row.platform, row.platform)

    @admin.display(description=_("Times"), ordering="count")
    def n(self, row: HourlyUsage) -> Any:
        """Show the count."""
        return number_format(row.count, force_grouping=True)
