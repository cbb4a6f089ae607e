"""Offers: what is live, planned or withdrawn where, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    SIGNAL_CHOICES,
    app_field,
    bundle_field,
    environment_field,
    feature_field,
    market_field,
    platform_field,
    subdivision_field,
    territory_field,
)
from flags.admin.marks import STATUS_LABELS, period_label, place_label, status_badge, target_label
from flags.models import Offer
from flags.models.feature import OFFER_STATUSES
from flags.operations.offers import RemoveOffer, SetOffer, offer_digest
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step
from regions.governance.commands import Refused


class SeenOfferForm(CommandForm):
    """A change of an offer: it carries what its person saw, and asks why the status changes."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        instance: Offer | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        start = {"seen": offer_digest(instance), **(initial or {})}
        super().__init__(data, files, instance=instance, initial=start)

    @property
    def values(self) -> dict[str, Any]:
        """Return the cleaned fields as `SetOffer` names them, with the row that is changed."""
        row: Offer | None = self.instance
        return {
            **self.cleaned_data,
            "seen": self.cleaned_data["seen"] or None,
            "offer_id": row.pk if row is not None else None,
        }

    def clean(self) -> dict[str, Any]:
        """Ask for another reason when the status changes and the reason does not."""
        cleaned = super().clean()
        row: Offer | None = self.instance
        status, reason = cleaned.get("status"), cleaned.get("reason")
        if row is not None and status and status != row.status and reason == row.reason:
            words = {"new": STATUS_LABELS[status], "old": STATUS_LABELS[row.status]}
            told = _t("Why is it %(new)s now? The reason still speaks of %(old)s.") % words
            self.add_error("reason", told)
        return cleaned

    def add_refusal(self, refused: Refused) -> None:
        """Show the refusal; who was told that the offer changed has seen it by the next press."""
        if refused.code == "stale":
            typed = {name: self.data[name] for name in self.data}
            self.data = {**typed, self.add_prefix("seen"): offer_digest(self.instance)}
        super().add_refusal(refused)


class OfferFields(CommandForm):
    """What every offer says, whatever it is about."""

    status = forms.ChoiceField(choices=OFFER_STATUSES, label=_("Status"))
    reason = forms.CharField(
        max_length=500,
        label=_("Reason"),
        help_text=_("Why it is so; the next person will read this."),
    )
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    review_date = forms.DateField(required=False, label=_("Review on"))
    rollout = forms.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        label=_("Rollout, %"),
        help_text=_("Of the people here who pass every other rule; empty means all."),
    )
    starts_date = forms.DateField(required=False, label=_("From, local date"))
    ends_date = forms.DateField(required=False, label=_("Until (excluded), local date"))


class OfferChangeForm(SeenOfferForm, OfferFields):
    """What can change about an offer that is there: everything but what it is about."""

    def build(self) -> SetOffer:
        """Return the offer as it shall be."""
        row: Offer = self.instance
        return SetOffer(
            app=row.app.key,
            environment=row.environment.key,
            feature=row.feature.key if row.feature else "",
            bundle=row.bundle.key if row.bundle else "",
            subdivision=row.subdivision_id or "",
            territory=row.territory_id or "",
            market=row.market.key if row.market else "",
            basis=row.basis,
            platform=row.platform,
            **self.values,
        )


class OfferAddForm(OfferFields):
    """A new offer: what, where, and the rest."""

    app = app_field()
    environment = environment_field()
    bundle = bundle_field()
    feature = feature_field()
    territory = territory_field()
    market = market_field()
    subdivision = subdivision_field()
    basis = forms.ChoiceField(
        choices=[("", _("the feature's own")), *SIGNAL_CHOICES], required=False, label=_("Basis")
    )
    platform = platform_field()
    field_order = (
        "app",
        "environment",
        "bundle",
        "feature",
        "territory",
        "market",
        "subdivision",
        "status",
        "reason",
        "owner",
        "source",
        "review_date",
        "rollout",
        "starts_date",
        "ends_date",
        "platform",
        "basis",
    )

    def build(self) -> SetOffer:
        """Return the new offer."""
        return SetOffer(**self.cleaned_data)


class OfferRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveOffer:
        """Return the removal of this offer."""
        row: Offer = self.instance
        return RemoveOffer(app=row.app.key, environment=row.environment.key, offer_id=row.pk)


def _tell_removal(row: Offer) -> str:
    return _t(
        "The offer of %(target)s at %(place)s in %(environment)s goes away. "
        "The next less specific offer decides from then on, else the feature's own default. "
        "What it was stays in the audit."
    ) % {
        "target": row.feature or row.bundle,
        "place": row.place_key,
        "environment": row.environment,
    }


@admin.register(Offer)
class OfferAdmin(CommandAdmin):
    """Every offer, found by target, place, reason or owner."""

    add_command = change_command = SetOffer
    add_form = OfferAddForm
    change_form = OfferChangeForm
    identity_fields = ("target", "place", "environment", "platform", "basis")
    view_fields = (
        ("target", "place", "environment"),
        ("status_mark", "rollout"),
        "reason",
        ("owner", "source", "review_date"),
        ("starts_date", "ends_date"),
        ("platform", "basis"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove this offer"),
            command=RemoveOffer,
            form=OfferRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = (
        "target",
        "place",
        "status_mark",
        "period",
        "platform",
        "environment",
        "reason",
        "owner",
        "review_date",
    )
    list_filter = ("environment", "status", "bundle", "market", "platform", "basis")
    list_select_related = ("app", "environment", "feature", "bundle", "market", "territory")
    search_fields = (
        "feature__key",
        "bundle__key",
        "territory__code",
        "market__key",
        "reason",
        "owner",
        "source",
    )
    ordering: ClassVar = ("environment", "bundle", "feature", "territory", "market", "starts_date")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        """Return the offers with everything that a list or page shows."""
        rows: QuerySet[Offer] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)

    @admin.display(description=_("What"), ordering="bundle__key")
    def target(self, row: Offer) -> Any:
        """Show the feature or bundle."""
        return target_label(row)

    @admin.display(description=_("Where"), ordering="territory")
    def place(self, row: Offer) -> Any:
        """Show the place."""
        return place_label(row)

    @admin.display(description=_("Status"), ordering="status")
    def status_mark(self, row: Offer) -> Any:
        """Show the status as a shape with its word."""
        return status_badge(row.status)

    @admin.display(description=_("When"), ordering="starts_date")
    def period(self, row: Offer) -> str:
        """Show the dates."""
        return period_label(row.starts_date, row.ends_date)

    def audit_query(self, row: Offer) -> str:
        """Return the key of the offer in the audit."""
        return f"{row.feature or row.bundle}@{row.place_key}"
