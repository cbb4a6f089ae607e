"""Cluster rollouts: whole groups in their order, the next one enabled by one button."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import app_field, environment_field, feature_field, territory_field
from flags.admin.marks import territory_label
from flags.models import ClusterRollout
from flags.operations.clusters import (
    AdvanceClusterRollout,
    RemoveClusterRollout,
    SetClusterRollout,
    find_next,
)
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step
from regions.governance.commands import Refused

# A list shows the first groups; a rollout's own page shows all of them.
SHOWN_MAX = 6


class LinesField(forms.CharField):
    """Texts, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Write a stored list as lines."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """Return the lines that say something."""
        lines = str(super().clean(value)).splitlines()
        return tuple(line.strip() for line in lines if line.strip())


class RolloutChangeForm(CommandForm):
    """Which groups, in which order, and how many of them have it."""

    territory = territory_field(
        help_text=_("None: wherever no other rollout of the feature holds.")
    )
    order = LinesField(
        label=_("Groups in their order, one a line"),
        help_text=_("As the app sends them; capitals and space around them do not matter."),
    )
    enabled = forms.IntegerField(
        min_value=0,
        initial=0,
        label=_("Enabled groups"),
        help_text=_("So many, from the top, have the feature whole."),
    )
    field = forms.CharField(
        max_length=100,
        initial="clusters",
        label=_("Context field"),
        help_text=_("What names a person's groups: clusters, city, schoolId …"),
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    review_date = forms.DateField(required=False, label=_("Review on"))

    @classmethod
    def read(cls, instance: ClusterRollout) -> dict[str, Any]:
        """Return the stored rollout, its territory as a code."""
        return {**super().read(instance), "territory": instance.territory_id or ""}

    def build(self) -> SetClusterRollout:
        """Return the rollout as it shall be."""
        row: ClusterRollout = self.instance
        return SetClusterRollout(
            app=row.app.key,
            environment=row.environment.key,
            key=row.key,
            feature=row.feature.key,
            **self.cleaned_data,
        )


class RolloutAddForm(RolloutChangeForm):
    """A new rollout."""

    app = app_field()
    environment = environment_field()
    key = forms.CharField(
        max_length=100, label=_("Key"), help_text=_("Small letters, digits and dashes.")
    )
    feature = feature_field(required=True)
    field_order = ("app", "environment", "key", "feature")

    def build(self) -> SetClusterRollout:
        """Return the new rollout."""
        return SetClusterRollout(**self.cleaned_data)


class AdvanceForm(CommandForm):
    """The group that the page named, so that a second press enables no further one."""

    cluster = forms.CharField(widget=forms.HiddenInput)

    @classmethod
    def read(cls, instance: ClusterRollout) -> dict[str, Any]:
        """Return the next group."""
        return {"cluster": find_next(instance) or ""}

    def add_refusal(self, refused: Refused) -> None:
        """Show the refusal above the button: the field that it names is hidden."""
        self.add_error(None, refused.message)

    def build(self) -> AdvanceClusterRollout:
        """Return the step."""
        row: ClusterRollout = self.instance
        return AdvanceClusterRollout(
            app=row.app.key, environment=row.environment.key, key=row.key, **self.cleaned_data
        )


class RolloutRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveClusterRollout:
        """Return the removal of this rollout."""
        row: ClusterRollout = self.instance
        return RemoveClusterRollout(app=row.app.key, environment=row.environment.key, key=row.key)


def _tell_advance(row: ClusterRollout) -> str:
    return _t(
        "%(cluster)s gets %(feature)s whole in %(environment)s: everybody whose %(field)s names "
        "it. That is group %(number)s of %(all)s."
    ) % {
        "cluster": find_next(row),
        "feature": row.feature,
        "environment": row.environment,
        "field": row.field,
        "number": row.enabled + 1,
        "all": len(row.order),
    }


def _tell_removal(row: ClusterRollout) -> str:
    return _t(
        "The rollout %(key)s in %(environment)s goes away: %(feature)s asks for no groups there "
        "any more, so everybody gets it whom the other rules let in. What it was stays in the "
        "audit."
    ) % {"key": row.key, "environment": row.environment, "feature": row.feature}


@admin.register(ClusterRollout)
class ClusterRolloutAdmin(CommandAdmin):
    """Cluster rollouts with their order and how far it has come."""

    add_command = change_command = SetClusterRollout
    add_form = RolloutAddForm
    change_form = RolloutChangeForm
    identity_fields = ("key", "feature_mark", "environment", "all_groups")
    view_fields = (
        ("key", "feature_mark", "territory_mark", "environment"),
        ("all_groups", "field"),
        "reason",
        ("owner", "source", "review_date"),
    )
    steps = (
        Step(
            name="advance",
            label=_("Enable the next group"),
            command=AdvanceClusterRollout,
            form=AdvanceForm,
            sentence=_tell_advance,
            open_for=lambda row: find_next(row) is not None,
        ),
        Step(
            name="remove",
            label=_("Remove this rollout"),
            command=RemoveClusterRollout,
            form=RolloutRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = (
        *("key", "feature_mark", "territory_mark", "progress", "groups"),
        *("environment", "reason", "owner"),
    )
    list_filter = ("environment", "field", "feature__bundle")
    list_select_related = ("app", "environment", "feature")
    search_fields = ("key", "feature__key", "territory__code", "reason", "owner", "source")
    ordering: ClassVar = ("environment", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClusterRollout]:
        """Return the rollouts with everything that a list or page shows."""
        rows: QuerySet[ClusterRollout] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)

    @admin.display(description=_("Feature"), ordering="feature__key")
    def feature_mark(self, row: ClusterRollout) -> Any:
        """Show the feature's key."""
        return format_html('<span class="lf-key">{}</span>', row.feature.key)

    @admin.display(description=_("Where"), ordering="territory")
    def territory_mark(self, row: ClusterRollout) -> Any:
        """Show the country or region, or everywhere."""
        return territory_label(row.territory_id)

    @admin.display(description=_("Enabled"))
    def progress(self, row: ClusterRollout) -> str:
        """Show how many of the groups have it."""
        return _t("%(enabled)s of %(all)s") % {"enabled": row.enabled, "all": len(row.order)}

    @admin.display(description=_("Order"))
    def groups(self, row: ClusterRollout) -> Any:
        """Show the first groups in their order, the enabled ones marked."""
        return _tell_order(row, row.order[:SHOWN_MAX])

    @admin.display(description=_("Order"))
    def all_groups(self, row: ClusterRollout) -> Any:
        """Show all groups in their order, the enabled ones marked."""
        return _tell_order(row, row.order)


def _tell_order(row: ClusterRollout, shown: list[str]) -> Any:
    """Return a numbered list: enabled groups with a mark and a word, the next one told."""
    items = format_html_join("", "{}", ((_item(row, n, name),) for n, name in enumerate(shown)))
    rest = len(row.order) - len(shown)
    more = format_html(' <span class="lf-dim">{}</span>', _t("and %s more") % rest) if rest else ""
    return format_html('<ol class="lf-order">{}</ol>{}', items, more)


def _item(row: ClusterRollout, number: int, name: str) -> Any:
    told = '{} <span class="lf-dim">{}</span>'
    if number < row.enabled:
        return format_html(f'<li class="lf-on">{told}</li>', name, _t("on"))
    if number == row.enabled:
        return format_html(f"<li>{told}</li>", name, _t("next"))
    return format_html("<li>{}</li>", name)
