"""Kill switches: pulled at once, released by an approver."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    app_field,
    bundle_field,
    environment_field,
    feature_field,
    platform_field,
    territory_field,
)
from flags.admin.marks import badge, target_label, territory_label
from flags.models import KillSwitch
from flags.operations.kills import PullKillSwitch, ReleaseKillSwitch
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step


class KillForm(CommandForm):
    """What is turned off, where, why, and when somebody decides what comes next."""

    app = app_field()
    environment = environment_field()
    feature = feature_field()
    bundle = bundle_field()
    territory = territory_field(help_text=_("None: off everywhere."))
    platform = platform_field()
    reason = forms.CharField(max_length=500, label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    expires_at = forms.SplitDateTimeField(
        label=_("Decide by (UTC)"),
        help_text=_(
            "Nothing turns on again by itself; from then on the board asks for a decision."
        ),
    )

    def build(self) -> PullKillSwitch:
        """Return the pull."""
        return PullKillSwitch(**self.cleaned_data)


class ReleaseForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> ReleaseKillSwitch:
        """Return the release of this kill switch."""
        row: KillSwitch = self.instance
        return ReleaseKillSwitch(app=row.app.key, environment=row.environment.key, key=row.key)


def _tell_release(row: KillSwitch) -> str:
    return _t(
        "%(key)s goes. %(target)s follows its offers, laws and targeting again in "
        "%(environment)s, at once."
    ) % {"key": row.key, "target": row.feature or row.bundle, "environment": row.environment}


@admin.register(KillSwitch)
class KillSwitchAdmin(CommandAdmin):
    """Kill switches, the pulled ones first."""

    add_command = PullKillSwitch
    add_form = KillForm
    view_fields = (
        ("target", "territory_mark", "platform"),
        "state",
        "reason",
        ("owner", "environment", "key"),
        ("since_at", "expires_at"),
        ("released_at", "released_by"),
    )
    steps = (
        Step(
            name="release",
            label=_("Release"),
            command=ReleaseKillSwitch,
            form=ReleaseForm,
            sentence=_tell_release,
            open_for=lambda row: row.released_at is None,
            danger=True,
        ),
    )
    list_display = (
        "state",
        "target",
        "territory_mark",
        "platform",
        "reason",
        "owner",
        "since_at",
        "expires_at",
    )
    list_filter = ("environment", ("released_at", admin.EmptyFieldListFilter), "platform")
    list_select_related = ("app", "environment", "feature", "bundle")
    search_fields = ("key", "feature__key", "bundle__key", "territory__code", "reason", "owner")
    ordering: ClassVar = ("-released_at", "-since_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[KillSwitch]:
        """Return the switches with everything that a list or page shows."""
        rows: QuerySet[KillSwitch] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)

    @admin.display(description=_("State"), ordering="released_at")
    def state(self, row: KillSwitch) -> Any:
        """Show whether it is pulled, waits for a decision, or was released."""
        if row.released_at is not None:
            return badge("not-offered", _("Released"))
        if row.expires_at <= timezone.now():
            return badge("killed", _("Pulled, decision overdue"))
        return badge("killed", _("Pulled"))

    @admin.display(description=_("What"))
    def target(self, row: KillSwitch) -> Any:
        """Show the feature or bundle."""
        return target_label(row)

    @admin.display(description=_("Where"), ordering="territory")
    def territory_mark(self, row: KillSwitch) -> Any:
        """Show the country or region, or everywhere."""
        return territory_label(row.territory_id)
