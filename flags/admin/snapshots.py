"""Snapshots, to look at: what was published, when, by its number and digest."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from flags.models import Snapshot
from regions.governance.admin_pages import ReadOnlyAdmin


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    """Published parts, the newest first; bodies are measured, never loaded into a list."""

    view_fields = (
        ("environment", "app", "part"),
        ("revision", "epoch", "change_seq"),
        "digest",
        "size",
        "created_at",
    )
    list_display = ("revision", "environment", "app", "part", "created_at", "size", "short_digest")
    list_filter = ("environment", "app", "part")
    search_fields = ("revision", "digest")
    ordering: ClassVar = ("-epoch", "-revision", "part")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Snapshot]:
        """Return the snapshots with their sizes, without their bodies."""
        rows: QuerySet[Snapshot] = super().get_queryset(request)
        return (
            rows.select_related("environment", "app")
            .defer("body")
            .annotate(body_bytes=Length("body"))
        )

    @admin.display(description=_("Size"), ordering="body_bytes")
    def size(self, row: Snapshot) -> str:
        """Show the size of the body."""
        return filesizeformat(getattr(row, "body_bytes", 0))

    @admin.display(description=_("Digest"))
    def short_digest(self, row: Snapshot) -> SafeString:
        """Show the first characters of the digest."""
        return format_html('<span class="lf-key" dir="ltr">{}</span>', row.digest[:12])
