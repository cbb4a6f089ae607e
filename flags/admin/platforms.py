"""Platforms, to look at: profiles with least versions, and retirements."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from flags.models import PlatformMinimum, PlatformProfile, PlatformRetirement
from regions.governance.admin_pages import ReadOnlyAdmin, ReadOnlyInline


class MinimumInline(ReadOnlyInline):
    """The least versions of a profile."""

    model = PlatformMinimum
    fields = ("platform", "os_version", "app_version")
    readonly_fields = fields


@admin.register(PlatformProfile)
class PlatformProfileAdmin(ReadOnlyAdmin):
    """Profiles; a platform that a profile does not list is unsupported."""

    view_fields = ("key",)
    inlines = (MinimumInline,)
    list_display = ("key", "minimums_line", "used_by")
    search_fields = ("key",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlatformProfile]:
        """Return the profiles with their versions and the number of their features."""
        rows: QuerySet[PlatformProfile] = super().get_queryset(request)
        in_use = Count("features", filter=Q(features__archived_at=None), distinct=True)
        return (
            rows.select_related("app").prefetch_related("minimums").annotate(features_found=in_use)
        )

    @admin.display(description=_("Least versions"))
    def minimums_line(self, row: PlatformProfile) -> str:
        """Show platform and least OS version of each."""
        return ", ".join(
            f"{each.platform} {each.os_version}".strip() for each in row.minimums.all()
        )

    @admin.display(description=_("Features"), ordering="features_found")
    def used_by(self, row: Any) -> int:
        """Show how many features use it."""
        return int(row.features_found)


@admin.register(PlatformRetirement)
class PlatformRetirementAdmin(ReadOnlyAdmin):
    """Platforms that go."""

    view_fields = ("platform", ("closed_to_new_date", "off_date"), "reason")
    list_display = ("platform", "closed_to_new_date", "off_date", "reason")
    list_select_related = ("app",)
    search_fields = ("platform", "reason")
