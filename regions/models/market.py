"""Named groups of territories."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from regions.models.territory import Territory


class Market(models.Model):
    """A named group of territories; where two overlap, the higher priority decides."""

    key = models.CharField(max_length=100, unique=True, verbose_name=_("key"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    priority = models.PositiveSmallIntegerField(
        unique=True, verbose_name=_("priority"), help_text=_("The higher number decides.")
    )
    note = models.CharField(max_length=500, blank=True, verbose_name=_("note"))

    class Meta:
        """Highest priority first."""

        verbose_name = _("market")
        verbose_name_plural = _("markets")
        ordering: ClassVar = ["-priority"]

    def __str__(self) -> str:
        return self.name


class MarketMember(models.Model):
    """A territory in a market, from `starts_date` (included) until `ends_date` (excluded)."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="members")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="memberships")
    starts_date = models.DateField(null=True, blank=True, verbose_name=_("from"))
    ends_date = models.DateField(null=True, blank=True, verbose_name=_("until (excluded)"))

    class Meta:
        """One row per territory and start; a period is never empty."""

        verbose_name = _("market member")
        verbose_name_plural = _("market members")
        ordering: ClassVar = ["territory_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["market", "territory", "starts_date"],
                name="market_member_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="market_member_period",
                condition=Q(starts_date=None)
                | Q(ends_date=None)
                | Q(starts_date__lt=F("ends_date")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market_id} {self.territory_id}"
