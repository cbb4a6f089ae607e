"""Product editions whose variants are managed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regions.models.territory import Territory


class App(models.Model):
    """One product edition; it is the Unleash project on the wire."""

    key = models.CharField(max_length=40, unique=True, verbose_name=_("key"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    home_territory = models.ForeignKey(
        Territory,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("home"),
    )
    platforms = models.JSONField(default=list, verbose_name=_("platforms"))
    territories = models.ManyToManyField(
        Territory, related_name="apps", blank=True, verbose_name=_("countries and regions")
    )

    class Meta:
        """Keys are safe in a token and in an address."""

        verbose_name = _("app")
        verbose_name_plural = _("apps")
        ordering: ClassVar = ["key"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="app_key_safe", condition=Q(key__regex=r"^[a-z][a-z0-9-]*$")
            ),
        ]

    def __str__(self) -> str:
        return self.name
