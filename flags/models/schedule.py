"""When features run, in everybody's own local time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import Feature
from regions.governance.models import Environment
from regions.models import App, Market, Territory

ANCHORS = (
    ("account", _("the account's time zone")),
    ("location", _("the phone's time zone")),
)


class Schedule(models.Model):
    """Features that run in windows of local time, on the clock of account or phone.

    With a market only its members are in the group, without one everybody is.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="schedules")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="schedules")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    features = models.ManyToManyField(Feature, related_name="schedules", verbose_name=_("features"))
    anchor = models.CharField(max_length=10, choices=ANCHORS, verbose_name=_("clock"))
    market = models.ForeignKey(
        Market,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("market"),
    )
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    source = models.CharField(max_length=300, blank=True, verbose_name=_("source"))
    review_date = models.DateField(null=True, blank=True, verbose_name=_("review on"))

    class Meta:
        """Each key once per scope; a reason and an owner."""

        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering: ClassVar = ["app", "environment", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "environment", "key"], name="schedule_key_once"),
            models.CheckConstraint(
                name="schedule_anchor_known",
                condition=Q(anchor__in=[word for word, _label in ANCHORS]),
            ),
            models.CheckConstraint(name="schedule_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="schedule_owned", condition=~Q(owner="")),
        ]

    def __str__(self) -> str:
        return self.key


class ScheduleWindow(models.Model):
    """A window of wall time, `[from, until)`, in a territory or in all without their own.

    A date without a time begins at midnight. What instants these are depends on the zone.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="windows")
    territory = models.ForeignKey(
        Territory,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("country or region"),
    )
    starts_date = models.DateField(null=True, blank=True, verbose_name=_("from"))
    starts_time = models.TimeField(null=True, blank=True, verbose_name=_("from, time of day"))
    ends_date = models.DateField(null=True, blank=True, verbose_name=_("until (excluded)"))
    ends_time = models.TimeField(null=True, blank=True, verbose_name=_("until, time of day"))

    class Meta:
        """Never without any date, no time of day without its date; overlaps are refused."""

        verbose_name = _("window")
        verbose_name_plural = _("windows")
        ordering: ClassVar = ["territory_id", "starts_date", "starts_time"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="schedule_window_dated",
                condition=Q(starts_date__isnull=False) | Q(ends_date__isnull=False),
            ),
            models.CheckConstraint(
                name="schedule_window_times_dated",
                condition=(Q(starts_time=None) | Q(starts_date__isnull=False))
                & (Q(ends_time=None) | Q(ends_date__isnull=False)),
            ),
            models.CheckConstraint(
                name="schedule_window_period",
                condition=Q(starts_date=None)
                | Q(ends_date=None)
                | Q(starts_date__lte=F("ends_date")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory_id or '*'} {self.starts_date or '…'} → {self.ends_date or '…'}"
