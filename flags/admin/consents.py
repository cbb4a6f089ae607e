"""Consent rules: what people must have agreed to, where."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.placed import FIRST_FIELDS, DatesFields, PlacedRuleAdmin, SlotFields, name_slot
from flags.models import ConsentRule
from flags.operations.consents import RemoveConsentRule, SetConsentRule
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import Step


class ConsentChangeForm(DatesFields):
    """What can change about a consent rule that is there: its dates and words."""

    def build(self) -> SetConsentRule:
        """Return the rule as it shall be."""
        row: ConsentRule = self.instance
        own = {**name_slot(row), "consent": row.consent}
        return SetConsentRule(**own, rule_id=row.pk, **self.cleaned_data)


class ConsentAddForm(DatesFields, SlotFields):
    """A new consent rule: what, where, which consent, and the rest."""

    consent = forms.CharField(
        max_length=100,
        label=_("Consent"),
        help_text=_("The name that apps send in consents, such as profiling."),
    )
    field_order = (*FIRST_FIELDS, "consent")

    def build(self) -> SetConsentRule:
        """Return the new rule."""
        return SetConsentRule(**self.cleaned_data)


class ConsentRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveConsentRule:
        """Return the removal of this rule."""
        return RemoveConsentRule(app=self.instance.app.key, rule_id=self.instance.pk)


def _tell_removal(row: ConsentRule) -> str:
    return _t(
        "%(target)s at %(place)s asks for the consent %(consent)s no more, in every environment, "
        "unless another rule does. What it was stays in the audit."
    ) % {
        "target": row.feature or row.bundle,
        "place": row.place_key,
        "consent": row.consent,
    }


@admin.register(ConsentRule)
class ConsentRuleAdmin(PlacedRuleAdmin):
    """Every consent rule; all that hold at a place count."""

    add_command = change_command = SetConsentRule
    add_form = ConsentAddForm
    change_form = ConsentChangeForm
    identity_fields = ("target", "place", "name")
    view_fields = (
        ("target", "place", "name"),
        "reason",
        ("owner", "source", "review_date"),
        ("starts_date", "ends_date"),
    )
    steps = (
        Step(
            name="remove",
            label=_("Remove this rule"),
            command=RemoveConsentRule,
            form=ConsentRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = ("target", "place", "name", "period", "reason", "owner", "review_date")
    list_filter = ("bundle", "market", "consent")
    search_fields = (*PlacedRuleAdmin.search_fields, "consent")
    ordering: ClassVar = (
        "feature__key",
        "bundle__key",
        "territory",
        "market",
        "consent",
        "starts_date",
    )

    @admin.display(description=_("Consent"), ordering="consent")
    def name(self, row: ConsentRule) -> Any:
        """Show the name that apps send."""
        return format_html('<span class="lf-key">{}</span>', row.consent)
