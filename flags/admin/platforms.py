"""Platforms: profiles with least versions, and retirements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import app_field, one_platform_field
from flags.admin.lines import MinimumsField, tell_minimums
from flags.models import PlatformMinimum, PlatformProfile, PlatformRetirement
from flags.models.platform import UNKNOWN_PLATFORMS
from flags.operations.platforms import (
    RemovePlatformRetirement,
    SetPlatformProfile,
    SetPlatformRetirement,
)
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin, ReadOnlyInline, Step


class ProfileChangeForm(CommandForm):
    """The platforms of a profile, and what becomes of those that nobody named."""

    minimums = MinimumsField(
        label=_("Platforms with least versions"),
        help_text=_(
            "One a line: platform, least OS version, least app version, such as ios 15 8.0.50. "
            "A dash asks nothing. Platforms that are not listed are unsupported."
        ),
    )
    unknown_platforms = forms.ChoiceField(
        choices=UNKNOWN_PLATFORMS,
        label=_("On unknown platforms"),
        help_text=_("Platforms that no profile and no retirement of the app names."),
    )

    @classmethod
    def read(cls, instance: PlatformProfile) -> dict[str, Any]:
        """Return the stored profile as it would be typed."""
        return {**super().read(instance), "minimums": tell_minimums(instance.minimums.all())}

    def build(self) -> SetPlatformProfile:
        """Return the profile as it shall be."""
        row: PlatformProfile = self.instance
        return SetPlatformProfile(app=row.app.key, key=row.key, **self.cleaned_data)


class ProfileAddForm(ProfileChangeForm):
    """A new profile."""

    app = app_field()
    key = forms.CharField(max_length=100, label=_("Key"))
    field_order = ("app", "key")

    def build(self) -> SetPlatformProfile:
        """Return the new profile."""
        return SetPlatformProfile(**self.cleaned_data)


class MinimumInline(ReadOnlyInline):
    """The least versions of a profile."""

    model = PlatformMinimum
    fields = ("platform", "os_version", "app_version")
    readonly_fields = fields


@admin.register(PlatformProfile)
class PlatformProfileAdmin(CommandAdmin):
    """Profiles; a platform that a profile does not list is unsupported."""

    add_command = change_command = SetPlatformProfile
    add_form = ProfileAddForm
    change_form = ProfileChangeForm
    identity_fields = ("key", "used_by")
    view_fields = (("key", "unknown_platforms", "used_by"),)
    inlines = (MinimumInline,)
    list_display = ("key", "minimums_line", "unknown_platforms", "used_by")
    search_fields = ("key",)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Show the versions as rows to people who only look; others have them in the form."""
        return () if self.has_change_permission(request, obj) else self.inlines

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlatformProfile]:
        """Return the profiles with their versions and the number of their features."""
        rows: QuerySet[PlatformProfile] = super().get_queryset(request)
        in_use = Count("features", filter=Q(features__archived_at=None), distinct=True)
        return (
            rows.select_related("app").prefetch_related("minimums").annotate(features_found=in_use)
        )

    @admin.display(description=_("Least versions"))
    def minimums_line(self, row: PlatformProfile) -> str:
        """Show platform and least OS version of each."""
        return ", ".join(
            f"{each.platform} {each.os_version}".strip() for each in row.minimums.all()
        )

    @admin.display(description=_("Features"), ordering="features_found")
    def used_by(self, row: Any) -> int:
        """Show how many features use it."""
        return int(row.features_found)


class RetirementChangeForm(CommandForm):
    """When a platform goes, and why."""

    closed_to_new_date = forms.DateField(label=_("Closed to new users on"))
    off_date = forms.DateField(
        required=False, label=_("Off on"), help_text=_("None: those who are there stay.")
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))

    def build(self) -> SetPlatformRetirement:
        """Return the retirement as it shall be."""
        row: PlatformRetirement = self.instance
        return SetPlatformRetirement(app=row.app.key, platform=row.platform, **self.cleaned_data)


class RetirementAddForm(RetirementChangeForm):
    """A new retirement."""

    app = app_field()
    platform = one_platform_field()
    field_order = ("app", "platform")

    def build(self) -> SetPlatformRetirement:
        """Return the new retirement."""
        return SetPlatformRetirement(**self.cleaned_data)


class StayForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RemovePlatformRetirement:
        """Return the end of this retirement."""
        row: PlatformRetirement = self.instance
        return RemovePlatformRetirement(app=row.app.key, platform=row.platform)


def _tell_stay(row: PlatformRetirement) -> str:
    return _t("%(platform)s is no longer retired: every profile that lists it holds again.") % {
        "platform": row.platform
    }


@admin.register(PlatformRetirement)
class PlatformRetirementAdmin(CommandAdmin):
    """Platforms that go."""

    add_command = change_command = SetPlatformRetirement
    add_form = RetirementAddForm
    change_form = RetirementChangeForm
    identity_fields = ("platform",)
    view_fields = ("platform", ("closed_to_new_date", "off_date"), "reason")
    steps = (
        Step(
            name="stay",
            label=_("Let it stay"),
            command=RemovePlatformRetirement,
            form=StayForm,
            sentence=_tell_stay,
            back_to_list=True,
        ),
    )
    list_display = ("platform", "closed_to_new_date", "off_date", "reason")
    list_select_related = ("app",)
    search_fields = ("platform", "reason")
