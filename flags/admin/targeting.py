"""Targeting, to look at: strategies with their constraints and variants, and segments."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from flags.models import Constraint, Segment, Strategy, Variant
from regions.governance.admin_pages import ReadOnlyAdmin, ReadOnlyInline


def tell_constraint(row: Constraint) -> SafeString:
    """Return a constraint as one line: `country NOT IN DE, FR`."""
    operator = f"{'NOT ' if row.inverted else ''}{row.operator}"
    value = ", ".join(map(str, row.values)) if row.values else row.value
    return format_html(
        '<span class="lf-key lf-long" dir="ltr">{} <b>{}</b> {}</span>',
        row.context_name,
        operator,
        value,
    )


class ConstraintInline(ReadOnlyInline):
    """The conditions that all have to hold."""

    model = Constraint
    fields = ("context_name", "operator", "values", "value", "inverted", "case_insensitive")
    readonly_fields = fields


class VariantInline(ReadOnlyInline):
    """The values that the strategy hands out."""

    model = Variant
    fields = ("name", "weight", "payload_type", "payload_value")
    readonly_fields = fields


@admin.register(Strategy)
class StrategyAdmin(ReadOnlyAdmin):
    """Strategies by feature and environment."""

    view_fields = (("feature", "environment", "position"), ("name", "title"), "parameters", "among")
    inlines = (ConstraintInline, VariantInline)
    list_display = ("feature", "environment", "name", "title", "settings_line", "rules", "among")
    list_filter = ("environment", "name")
    search_fields = ("feature__key", "title", "segments__key")
    ordering: ClassVar = ("feature__key", "environment", "position")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Strategy]:
        """Return the strategies with what a list shows, in three queries."""
        rows: QuerySet[Strategy] = super().get_queryset(request)
        return rows.select_related("feature", "environment").prefetch_related(
            "segments", "constraints"
        )

    @admin.display(description=_("Parameters"))
    def settings_line(self, row: Strategy) -> Any:
        """Show the parameters in one line."""
        words = " ".join(f"{name}={value}" for name, value in sorted(row.parameters.items()))
        return format_html('<span class="lf-key lf-long" dir="ltr">{}</span>', words)

    @admin.display(description=_("Constraints"))
    def rules(self, row: Strategy) -> Any:
        """Show the constraints, one a line."""
        lines = [tell_constraint(each) for each in row.constraints.all()]
        return format_html("{}", SafeString("<br>".join(lines)))

    @admin.display(description=_("Segments"))
    def among(self, row: Strategy) -> str:
        """Show the segments."""
        return ", ".join(segment.key for segment in row.segments.all())


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    """Named groups of people."""

    view_fields = ("key", "description")
    inlines = (ConstraintInline,)
    list_display = ("key", "description", "rules", "used_by")
    search_fields = ("key", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        """Return the segments with the number of strategies that use them."""
        rows: QuerySet[Segment] = super().get_queryset(request)
        return rows.prefetch_related("constraints").annotate(
            strategies_found=Count("strategies", distinct=True)
        )

    @admin.display(description=_("Constraints"))
    def rules(self, row: Segment) -> Any:
        """Show the constraints, one a line."""
        lines = [tell_constraint(each) for each in row.constraints.all()]
        return format_html("{}", SafeString("<br>".join(lines)))

    @admin.display(description=_("Strategies"), ordering="strategies_found")
    def used_by(self, row: Any) -> int:
        """Show how many strategies use it."""
        return int(row.strategies_found)
