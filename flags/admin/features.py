"""Features and bundles."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import (
    SIGNAL_CHOICES,
    SIGNAL_LABELS,
    app_field,
    bundle_field,
    features_field,
    profile_field,
)
from flags.admin.findings import (
    FoundFilter,
    broken_badge,
    is_broken,
    tell_broken,
    tell_in_sdks,
)
from flags.admin.lines import TagsField
from flags.admin.marks import badge, status_badge
from flags.admin.seen import show_seen
from flags.models import Bundle, Feature
from flags.models.feature import (
    FAIL_DIRECTIONS,
    OFFER_BASES,
    OFFER_STATUSES,
    PARTNER_BASES,
    VALUE_TYPES,
)
from flags.operations.features import ArchiveFeature, SetBundle, SetFeature
from flags.queries.findings import FINDINGS_OF_APP
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, ReadOnlyInline, Step


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
    offer_basis = forms.ChoiceField(choices=OFFER_BASES, label=_("Offered by"))
    law_basis = forms.MultipleChoiceField(
        choices=SIGNAL_CHOICES, required=False, label=_("Laws looked at")
    )
    fail_direction = forms.ChoiceField(choices=FAIL_DIRECTIONS, label=_("When a place is unknown"))
    partner_basis = forms.ChoiceField(
        choices=[("", _("no partner")), *PARTNER_BASES],
        required=False,
        label=_("Needs a partner at"),
        help_text=_("Then it is on only where a partner serves the person's city and wallet."),
    )
    default_status = forms.ChoiceField(choices=OFFER_STATUSES, label=_("Status without an offer"))
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


def _tell_archive(row: Feature) -> str:
    return _t(
        "%(key)s leaves everything that is published, in every environment: clients get it as "
        "an unknown feature. Its %(offers)d offers and its history stay."
    ) % {"key": row.key, "offers": row.offers.count()}


@admin.register(Feature)
class FeatureAdmin(CommandAdmin):
    """Features by bundle."""

    change_form_outer_after_template = "landfall/seen.html"
    add_command = change_command = SetFeature
    add_form = FeatureAddForm
    change_form = FeatureChangeForm
    identity_fields = ("key", "told_state", "in_sdks")
    view_fields = (
        ("key", "bundle", "told_state"),
        "in_sdks",
        "description",
        ("owner", "text_key"),
        ("value_type", "off_value"),
        "value_schema",
        ("offer_basis", "laws", "fail_direction"),
        ("default_mark", "profile", "partner_basis"),
        "requires",
        "shown_tags",
    )
    steps = (
        Step(
            name="archive",
            label=_("Archive"),
            command=ArchiveFeature,
            form=ArchiveForm,
            sentence=_tell_archive,
            open_for=lambda row: row.archived_at is None,
            danger=True,
        ),
    )
    list_display = (
        "key",
        "bundle",
        "description",
        "owner",
        "offer_basis",
        "laws",
        "requires",
        "offer_count",
        "state",
    )
    list_filter = (
        "bundle",
        "offer_basis",
        "fail_direction",
        "partner_basis",
        "value_type",
        ("archived_at", admin.EmptyFieldListFilter),
        FoundFilter,
    )
    search_fields = ("key", "description", "owner")
    ordering: ClassVar = ("bundle__position", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feature]:
        """Return the features with counts, requirements and findings, in three queries."""
        rows: QuerySet[Feature] = super().get_queryset(request)
        return (
            rows.select_related("app", "bundle", "profile")
            .prefetch_related("requirements__required", FINDINGS_OF_APP)
            .annotate(offers_found=Count("offers", distinct=True))
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show what people were shown of a feature below its fields."""
        row = self.get_object(request, unquote(object_id)) if object_id else None
        extra = {**(extra_context or {}), "landfall_seen": show_seen(row) if row else None}
        return super().changeform_view(request, object_id, form_url, extra)

    @admin.display(description=_("Laws looked at"))
    def laws(self, row: Feature) -> str:
        """Show the signals whose laws count."""
        return ", ".join(str(SIGNAL_LABELS.get(signal, signal)) for signal in row.law_basis)

    @admin.display(description=_("Tags"))
    def shown_tags(self, row: Feature) -> str:
        """Show its tags with the one of its bundle."""
        return ", ".join([*row.tags, f"bundle:{row.bundle.key}"])

    @admin.display(description=_("Requires"))
    def requires(self, row: Feature) -> str:
        """Show the required features."""
        return ", ".join(each.required.key for each in row.requirements.all())

    @admin.display(description=_("Own offers"), ordering="offers_found")
    def offer_count(self, row: Any) -> int:
        """Show how many offers name this very feature."""
        return int(row.offers_found)

    @admin.display(description=_("Status without an offer"))
    def default_mark(self, row: Feature) -> Any:
        """Show the status where no offer speaks."""
        return status_badge(row.default_status)

    @admin.display(description=_("State"), ordering="archived_at")
    def state(self, row: Feature) -> Any:
        """Show whether it is in use, broken or archived."""
        if row.archived_at is not None:
            return badge("not-offered", _("Archived"))
        return broken_badge() if is_broken(row) else badge("live", _("In use"))

    @admin.display(description=_("State"))
    def told_state(self, row: Feature) -> Any:
        """Show the state, with the sentence of why a broken feature is off."""
        broken = tell_broken(row) if row.archived_at is None else ""
        return broken or self.state(row)

    @admin.display(description=_("In backend SDKs"))
    def in_sdks(self, row: Feature) -> Any:
        """Show where SDKs that evaluate by themselves are stricter than the engine."""
        return tell_in_sdks(row) if row.archived_at is None else ""


class BundleChangeForm(CommandForm):
    """All of a bundle but its key."""

    name = forms.CharField(max_length=120, label=_("Name"))
    description = forms.CharField(max_length=500, required=False, label=_("Description"))
    position = forms.IntegerField(
        min_value=0, max_value=32_767, initial=0, label=_("Position on the board")
    )

    def build(self) -> SetBundle:
        """Return the bundle as it shall be."""
        row: Bundle = self.instance
        return SetBundle(app=row.app.key, key=row.key, **self.cleaned_data)


class BundleAddForm(BundleChangeForm):
    """A new bundle."""

    app = app_field()
    key = forms.CharField(max_length=100, label=_("Key"))
    field_order = ("app", "key", "name")

    def build(self) -> SetBundle:
        """Return the new bundle."""
        return SetBundle(**self.cleaned_data)


class FeatureInline(ReadOnlyInline):
    """The features of a bundle."""

    model = Feature
    fields = ("key", "description", "owner", "offer_basis")
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feature]:
        """Return those in use."""
        rows: QuerySet[Feature] = super().get_queryset(request)
        return rows.filter(archived_at=None)


@admin.register(Bundle)
class BundleAdmin(CommandAdmin):
    """Bundles in the order of the board."""

    add_command = change_command = SetBundle
    add_form = BundleAddForm
    change_form = BundleChangeForm
    identity_fields = ("key",)
    view_fields = (("key", "name", "position"), "description")
    inlines = (FeatureInline,)
    list_display = ("name", "key", "description", "feature_count", "position")
    search_fields = ("key", "name", "description")
    ordering: ClassVar = ("app", "position", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bundle]:
        """Return the bundles with the number of their features."""
        rows: QuerySet[Bundle] = super().get_queryset(request)
        in_use = Count("features", filter=Q(features__archived_at=None))
        return rows.select_related("app").annotate(features_found=in_use)

    @admin.display(description=_("Features"), ordering="features_found")
    def feature_count(self, row: Any) -> int:
        """Show how many features are in use."""
        return int(row.features_found)
