"""Partners: who makes features real in a city, for which wallets, until when."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import TerritoryChoiceField, app_field, features_field
from flags.admin.lines import ConstraintsField, tell_constraints
from flags.admin.marks import badge, period_label, territory_label
from flags.admin.targeting import tell_constraint
from flags.models import Partner
from flags.models.partner import EVERY_CITY
from flags.operations.partners import RemovePartner, SetPartner
from regions.admin.names import territory_name
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step
from regions.governance.execute import Receipt
from regions.zones import instant, is_missing


class PartnerChangeForm(CommandForm):
    """All of a partner but its key."""

    name = forms.CharField(max_length=120, label=_("Name"))
    features = features_field(
        _("Features"), required=True, help_text=_("Only features that need a partner somewhere.")
    )
    territory = TerritoryChoiceField(label=_("Country or region"))
    city = forms.CharField(
        max_length=100,
        initial=EVERY_CITY,
        label=_("City"),
        help_text=_("As apps send it, such as las-vegas; * is every city."),
    )
    wallets = forms.CharField(
        max_length=400,
        required=False,
        label=_("Wallets accepted"),
        help_text=_("Currencies such as CNY, HKD; none: every wallet."),
    )
    starts_date = forms.DateField(required=False, label=_("From, local date"))
    starts_time = forms.TimeField(
        required=False, label=_("From, time of day"), help_text=_("None: midnight.")
    )
    ends_date = forms.DateField(required=False, label=_("Until (excluded), local date"))
    ends_time = forms.TimeField(
        required=False, label=_("Until, time of day"), help_text=_("None: midnight.")
    )
    requirements = ConstraintsField(
        label=_("What a person must bring"),
        help_text=_("One a line, such as phoneCountry IN CN, HK or age NUM_GTE 18; all must hold."),
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    review_date = forms.DateField(required=False, label=_("Review on"))

    @classmethod
    def read(cls, instance: Partner) -> dict[str, Any]:
        """Return the stored partner as it would be typed."""
        return {
            **super().read(instance),
            "features": [row.key for row in instance.features.all() if not row.archived_at],
            "territory": instance.territory_id,
            "wallets": ", ".join(instance.wallets),
            "requirements": tell_constraints(instance.requirements.all()),
        }

    def clean_wallets(self) -> tuple[str, ...]:
        """Return the currencies in capitals."""
        text: str = self.cleaned_data["wallets"]
        return tuple(text.replace(",", " ").upper().split())

    def build(self) -> SetPartner:
        """Return the partner as it shall be."""
        row: Partner = self.instance
        return SetPartner(app=row.app.key, key=row.key, **self.cleaned_data)


class PartnerAddForm(PartnerChangeForm):
    """A new partner."""

    app = app_field()
    key = forms.CharField(
        max_length=100, label=_("Key"), help_text=_("Small letters, digits and dashes.")
    )
    field_order = ("app", "key", "name")

    def build(self) -> SetPartner:
        """Return the new partner."""
        return SetPartner(**self.cleaned_data)


class RemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemovePartner:
        """Return the removal of this partner."""
        return RemovePartner(app=self.instance.app.key, key=self.instance.key)


def _tell_removal(row: Partner) -> str:
    return _t(
        "%(name)s goes, with its dates and terms. Where no other partner serves them, %(features)s "
        "turn off in %(place)s in every environment. A contract that ends gets a date instead."
    ) % {
        "name": row.name,
        "features": ", ".join(feature.key for feature in row.features.all()),
        "place": territory_name(row.territory_id),
    }


@admin.register(Partner)
class PartnerAdmin(CommandAdmin):
    """Partners by place."""

    add_command = change_command = SetPartner
    add_form = PartnerAddForm
    change_form = PartnerChangeForm
    identity_fields = ("key", "state")
    view_fields = (
        ("name", "key", "state"),
        ("place", "period", "wallets_line"),
        "features_line",
        "terms",
        "reason",
        ("owner", "source", "review_date"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove"),
            command=RemovePartner,
            form=RemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = (
        "title",
        "state",
        "place",
        "features_line",
        "wallets_line",
        "period",
        "terms",
        "owner",
    )
    list_filter = ("territory",)
    search_fields = ("key", "name", "city", "territory__code", "features__key", "owner")
    ordering: ClassVar = ("territory", "city", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        """Return the partners with features and terms, in three queries."""
        rows: QuerySet[Partner] = super().get_queryset(request)
        return rows.select_related("app", "territory").prefetch_related("features", "requirements")

    def respond_done(
        self, request: HttpRequest, form: CommandForm, receipt: Receipt
    ) -> HttpResponse:
        """Say as well when clocks jump over a time that was typed."""
        command = form.build()
        if isinstance(command, SetPartner):
            zone = Partner.objects.get(app__key=command.app, key=command.key).territory.default_zone
            for day, clock in (
                (command.starts_date, command.starts_time),
                (command.ends_date, command.ends_time),
            ):
                if day and is_missing(wall := _wall(day, clock), zone):
                    messages.warning(request, _tell_gap(wall, zone))
        return super().respond_done(request, form, receipt)

    @admin.display(description=_("Partner"), ordering="name")
    def title(self, row: Partner) -> SafeString:
        """Show the name with the key."""
        return format_html('{} <span class="lf-key">{}</span>', row.name, row.key)

    @admin.display(description=_("State"))
    def state(self, row: Partner) -> Any:
        """Show whether the partner serves people now."""
        now, zone = timezone.now(), row.territory.default_zone
        if row.ends_date and instant(_wall(row.ends_date, row.ends_time), zone) <= now:
            return badge("not-offered", _("Over"))
        if row.starts_date and now < instant(_wall(row.starts_date, row.starts_time), zone):
            return badge("planned", _("To come"))
        return badge("live", _("Serving"))

    @admin.display(description=_("Where"), ordering="territory")
    def place(self, row: Partner) -> SafeString:
        """Show the country or region with the city."""
        where = territory_label(row.territory_id)
        city = _("every city") if row.city == EVERY_CITY else row.city
        return format_html('{} <span class="lf-dim">{}</span>', where, city)

    @admin.display(description=_("Features"))
    def features_line(self, row: Partner) -> str:
        """Show the features."""
        return ", ".join(feature.key for feature in row.features.all())

    @admin.display(description=_("Wallets"))
    def wallets_line(self, row: Partner) -> Any:
        """Show the currencies."""
        return ", ".join(row.wallets) or _("every wallet")

    @admin.display(description=_("Dates"), ordering="starts_date")
    def period(self, row: Partner) -> str:
        """Show from when until when, in the place's own time."""
        return period_label(row.starts_date, row.ends_date, row.starts_time, row.ends_time)

    @admin.display(description=_("Requires"))
    def terms(self, row: Partner) -> SafeString:
        """Show what a person must bring, one a line."""
        lines = [tell_constraint(one) for one in row.requirements.all()]
        return format_html("{}", SafeString("<br>".join(lines)))


def _wall(day: date, clock: time | None) -> datetime:
    return datetime.combine(day, clock or time())


def _tell_gap(wall: datetime, zone: str) -> str:
    """Tell that clocks jump over a time, and which counts instead."""
    there = instant(wall, zone).astimezone(ZoneInfo(zone))
    return _t("Clocks in %(zone)s jump over %(wall)s; %(there)s counts instead.") % {
        "zone": zone,
        "wall": f"{wall:%Y-%m-%d %H:%M}",
        "there": f"{there:%H:%M}",
    }
