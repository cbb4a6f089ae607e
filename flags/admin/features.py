"""Features and bundles."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import SIGNAL_LABELS, app_field
from flags.admin.feature_forms import ArchiveForm, FeatureAddForm, FeatureChangeForm
from flags.admin.findings import (
    FoundFilter,
    broken_badge,
    is_broken,
    tell_broken,
    tell_in_sdks,
)
from flags.admin.marks import badge, status_badge
from flags.admin.seen import show_seen
from flags.models import Bundle, Feature, Offer
from flags.operations.features import ArchiveFeature, SetBundle, SetFeature
from flags.queries.findings import FINDINGS_OF_APP
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, ReadOnlyInline, Step
from regions.governance.execute import Receipt
from regions.governance.models import Environment


def _tell_archive(row: Feature) -> str:
    return _t(
        "%(key)s leaves everything that is published, in every environment: clients get it as "
        "an unknown feature. Its %(offers)d offers and its history stay."
    ) % {"key": row.key, "offers": row.offers.count()}


def tell_where(row: Feature) -> str:
    """Say of a feature that was just added where people get it now."""
    if row.offer_basis == "none":
        return _t("%(key)s is on everywhere, in every environment.") % {"key": row.key}
    offers = Offer.objects.filter(Q(feature=row) | Q(bundle=row.bundle), status="live")
    if row.default_status == "live":
        words = _t(
            "%(key)s is on at once, in every environment and wherever no offer says otherwise."
        )
        return words % {"key": row.key}
    offered = Environment.objects.filter(offers__in=offers).distinct()
    if not offered:
        return _t("%(key)s is on nowhere until somebody offers it.") % {"key": row.key}
    return _t("%(key)s is on where %(bundle)s is offered: %(environments)s.") % {
        "key": row.key,
        "bundle": row.bundle.name,
        "environments": ", ".join(str(environment) for environment in offered),
    }


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

    class Media:
        """The script of the form."""

        js = ("landfall/feature.js",)

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

    def respond_done(self, request: HttpRequest, form: Any, receipt: Receipt) -> HttpResponse:
        """Say of a new feature where it is on: that is nobody's choice yet."""
        answer = super().respond_done(request, form, receipt)
        if form.instance is None and receipt.changed:
            values = form.cleaned_data
            row = Feature.objects.select_related("bundle").get(
                app__key=values["app"], key=values["key"]
            )
            messages.info(request, tell_where(row))
        return answer

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
