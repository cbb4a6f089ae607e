"""What pages of rules for a feature or a bundle at a place have in common."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    app_field,
    bundle_field,
    feature_field,
    market_field,
    territory_field,
)
from flags.admin.marks import period_label, place_label, target_label
from flags.models.rule import DatedRule, PlacedRule
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin
from regions.zones import instant

FIRST_FIELDS = ("app", "environment", "feature", "bundle", "territory", "market")


class WordsFields(CommandForm):
    """Why a rule is there and who answers for it."""

    reason = forms.CharField(
        max_length=500,
        label=_("Reason"),
        help_text=_("Why it is so; the next person will read this."),
    )
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    review_date = forms.DateField(required=False, label=_("Review on"))


class DatesFields(WordsFields):
    """From when until when as well."""

    starts_date = forms.DateField(required=False, label=_("From, local date"))
    ends_date = forms.DateField(required=False, label=_("Until (excluded), local date"))


class SlotFields(CommandForm):
    """What a new rule is about, and where."""

    app = app_field()
    feature = feature_field()
    bundle = bundle_field()
    territory = territory_field(help_text=_("Neither this nor a market: everywhere."))
    market = market_field()


def name_slot(row: PlacedRule) -> dict[str, Any]:
    """Return what a rule is about, and where, as its command names it."""
    return {
        "app": row.app.key,
        "feature": row.feature.key if row.feature else "",
        "bundle": row.bundle.key if row.bundle else "",
        "territory": row.territory_id or "",
        "market": row.market.key if row.market else "",
    }


def has_come(day: date | None, zone: str, now: datetime) -> bool:
    """Tell whether a local day has begun; no day never does."""
    return day is not None and instant(day, zone) <= now


class PlacedRuleAdmin(CommandAdmin):
    """Rules by target and place."""

    list_select_related: ClassVar[tuple[str, ...]] = ("app", "feature", "bundle", "market")
    search_fields: ClassVar[tuple[str, ...]] = (
        *("feature__key", "bundle__key", "territory__code", "market__key"),
        *("reason", "owner", "source"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rules with everything that a list or page shows."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)

    @admin.display(description=_("What"), ordering="feature__key")
    def target(self, row: PlacedRule) -> Any:
        """Show the feature or bundle."""
        return target_label(row)

    @admin.display(description=_("Where"), ordering="territory")
    def place(self, row: PlacedRule) -> Any:
        """Show the place."""
        return place_label(row)

    @admin.display(description=_("When"), ordering="starts_date")
    def period(self, row: DatedRule) -> str:
        """Show the dates."""
        return period_label(row.starts_date, row.ends_date)

    def audit_query(self, row: PlacedRule) -> str:
        """Return the key of the rule in the audit."""
        return row.slot_key
