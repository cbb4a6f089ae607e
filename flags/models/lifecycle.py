"""How features end, where."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from flags.models.rule import PlacedRule
from regions.governance.models import Environment


class LifeCycle(PlacedRule):
    """From one day on no new people, from another on nobody; local to each territory.

    The most specific life cycle counts, so one without a date that has come keeps a
    feature open at a place while it ends elsewhere.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    closed_to_new_date = models.DateField(
        null=True, blank=True, verbose_name=_("closed to new users from")
    )
    sunset_date = models.DateField(null=True, blank=True, verbose_name=_("off for everybody from"))

    class Meta(PlacedRule.Meta):
        """At least one date, in order."""

        verbose_name = _("life cycle")
        verbose_name_plural = _("life cycles")
        ordering: ClassVar = ["app", "environment", "bundle", "feature", "territory"]
        constraints: ClassVar = [
            *PlacedRule.Meta.constraints,
            models.CheckConstraint(
                name="%(class)s_dated",
                condition=Q(closed_to_new_date__isnull=False) | Q(sunset_date__isnull=False),
            ),
            models.CheckConstraint(
                name="%(class)s_order",
                condition=Q(closed_to_new_date=None)
                | Q(sunset_date=None)
                | Q(closed_to_new_date__lte=F("sunset_date")),
            ),
        ]
