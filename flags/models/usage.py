"""How often what was shown, by the hour; nobody by name."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from regions.governance.models import Environment
from regions.models import App

SOURCES = (
    ("sdk", _("counted by SDKs")),
    ("server", _("answered by the server")),
)


class HourlyUsage(models.Model):
    """A count of one hour by feature, variant, place, reason and platform.

    `feature` is a key, not a row: counts outlive what they were counted of, and `(unknown)`
    and `(other)` are none. Counts of the two sources are of the same people: they are never
    added up.
    """

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", verbose_name=_("environment")
    )
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+", verbose_name=_("app"))
    feature = models.CharField(max_length=100, verbose_name=_("feature"))
    hour = models.DateTimeField(db_index=True, verbose_name=_("hour"))
    source = models.CharField(max_length=10, choices=SOURCES, verbose_name=_("source"))
    territory = models.CharField(max_length=10, blank=True, verbose_name=_("country or region"))
    variant = models.CharField(max_length=100, blank=True, verbose_name=_("variant"))
    reason = models.CharField(max_length=40, blank=True, verbose_name=_("reason"))
    platform = models.CharField(max_length=40, blank=True, verbose_name=_("platform"))
    count = models.PositiveBigIntegerField(verbose_name=_("count"))

    class Meta:
        """One row for each combination; newest first."""

        verbose_name = _("hourly count")
        verbose_name_plural = _("hourly counts")
        ordering: ClassVar = ["-hour", "app", "feature"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="hourly_usage_once",
                fields=[
                    *("app", "feature", "hour", "environment", "source"),
                    *("territory", "variant", "reason", "platform"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature} {self.hour:%Y-%m-%d %H}"


class FoldedBatch(models.Model):
    """A batch of counts that is in the rows, so that it never gets there twice."""

    name = models.CharField(max_length=200, unique=True, editable=False)
    folded_at = models.DateTimeField()

    class Meta:
        """Named by who took it."""

        verbose_name = _("folded batch")
        verbose_name_plural = _("folded batches")

    def __str__(self) -> str:
        return self.name
