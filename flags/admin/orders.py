"""Legal orders: drafted by one person, decided by another."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    app_field,
    bundles_field,
    features_field,
    market_field,
    order_initial,
    subdivision_field,
    territory_field,
)
from flags.admin.marks import ORDER_TONES, badge, place_label
from flags.models import LegalOrder
from flags.models.order import ORDER_STATES
from flags.operations.orders import (
    NEXT_STATES,
    AdvanceLegalOrder,
    SetLegalOrder,
    order_digest,
)
from regions.admin.names import territory_name
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step

STATE_LABELS: dict[str, Any] = dict(ORDER_STATES)


class OrderChangeForm(CommandForm):
    """A draft: what is blocked, where, from when, why."""

    features = features_field(_("Features"))
    bundles = bundles_field(_("Bundles"))
    territory = territory_field()
    market = market_field()
    subdivision = subdivision_field()
    issued_date = forms.DateField(required=False, label=_("Issued on"))
    effective_date = forms.DateField(
        required=False,
        label=_("Effective on, local date"),
        help_text=_("Needed before the order can be scheduled."),
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    everything = forms.BooleanField(
        required=False,
        label=_("The whole app, everywhere"),
        help_text=_("Only for an order that names no feature, no bundle and no place."),
    )

    @classmethod
    def read(cls, instance: LegalOrder) -> dict[str, Any]:
        """Return the stored draft as keys."""
        market = instance.market.key if instance.market else ""
        start = {**super().read(instance), **order_initial(instance), "market": market}
        narrowed = instance.place_key != "*" or start["features"] or start["bundles"]
        return {**start, "everything": not narrowed}

    def build(self) -> SetLegalOrder:
        """Return the draft as it shall be."""
        row: LegalOrder = self.instance
        return SetLegalOrder(app=row.app.key, key=row.key, **self.cleaned_data)


class OrderAddForm(OrderChangeForm):
    """A new draft."""

    app = app_field()
    key = forms.CharField(
        max_length=100, label=_("Key"), help_text=_("Small letters, digits and dashes.")
    )
    field_order = ("app", "key", "features", "bundles", "territory", "market", "subdivision")

    def build(self) -> SetLegalOrder:
        """Return the new draft."""
        return SetLegalOrder(**self.cleaned_data)


class AdvanceForm(CommandForm):
    """The next state, out of those that can follow."""

    state = forms.ChoiceField(label=_("Next state"))
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        following = NEXT_STATES.get(self.instance.state, ())
        field: Any = self.fields["state"]
        field.choices = [(state, STATE_LABELS[state]) for state in following]

    @classmethod
    def read(cls, instance: LegalOrder) -> dict[str, Any]:
        """Return what is decided about; the present state is not a choice."""
        return {"seen": order_digest(instance)}

    def build(self) -> AdvanceLegalOrder:
        """Return the step."""
        row: LegalOrder = self.instance
        return AdvanceLegalOrder(app=row.app.key, key=row.key, **self.cleaned_data)


def _tell_advance(row: LegalOrder) -> str:
    return _t(
        "The order %(key)s is %(state)s. It speaks of %(targets)s in %(place)s. A scheduled order "
        "blocks from its effective date (%(date)s) in every environment, a stopped or lifted one "
        "never blocks. Who drafted it may not decide."
    ) % {
        "key": row.key,
        "state": STATE_LABELS[row.state],
        "targets": _tell_targets(row),
        "place": _tell_place(row),
        "date": row.effective_date or "…",
    }


def _tell_place(row: LegalOrder) -> str:
    if row.territory_id:
        return territory_name(row.territory_id)
    if row.market:
        return row.market.name
    return row.subdivision_id or _t("every country and region")


def _tell_targets(row: LegalOrder) -> str:
    keys = [bundle.key for bundle in row.bundles.all()]
    keys += [feature.key for feature in row.features.all()]
    return ", ".join(keys) or _t("the whole app")


@admin.register(LegalOrder)
class LegalOrderAdmin(CommandAdmin):
    """Legal orders with their state."""

    add_command = change_command = SetLegalOrder
    add_form = OrderAddForm
    change_form = OrderChangeForm
    identity_fields = ("key", "state_mark")
    view_fields = (
        ("key", "state_mark", "state_since_at"),
        ("targets", "place"),
        ("issued_date", "effective_date"),
        "reason",
        ("owner", "source", "drafted_by"),
    )
    steps = (
        Step(
            name="advance",
            label=_("Decide the next state"),
            command=AdvanceLegalOrder,
            form=AdvanceForm,
            sentence=_tell_advance,
            open_for=lambda row: bool(NEXT_STATES.get(row.state)),
        ),
    )
    list_display = (
        "key",
        "state_mark",
        "place",
        "targets",
        "issued_date",
        "effective_date",
        "reason",
        "owner",
    )
    list_filter = ("state", "market")
    search_fields = ("key", "territory__code", "market__key", "reason", "owner", "source")
    ordering: ClassVar = ("-effective_date", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LegalOrder]:
        """Return the orders with their targets, in three queries whatever the number."""
        rows: QuerySet[LegalOrder] = super().get_queryset(request)
        return rows.select_related("app", "market").prefetch_related("features", "bundles")

    def is_changeable(self, row: LegalOrder) -> bool:
        """Tell whether nobody has decided yet."""
        return row.state == "drafted"

    @admin.display(description=_("State"), ordering="state")
    def state_mark(self, row: LegalOrder) -> Any:
        """Show the state as a shape with its word."""
        return badge(ORDER_TONES[row.state], STATE_LABELS[row.state])

    @admin.display(description=_("Where"), ordering="territory")
    def place(self, row: LegalOrder) -> Any:
        """Show the place."""
        return place_label(row)

    @admin.display(description=_("Blocks"))
    def targets(self, row: LegalOrder) -> str:
        """Show what it blocks, the whole app when it names nothing."""
        return _tell_targets(row)
