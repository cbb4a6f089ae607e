"""Caps: how many people may enrol, how many did, and whether that was the last."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    app_field,
    bundle_field,
    environment_field,
    feature_field,
    market_field,
    territory_field,
)
from flags.admin.marks import badge, meter, period_label, place_label, target_label
from flags.admin.placed import has_come
from flags.models import Cap
from flags.operations.caps import LIMIT_MAX, RemoveCap, SetCap
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step


class CapFields(CommandForm):
    """What every cap says, whatever it is about."""

    limit = forms.IntegerField(
        min_value=1,
        max_value=LIMIT_MAX,
        label=_("Limit, people"),
        help_text=_("Below the number of enrolled people it is full; nobody loses a place."),
    )
    frees_place = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Who leaves frees a place"),
        help_text=_("Otherwise the place stays theirs, and counted."),
    )
    reason = forms.CharField(
        max_length=500,
        label=_("Reason"),
        help_text=_("Why it is so; the next person will read this."),
    )
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    review_date = forms.DateField(required=False, label=_("Review on"))
    starts_date = forms.DateField(required=False, label=_("From, local date"))
    ends_date = forms.DateField(required=False, label=_("Until (excluded), local date"))


class CapChangeForm(CapFields):
    """What can change about a cap that is there: everything but what it is about."""

    def build(self) -> SetCap:
        """Return the cap as it shall be."""
        row: Cap = self.instance
        return SetCap(
            app=row.app.key,
            environment=row.environment.key,
            feature=row.feature.key if row.feature else "",
            bundle=row.bundle.key if row.bundle else "",
            territory=row.territory_id or "",
            market=row.market.key if row.market else "",
            rule_id=row.pk,
            **self.cleaned_data,
        )


class CapAddForm(CapFields):
    """A new cap: what, where, and the rest."""

    app = app_field()
    environment = environment_field()
    feature = feature_field()
    bundle = bundle_field()
    territory = territory_field(help_text=_("Neither this nor a market: everywhere."))
    market = market_field()
    field_order = ("app", "environment", "feature", "bundle", "territory", "market")

    def build(self) -> SetCap:
        """Return the new cap."""
        return SetCap(**self.cleaned_data)


class CapRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveCap:
        """Return the removal of this cap."""
        row: Cap = self.instance
        return RemoveCap(app=row.app.key, environment=row.environment.key, rule_id=row.pk)


def _tell_removal(row: Cap) -> str:
    return _t(
        "The cap of %(target)s at %(place)s in %(environment)s goes away, and with it who "
        "enrolled: %(count)s people. Everybody gets in from then on, unless a less specific cap "
        "counts. The numbers stay in the audit."
    ) % {
        "target": row.feature or row.bundle,
        "place": row.place_key,
        "environment": row.environment,
        "count": _number(row.enrolled),
    }


@admin.register(Cap)
class CapAdmin(CommandAdmin):
    """Every cap, with how far it is filled."""

    add_command = change_command = SetCap
    add_form = CapAddForm
    change_form = CapChangeForm
    identity_fields = ("target", "place", "environment", "state", "filled")
    view_fields = (
        ("target", "place", "environment"),
        ("state", "filled", "frees_place"),
        "reason",
        ("owner", "source", "review_date"),
        ("starts_date", "ends_date"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove this cap"),
            command=RemoveCap,
            form=CapRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = (
        "target",
        "place",
        "state",
        "filled",
        "period",
        "environment",
        "reason",
        "owner",
    )
    list_filter = ("environment", "bundle", "market", "frees_place")
    list_select_related = ("app", "environment", "feature", "bundle", "market", "territory")
    search_fields = (
        *("feature__key", "bundle__key", "territory__code", "market__key"),
        *("reason", "owner", "source"),
    )
    ordering: ClassVar = ("environment", "feature__key", "bundle__key", "territory", "starts_date")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cap]:
        """Return the caps with everything that a list or page shows."""
        rows: QuerySet[Cap] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)

    @admin.display(description=_("What"), ordering="feature__key")
    def target(self, row: Cap) -> Any:
        """Show the feature or bundle."""
        return target_label(row)

    @admin.display(description=_("Where"), ordering="territory")
    def place(self, row: Cap) -> Any:
        """Show the place."""
        return place_label(row)

    @admin.display(description=_("Enrolled"), ordering="enrolled")
    def filled(self, row: Cap) -> Any:
        """Show the count against the limit."""
        words = _t("%(count)s of %(limit)s") % {
            "count": _number(row.enrolled),
            "limit": _number(row.limit),
        }
        return meter(row.enrolled, row.limit, words)

    @admin.display(description=_("State"))
    def state(self, row: Cap) -> Any:
        """Show whether it lets people in now, by the territory's own clock, else by UTC."""
        now, zone = timezone.now(), row.territory.default_zone if row.territory else "UTC"
        if has_come(row.ends_date, zone, now):
            return badge("not-offered", _("Ended"))
        if row.starts_date and not has_come(row.starts_date, zone, now):
            return badge("planned", _("To come"))
        if row.is_full:
            return badge("needs-partner", _("Full"))
        return badge("live", _("Running"))

    @admin.display(description=_("When"), ordering="starts_date")
    def period(self, row: Cap) -> str:
        """Show the dates."""
        return period_label(row.starts_date, row.ends_date)

    def audit_query(self, row: Cap) -> str:
        """Return the key of the cap in the audit."""
        return row.slot_key


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)
