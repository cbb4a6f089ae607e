"""Expectations: promises about one person that every publish has to keep."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import app_field, environment_field
from flags.engine.result import Reason
from flags.models import Expectation
from flags.operations.expectations import RemoveExpectation, SetExpectation
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, Step


class ExpectationChangeForm(CommandForm):
    """Who asks, when, and what they must get."""

    feature = forms.CharField(max_length=100, label=_("Feature"))
    context = forms.JSONField(
        label=_("Context (JSON)"),
        help_text=_('What a client sends, such as {"accountCountry": "SG", "platform": "ios"}.'),
    )
    at = forms.SplitDateTimeField(
        required=False, label=_("As of (UTC)"), help_text=_("Empty: the moment of each publish.")
    )
    value = forms.JSONField(
        required=False, widget=forms.TextInput, label=_("Expected value (JSON)")
    )
    reason = forms.ChoiceField(
        choices=[("", _("any")), *((str(reason), str(reason)) for reason in Reason)],
        required=False,
        label=_("Expected reason"),
    )
    note = forms.CharField(max_length=500, required=False, label=_("Note"))

    @classmethod
    def read(cls, instance: Expectation) -> dict[str, Any]:
        """Return the stored promise."""
        return {**super().read(instance), "feature": instance.feature_key}

    def build(self) -> SetExpectation:
        """Return the promise as it shall be."""
        row: Expectation = self.instance
        return SetExpectation(
            app=row.app.key, environment=row.environment.key, key=row.key, **self.cleaned_data
        )


class ExpectationAddForm(ExpectationChangeForm):
    """A new promise."""

    app = app_field()
    environment = environment_field()
    key = forms.CharField(max_length=100, label=_("Key"))
    field_order = ("app", "environment", "key", "feature", "context")

    def build(self) -> SetExpectation:
        """Return the new promise."""
        return SetExpectation(**self.cleaned_data)


class ExpectationRemoveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemoveExpectation:
        """Return the removal of this promise."""
        row: Expectation = self.instance
        return RemoveExpectation(app=row.app.key, environment=row.environment.key, key=row.key)


def _tell_removal(row: Expectation) -> str:
    return _t("Publishes no longer have to keep the promise %(key)s about %(feature)s.") % {
        "key": row.key,
        "feature": row.feature_key,
    }


@admin.register(Expectation)
class ExpectationAdmin(CommandAdmin):
    """Promises by feature."""

    add_command = change_command = SetExpectation
    add_form = ExpectationAddForm
    change_form = ExpectationChangeForm
    identity_fields = ("key", "environment")
    view_fields = (("key", "environment"), "feature_key", "context", "at", "expected", "note")
    steps = (
        Step(
            name="remove",
            label=_("Remove this promise"),
            command=RemoveExpectation,
            form=ExpectationRemoveForm,
            sentence=_tell_removal,
            danger=True,
            back_to_list=True,
        ),
    )
    list_display = ("key", "feature_key", "who", "at", "expected", "note")
    list_filter = ("environment", "reason")
    search_fields = ("key", "feature_key", "note")
    ordering: ClassVar = ("feature_key", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Expectation]:
        """Return the promises with their scopes."""
        rows: QuerySet[Expectation] = super().get_queryset(request)
        return rows.select_related("app", "environment")

    @admin.display(description=_("Who asks"))
    def who(self, row: Expectation) -> Any:
        """Show the context in one line."""
        words = " ".join(f"{name}={value}" for name, value in sorted(row.context.items()))
        return format_html('<span class="lf-key lf-long" dir="ltr">{}</span>', words)

    @admin.display(description=_("Must get"))
    def expected(self, row: Expectation) -> Any:
        """Show the value and the reason."""
        value = json.dumps(row.value, ensure_ascii=False)
        return format_html(
            '<span class="lf-key lf-long" dir="ltr">{}</span> <span class="lf-dim">{}</span>',
            value,
            row.reason,
        )
