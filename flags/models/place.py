"""The place that a rule speaks of."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regions.models import Market, Subdivision, Territory

AT_MOST_ONE_PLACE = (
    Q(territory=None, market=None)
    | Q(territory=None, subdivision=None)
    | Q(market=None, subdivision=None)
)
AT_MOST_ONE_REGION = Q(territory=None) | Q(market=None)


class Region(models.Model):
    """A territory, a market, or everywhere when neither is set."""

    territory = models.ForeignKey(
        Territory,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("country or region"),
    )
    market = models.ForeignKey(
        Market,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("market"),
    )

    class Meta:
        """Only a part of other rows."""

        abstract = True

    @property
    def place_key(self) -> str:
        """Return `SG`, `market:EEA` or `*`."""
        if self.territory_id:
            return str(self.territory_id)
        return f"market:{self.market.key}" if self.market else "*"


class Place(Region):
    """A subdivision, a territory, a market, or everywhere when none is set."""

    subdivision = models.ForeignKey(
        Subdivision,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("subdivision"),
    )

    class Meta:
        """Only a part of other rows."""

        abstract = True

    @property
    def place_key(self) -> str:
        """Return `CA-QC`, `SG`, `market:EEA` or `*`."""
        return str(self.subdivision_id) if self.subdivision_id else super().place_key
