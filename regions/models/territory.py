"""Countries and regions, and the parts of them that rules need."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Territory(models.Model):
    """A country or region with its ISO 3166-1 alpha-2 code; its facts come from CLDR.

    `default_zone` is the IANA zone in which dates of rules begin and end here.
    """

    code = models.CharField(max_length=2, primary_key=True, verbose_name=_("code"))
    alpha3 = models.CharField(max_length=3, unique=True, verbose_name=_("alpha-3 code"))
    default_zone = models.CharField(max_length=64, verbose_name=_("time zone of rules"))
    zones = models.JSONField(default=list, verbose_name=_("time zones"))
    currency = models.CharField(max_length=3, blank=True, verbose_name=_("currency"))

    class Meta:
        """Codes are two capital letters."""

        verbose_name = _("country or region")
        verbose_name_plural = _("countries and regions")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="territory_code_alpha2", condition=Q(code__regex=r"^[A-Z]{2}$")
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Subdivision(models.Model):
    """A part of a territory with its ISO 3166-2 code, where a rule needs one (CA-QC)."""

    code = models.CharField(max_length=6, primary_key=True, verbose_name=_("code"))
    territory = models.ForeignKey(
        Territory,
        on_delete=models.PROTECT,
        related_name="subdivisions",
        verbose_name=_("territory"),
    )
    name = models.CharField(max_length=120, verbose_name=_("name"))

    class Meta:
        """Codes follow ISO 3166-2."""

        verbose_name = _("subdivision")
        verbose_name_plural = _("subdivisions")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="subdivision_code_iso", condition=Q(code__regex=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")
            ),
        ]

    def __str__(self) -> str:
        return self.code
