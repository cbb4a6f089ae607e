"""Age rules: how old people must be, where."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.placed import FIRST_FIELDS, DatesFields, PlacedRuleAdmin, SlotFields, name_slot
from flags.models import AgeRule
from flags.models.age import AGE_MAX
from flags.operations.ages import RemoveAgeRule, SetAgeRule
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import Step


class AgeChangeForm(DatesFields):
    """What can change about an age rule that is there: everything but what it is about."""

    minimum = forms.IntegerField(
        min_value=0,
        max_value=AGE_MAX,
        label=_("Least age, years"),
        help_text=_(
            "The most specific rule counts; 0 asks for no age here. Who does not say an age is "
            "too young."
        ),
    )
    field_order: tuple[str, ...] = ("minimum",)

    def build(self) -> SetAgeRule:
        """Return the rule as it shall be."""
        row: AgeRule = self.instance
        return SetAgeRule(**name_slot(row), rule_id=row.pk, **self.cleaned_data)


class AgeAddForm(AgeChangeForm, SlotFields):
    """A new age rule: what, where, and the rest."""

    field_order = (*FIRST_FIELDS, "minimum")

    def build(self) -> SetAgeRule:
        """Return the new rule."""
        return SetAgeRule(**self.cleaned_data)


class AgeRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveAgeRule:
        """Return the removal of this rule."""
        return RemoveAgeRule(app=self.instance.app.key, rule_id=self.instance.pk)


def _tell_removal(row: AgeRule) -> str:
    return _t(
        "%(target)s at %(place)s is no longer for people of %(minimum)s years or more only, in "
        "every environment. The next less specific age rule counts from then on, else nobody is "
        "asked. What it was stays in the audit."
    ) % {
        "target": row.feature or row.bundle,
        "place": row.place_key,
        "minimum": row.minimum,
    }


@admin.register(AgeRule)
class AgeRuleAdmin(PlacedRuleAdmin):
    """Every age rule; a law holds in every environment."""

    add_command = change_command = SetAgeRule
    add_form = AgeAddForm
    change_form = AgeChangeForm
    identity_fields = ("target", "place")
    view_fields = (
        ("target", "place", "least"),
        "reason",
        ("owner", "source", "review_date"),
        ("starts_date", "ends_date"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove this rule"),
            command=RemoveAgeRule,
            form=AgeRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = ("target", "place", "least", "period", "reason", "owner", "review_date")
    list_filter = ("bundle", "market", "minimum")
    ordering: ClassVar = ("feature__key", "bundle__key", "territory", "market", "starts_date")

    @admin.display(description=_("Least age"), ordering="minimum")
    def least(self, row: AgeRule) -> Any:
        """Show the age, and that none is asked for with 0."""
        return f"{row.minimum}+" if row.minimum else _("any age")
