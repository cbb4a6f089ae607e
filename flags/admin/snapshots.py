"""Snapshots, to look at: what was published, when, by its number and digest."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from flags.admin.comparison import is_comparable, show_comparison
from flags.models import Snapshot
from regions.governance.admin_pages import ReadOnlyAdmin

COMPARE_NAME = "flags_snapshot_compare"


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
    list_display = (
        "revision",
        "environment",
        "app",
        "part",
        "created_at",
        "size",
        "short_digest",
        "compare",
    )
    change_form_outer_before_template = "landfall/steps.html"
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

    def get_urls(self) -> list[URLPattern]:
        """Add the page that compares a revision with an earlier one."""
        own = path(
            "<path:object_id>/compare/",
            self.admin_site.admin_view(self.compare_view),
            name=COMPARE_NAME,
        )
        return [own, *super().get_urls()]

    def compare_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what changed with a revision; a part that decides nothing has no such page."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_permission(request) or not is_comparable(row):
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return show_comparison(request, row, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Offer the comparison above the row."""
        row = self.get_object(request, unquote(object_id)) if object_id else None
        offered = []
        if row is not None and is_comparable(row):
            offered = [{"label": _("What changed"), "address": _address(row)}]
        extra = {"landfall_steps": offered, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, extra)

    @admin.display(description=_("Compare"))
    def compare(self, row: Snapshot) -> SafeString | str:
        """Link to what changed with a revision."""
        if not is_comparable(row):
            return ""
        return format_html('<a class="lf-link" href="{}">{}</a>', _address(row), _("what changed"))

    @admin.display(description=_("Size"), ordering="body_bytes")
    def size(self, row: Snapshot) -> str:
        """Show the size of the body."""
        return filesizeformat(getattr(row, "body_bytes", 0))

    @admin.display(description=_("Digest"))
    def short_digest(self, row: Snapshot) -> SafeString:
        """Show the first characters of the digest."""
        return format_html('<span class="lf-key" dir="ltr">{}</span>', row.digest[:12])


def _address(row: Snapshot) -> str:
    return reverse(f"admin:{COMPARE_NAME}", args=[row.pk])
