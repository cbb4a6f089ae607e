"""Who makes features real at a place."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import Feature
from regions.models import App, Territory

EVERY_CITY = "*"


class Partner(models.Model):
    """A partner in a city, or in all of a territory's when `city` is `*`.

    `wallets` is a list of currencies; without any, every wallet is accepted. Dates and
    times of day are those of the territory, `[from, until)`; a date without a time begins
    at midnight. What a person must bring are constraints that point here.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="partners")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    features = models.ManyToManyField(Feature, related_name="partners", verbose_name=_("features"))
    territory = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="+", verbose_name=_("country or region")
    )
    city = models.CharField(max_length=100, default=EVERY_CITY, verbose_name=_("city"))
    wallets = models.JSONField(default=list, blank=True, verbose_name=_("wallets accepted"))
    starts_date = models.DateField(null=True, blank=True, verbose_name=_("from"))
    starts_time = models.TimeField(null=True, blank=True, verbose_name=_("from, time of day"))
    ends_date = models.DateField(null=True, blank=True, verbose_name=_("until (excluded)"))
    ends_time = models.TimeField(null=True, blank=True, verbose_name=_("until, time of day"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    source = models.CharField(max_length=300, blank=True, verbose_name=_("source"))
    review_date = models.DateField(null=True, blank=True, verbose_name=_("review on"))

    class Meta:
        """Each key once per app; a city, a reason and an owner; no time of day without its date."""

        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering: ClassVar = ["app", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "key"], name="partner_key_once"),
            models.CheckConstraint(name="partner_named", condition=~Q(name="")),
            models.CheckConstraint(name="partner_somewhere", condition=~Q(city="")),
            models.CheckConstraint(name="partner_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="partner_owned", condition=~Q(owner="")),
            models.CheckConstraint(
                name="partner_times_dated",
                condition=(Q(starts_time=None) | Q(starts_date__isnull=False))
                & (Q(ends_time=None) | Q(ends_date__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.key
