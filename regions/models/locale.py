"""Languages of people, and which of them a territory speaks."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regions.models.territory import Territory

LAST_STEPS = (
    ("source", _("the source language")),
    ("draft", _("a converted draft, then the source language")),
)


class Locale(models.Model):
    """A locale with its canonical BCP 47 tag (zh-Hant-HK).

    `parent` overrides the parent that CLDR gives; `last_step` says what is served where
    the whole chain has no text. Raw Simplified text is never served to Traditional readers.
    """

    tag = models.CharField(max_length=35, unique=True, verbose_name=_("tag"))
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("parent"),
        help_text=_("Only where it differs from CLDR."),
    )
    last_step = models.CharField(
        max_length=10, choices=LAST_STEPS, default="source", verbose_name=_("last step")
    )

    class Meta:
        """Ordered by tag; nobody is their own parent."""

        verbose_name = _("locale")
        verbose_name_plural = _("locales")
        ordering: ClassVar = ["tag"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="locale_not_own_parent", condition=~Q(parent=models.F("id"))
            ),
        ]

    def __str__(self) -> str:
        return self.tag


class TerritoryLocale(models.Model):
    """A locale that is offered in a territory, in order of preference."""

    territory = models.ForeignKey(Territory, on_delete=models.CASCADE, related_name="locales")
    locale = models.ForeignKey(Locale, on_delete=models.PROTECT, related_name="territories")
    position = models.PositiveSmallIntegerField(default=0, verbose_name=_("position"))
    official = models.BooleanField(default=False, verbose_name=_("official language"))

    class Meta:
        """Each locale once, each position once."""

        verbose_name = _("locale of a territory")
        verbose_name_plural = _("locales of territories")
        ordering: ClassVar = ["territory_id", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["territory", "locale"], name="territory_locale_once"),
            models.UniqueConstraint(
                fields=["territory", "position"], name="territory_locale_position_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory_id} {self.locale_id}"
