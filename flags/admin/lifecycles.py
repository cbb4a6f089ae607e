"""Life cycles: how features end, where, and how far they have come."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import environment_field
from flags.admin.marks import badge
from flags.admin.placed import (
    FIRST_FIELDS,
    PlacedRuleAdmin,
    SlotFields,
    WordsFields,
    has_come,
    name_slot,
)
from flags.models import LifeCycle
from flags.operations.lifecycles import RemoveLifeCycle, SetLifeCycle
from regions.admin.names import territory_name
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import Step
from regions.governance.execute import Receipt
from regions.models import Market, Territory


class LifeCycleChangeForm(WordsFields):
    """What can change about a life cycle that is there: everything but what it is about."""

    closed_to_new_date = forms.DateField(
        required=False,
        label=_("Closed to new users from, local date"),
        help_text=_("From then on only people who are enrolled have it."),
    )
    sunset_date = forms.DateField(
        required=False,
        label=_("Off for everybody from, local date"),
        help_text=_("None: people who are enrolled keep it."),
    )
    field_order: tuple[str, ...] = ("closed_to_new_date", "sunset_date")

    def build(self) -> SetLifeCycle:
        """Return the life cycle as it shall be."""
        row: LifeCycle = self.instance
        own = {**name_slot(row), "environment": row.environment.key}
        return SetLifeCycle(**own, **self.cleaned_data)


class LifeCycleAddForm(LifeCycleChangeForm, SlotFields):
    """A new life cycle: what, where, and its steps."""

    environment = environment_field()
    field_order = (*FIRST_FIELDS, "closed_to_new_date", "sunset_date")

    def build(self) -> SetLifeCycle:
        """Return the new life cycle."""
        return SetLifeCycle(**self.cleaned_data)


class LifeCycleRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveLifeCycle:
        """Return the removal of this life cycle."""
        row: LifeCycle = self.instance
        return RemoveLifeCycle(app=row.app.key, environment=row.environment.key, rule_id=row.pk)


def _tell_removal(row: LifeCycle) -> str:
    return _t(
        "%(target)s at %(place)s in %(environment)s goes on, for new people too, unless a less "
        "specific life cycle ends it. What it was stays in the audit."
    ) % {
        "target": row.feature or row.bundle,
        "place": row.place_key,
        "environment": row.environment,
    }


@admin.register(LifeCycle)
class LifeCycleAdmin(PlacedRuleAdmin):
    """Every life cycle, with the step that it has come to."""

    add_command = change_command = SetLifeCycle
    add_form = LifeCycleAddForm
    change_form = LifeCycleChangeForm
    identity_fields = ("target", "place", "environment", "state")
    view_fields = (
        ("target", "place", "environment"),
        ("state", "closed_to_new_date", "sunset_date"),
        "reason",
        ("owner", "source", "review_date"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove this life cycle"),
            command=RemoveLifeCycle,
            form=LifeCycleRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = (
        "target",
        "place",
        "state",
        "closed_to_new_date",
        "sunset_date",
        "environment",
        "reason",
        "owner",
    )
    list_filter = ("environment", "bundle", "market")
    list_select_related = (*PlacedRuleAdmin.list_select_related, "environment", "territory")
    ordering: ClassVar = ("environment", "feature__key", "bundle__key", "territory", "market")

    @admin.display(description=_("State"))
    def state(self, row: LifeCycle) -> Any:
        """Show how far it has come, by the territory's own clock, else by UTC."""
        now, zone = timezone.now(), row.territory.default_zone if row.territory else "UTC"
        if has_come(row.sunset_date, zone, now):
            return badge("not-offered", _("Off"))
        if has_come(row.closed_to_new_date, zone, now):
            return badge("withdrawn", _("Closed to new users"))
        return badge("planned", _("To come"))

    def respond_done(
        self, request: HttpRequest, form: CommandForm, receipt: Receipt
    ) -> HttpResponse:
        """Say as well what holds at once, which a person who mistyped a year must hear."""
        answer = super().respond_done(request, form, receipt)
        command = cast("SetLifeCycle", form.build())
        place = Territory.objects.filter(code=command.territory).first()
        zone = place.default_zone if place else "UTC"
        day = command.sunset_date
        if day is not None and has_come(day, zone, timezone.now()):
            messages.warning(request, _tell_sunset(command, day))
        return answer


def _tell_sunset(command: SetLifeCycle, day: date) -> str:
    where = _t("everywhere")
    if command.territory:
        where = _t("in %(place)s") % {"place": territory_name(command.territory)}
    elif command.market:
        where = _t("in %(place)s") % {"place": Market.objects.get(key=command.market).name}
    return _t(
        "%(target)s is off for everybody %(where)s at once: since %(day)s, a day that has passed."
    ) % {
        "target": command.feature or command.bundle,
        "where": where,
        "day": date_format(day),
    }
