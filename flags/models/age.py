"""How old people must be, where."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.rule import DatedRule

AGE_MAX = 150


class AgeRule(DatedRule):
    """The least age in whole years; the most specific rule counts, and 0 asks for none."""

    minimum = models.PositiveSmallIntegerField(verbose_name=_("least age"))

    class Meta(DatedRule.Meta):
        """An age that a person can have."""

        verbose_name = _("age rule")
        verbose_name_plural = _("age rules")
        ordering: ClassVar = ["app", "bundle", "feature", "territory", "starts_date"]
        constraints: ClassVar = [
            *DatedRule.Meta.constraints,
            models.CheckConstraint(
                name="%(class)s_minimum_years", condition=Q(minimum__lte=AGE_MAX)
            ),
        ]
