"""Schedules: when features run, in everybody's own local time."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from flags.admin.choices import app_field, environment_field, features_field, market_field
from flags.admin.marks import badge, period_label
from flags.admin.windows import WindowsField, list_gaps, list_lines, tell_table, tell_windows
from flags.models import Schedule
from flags.models.schedule import ANCHORS
from flags.operations.schedules import RemoveSchedule, SetSchedule
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step
from regions.governance.execute import Receipt


class ScheduleChangeForm(CommandForm):
    """All of a schedule but where it is kept."""

    features = features_field(_("Features"), help_text=_("A feature has one schedule."))
    anchor = forms.ChoiceField(
        choices=ANCHORS,
        label=_("Whose clock"),
        help_text=_(
            "Money follows the account's home, greetings the place where the person is. "
            "Whose zone is unknown keeps their country's."
        ),
    )
    market = market_field()
    windows = WindowsField(
        label=_("Windows of local time"),
        help_text=_(
            "One a line: country, start, end (excluded), such as SG 2027-02-06 2027-02-21 or "
            "SG 2027-02-06T08:30 -. A star stands for all countries of the market without a "
            "line of their own, a dash for no start or no end."
        ),
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    review_date = forms.DateField(required=False, label=_("Review on"))

    @classmethod
    def read(cls, instance: Schedule) -> dict[str, Any]:
        """Return the stored schedule as it would be typed."""
        return {
            **super().read(instance),
            "features": [row.key for row in instance.features.all() if not row.archived_at],
            "market": instance.market.key if instance.market else "",
            "windows": tell_windows(instance),
        }

    def build(self) -> SetSchedule:
        """Return the schedule as it shall be."""
        row: Schedule = self.instance
        return SetSchedule(
            app=row.app.key, environment=row.environment.key, key=row.key, **self.cleaned_data
        )


class ScheduleAddForm(ScheduleChangeForm):
    """A new schedule."""

    app = app_field()
    environment = environment_field()
    key = forms.CharField(
        max_length=100, label=_("Key"), help_text=_("Small letters, digits and dashes.")
    )
    field_order = ("app", "environment", "key")

    def build(self) -> SetSchedule:
        """Return the new schedule."""
        return SetSchedule(**self.cleaned_data)


class RemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveSchedule:
        """Return the removal of this schedule."""
        row: Schedule = self.instance
        return RemoveSchedule(app=row.app.key, environment=row.environment.key, key=row.key)


def _tell_removal(row: Schedule) -> str:
    return _t(
        "%(key)s goes with its windows. From then on %(features)s run at any time in "
        "%(environment)s, wherever nothing else turns them off. A campaign that is over gets an "
        "end instead."
    ) % {
        "key": row.key,
        "features": ", ".join(feature.key for feature in row.features.all()),
        "environment": row.environment,
    }


@admin.register(Schedule)
class ScheduleAdmin(CommandAdmin):
    """Schedules with the instants of their windows."""

    add_command = change_command = SetSchedule
    add_form = ScheduleAddForm
    change_form = ScheduleChangeForm
    identity_fields = ("key", "environment", "state", "table")
    view_fields = (
        ("key", "environment", "state"),
        ("market", "anchor"),
        "table",
        "features_line",
        "reason",
        ("owner", "source", "review_date"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove"),
            command=RemoveSchedule,
            form=RemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = (
        "key",
        "state",
        "features_line",
        "market",
        "anchor",
        "period",
        "environment",
        "owner",
        "review_date",
    )
    list_filter = ("environment", "anchor", "market")
    search_fields = ("key", "features__key", "market__key", "reason", "owner", "source")
    ordering: ClassVar = ("environment", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """Return the schedules with windows and members, in six queries whatever the number."""
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.select_related("app", "environment", "market").prefetch_related(
            "features", "windows__territory", "market__members__territory"
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the table below the row's identity, over the whole width."""
        fieldsets = super().get_fieldsets(request, obj)
        if len(fieldsets) == 1:
            return fieldsets
        _identity, fields = fieldsets
        return [(None, {"fields": (self.identity_fields[:-1], "table")}), fields]

    def respond_done(
        self, request: HttpRequest, form: CommandForm, receipt: Receipt
    ) -> HttpResponse:
        """Say as well when clocks jump over a time that was typed."""
        command = form.build()
        if isinstance(command, SetSchedule):
            row = self.get_queryset(request).get(
                app__key=command.app, environment__key=command.environment, key=command.key
            )
            for told in list_gaps(list_lines(row)):
                messages.warning(request, told)
        return super().respond_done(request, form, receipt)

    @admin.display(description=_("State"))
    def state(self, row: Schedule) -> Any:
        """Show where it runs now, by the countries' own zones."""
        now = timezone.now()
        lines = list_lines(row)
        begun = [line for line in lines if line.starts is None or line.starts <= now]
        running = [line for line in begun if line.ends is None or now < line.ends]
        if running:
            places = len({line.territory for line in running})
            told = ngettext("Runs in %(n)s place", "Runs in %(n)s places", places)
            return badge("live", told % {"n": places})
        if len(begun) < len(lines):
            return badge("planned", _("To come"))
        return badge("not-offered", _("Over"))

    @admin.display(description=_("Windows"))
    def table(self, row: Schedule) -> SafeString:
        """Show every window at every place."""
        return tell_table(list_lines(row))

    @admin.display(description=_("Features"))
    def features_line(self, row: Schedule) -> str:
        """Show the features."""
        return ", ".join(sorted(feature.key for feature in row.features.all()))

    @admin.display(description=_("Local dates"))
    def period(self, row: Schedule) -> str:
        """Show from which first day until which last one."""
        windows = list(row.windows.all())
        starts = [window.starts_date for window in windows]
        ends = [window.ends_date for window in windows]
        first = min((day for day in starts if day), default=None) if None not in starts else None
        last = max((day for day in ends if day), default=None) if None not in ends else None
        return period_label(first, last)
