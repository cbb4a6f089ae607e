"""Which devices can run what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from regions.models import App

UNKNOWN_PLATFORMS = (("off", _("off")), ("on", _("on, unless the feature fails closed")))


class PlatformProfile(models.Model):
    """A named set of least versions; a platform that it does not list is unsupported.

    `unknown_platforms` says what becomes of platforms that no profile and no retirement
    names: a system that came out after the rules were written.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="profiles")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    unknown_platforms = models.CharField(
        max_length=3,
        choices=UNKNOWN_PLATFORMS,
        default="off",
        verbose_name=_("on unknown platforms"),
    )

    class Meta:
        """Each key once per app; known words only."""

        verbose_name = _("platform profile")
        verbose_name_plural = _("platform profiles")
        ordering: ClassVar = ["app", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "key"], name="platform_profile_once"),
            models.CheckConstraint(
                name="platform_profile_unknown_word",
                condition=Q(unknown_platforms__in=[word for word, _label in UNKNOWN_PLATFORMS]),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class PlatformMinimum(models.Model):
    """The least OS and app version on one platform; empty means any."""

    profile = models.ForeignKey(PlatformProfile, on_delete=models.CASCADE, related_name="minimums")
    platform = models.CharField(max_length=40, verbose_name=_("platform"))
    os_version = models.CharField(max_length=40, blank=True, verbose_name=_("least OS version"))
    app_version = models.CharField(max_length=40, blank=True, verbose_name=_("least app version"))

    class Meta:
        """Each platform once per profile."""

        verbose_name = _("least version")
        verbose_name_plural = _("least versions")
        ordering: ClassVar = ["profile", "platform"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["profile", "platform"], name="platform_minimum_once"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.platform}"


class PlatformRetirement(models.Model):
    """A platform that is closed to new users, then off, at local dates of the place."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="retirements")
    platform = models.CharField(max_length=40, verbose_name=_("platform"))
    closed_to_new_date = models.DateField(verbose_name=_("closed to new users on"))
    off_date = models.DateField(null=True, blank=True, verbose_name=_("off on"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))

    class Meta:
        """Each platform once per app; closed before off."""

        verbose_name = _("platform retirement")
        verbose_name_plural = _("platform retirements")
        ordering: ClassVar = ["app", "platform"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "platform"], name="platform_retirement_once"),
            models.CheckConstraint(
                name="platform_retirement_order",
                condition=Q(off_date=None) | Q(closed_to_new_date__lte=F("off_date")),
            ),
            models.CheckConstraint(name="platform_retirement_reasoned", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.platform
