"""Forms about features: a new one is off until somebody offers it."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    SIGNAL_CHOICES,
    app_field,
    bundle_field,
    features_field,
    profile_field,
)
from flags.admin.lines import TagsField
from flags.models import Feature
from flags.models.feature import (
    FAIL_DIRECTIONS,
    OFFER_BASES,
    OFFER_STATUSES,
    PARTNER_BASES,
    VALUE_TYPES,
)
from flags.operations.features import ArchiveFeature, SetFeature
from regions.governance.admin_forms import CommandForm


class SchemaField(forms.JSONField):
    """JSON that is shown on lines of its own, as people write schemas."""

    def prepare_value(self, value: Any) -> Any:
        """Return the text; what was typed and cannot be read stays as it is."""
        if isinstance(value, dict):
            return json.dumps(value, indent=2, ensure_ascii=False)
        return super().prepare_value(value)


class FeatureChangeForm(CommandForm):
    """All of a feature but its key, which clients know it by."""

    bundle = bundle_field(required=True)
    description = forms.CharField(max_length=500, label=_("Description"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    value_type = forms.ChoiceField(choices=VALUE_TYPES, label=_("Value type"))
    off_value = forms.JSONField(
        required=False,
        widget=forms.TextInput,
        initial=False,
        label=_("Value when off (JSON)"),
        help_text=_(
            'What clients get while a gate is closed: false, "text", 0, 0.5, {} or []. All values '
            "of a feature are of its type; a number always has a point for clients, a whole "
            "number never."
        ),
    )
    value_schema = SchemaField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "dir": "ltr", "spellcheck": "false"}),
        initial=dict,
        label=_("Schema of values (JSON)"),
        help_text=_(
            "For values of type JSON: a JSON Schema (draft 2020-12) that every value has to fit, "
            "or {} for any. Values that do not are refused when they are saved."
        ),
    )
    offer_basis = forms.ChoiceField(
        choices=OFFER_BASES,
        label=_("Offered by"),
        help_text=_(
            "Which country or region an offer has to name. Everywhere: no offer is asked for, so"
            " it is on at once wherever no law or rule is against it."
        ),
    )
    law_basis = forms.MultipleChoiceField(
        choices=SIGNAL_CHOICES,
        required=False,
        label=_("Laws looked at"),
        help_text=_(
            "It is off where any of these places blocks it by law. None: such blocks do not"
            " concern it."
        ),
    )
    fail_direction = forms.ChoiceField(
        choices=FAIL_DIRECTIONS,
        initial="closed",
        label=_("When a place is unknown"),
        help_text=_(
            "What happens to people of whom a place is not known that an offer or a law asks for."
        ),
    )
    partner_basis = forms.ChoiceField(
        choices=[("", _("no partner")), *PARTNER_BASES],
        required=False,
        label=_("Needs a partner at"),
        help_text=_("Then it is on only where a partner serves the person's city and wallet."),
    )
    default_status = forms.ChoiceField(
        choices=OFFER_STATUSES,
        initial="not-offered",
        label=_("Status without an offer"),
        help_text=_(
            "What holds wherever no offer speaks, in every environment. With “live” it is on at"
            " once, in production too."
        ),
    )
    profile = profile_field()
    requires = features_field(_("Requires"))
    text_key = forms.CharField(max_length=200, required=False, label=_("Text shown while off"))
    tags = TagsField()

    @classmethod
    def read(cls, instance: Feature) -> dict[str, Any]:
        """Return the stored feature as keys."""
        return {
            **super().read(instance),
            "bundle": instance.bundle.key,
            "profile": instance.profile.key if instance.profile else "",
            "requires": [row.required.key for row in instance.requirements.all()],
        }

    def values(self) -> dict[str, Any]:
        """Return the cleaned values as the command wants them."""
        values = dict(self.cleaned_data)
        if values["off_value"] is None and values["value_type"] == "boolean":
            values["off_value"] = False
        values["value_schema"] = values["value_schema"] or {}
        return {**values, "law_basis": tuple(values["law_basis"])}

    def build(self) -> SetFeature:
        """Return the feature as it shall be."""
        row: Feature = self.instance
        return SetFeature(app=row.app.key, key=row.key, **self.values())


class FeatureAddForm(FeatureChangeForm):
    """A new feature."""

    app = app_field()
    key = forms.CharField(
        max_length=100,
        label=_("Key"),
        help_text=_("Small letters, digits, dots and dashes, such as wallet.p2p-transfer."),
    )
    field_order = ("app", "key", "bundle", "description", "owner")

    def build(self) -> SetFeature:
        """Return the new feature."""
        return SetFeature(**self.values())


class ArchiveForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> ArchiveFeature:
        """Return the archiving of this feature."""
        return ArchiveFeature(app=self.instance.app.key, key=self.instance.key)
