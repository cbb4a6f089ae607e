"""What rules for a feature or a bundle at a place have in common."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import Bundle, Feature
from flags.models.place import AT_MOST_ONE_REGION, Region
from regions.models import App

ONE_TARGET = Q(feature=None, bundle__isnull=False) | Q(feature__isnull=False, bundle=None)


class PlacedRule(Region):
    """A rule for one feature or one bundle at a place, why it is so and who answers for it."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+")
    feature = models.ForeignKey(
        Feature,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("feature"),
    )
    bundle = models.ForeignKey(
        Bundle,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("bundle"),
    )
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    source = models.CharField(max_length=300, blank=True, verbose_name=_("source"))
    review_date = models.DateField(null=True, blank=True, verbose_name=_("review on"))

    class Meta:
        """One target, one place, a reason and an owner; overlaps are refused when setting."""

        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(name="%(class)s_one_target", condition=ONE_TARGET),
            models.CheckConstraint(name="%(class)s_one_place", condition=AT_MOST_ONE_REGION),
            models.CheckConstraint(name="%(class)s_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="%(class)s_owned", condition=~Q(owner="")),
        ]

    def __str__(self) -> str:
        return f"{self.feature or self.bundle} {self.place_key}"

    @property
    def slot_key(self) -> str:
        """Return `pay.card@SG`, under which the audit keeps the rules of a target at a place."""
        return f"{self.feature or self.bundle}@{self.place_key}"


class DatedRule(PlacedRule):
    """A rule that holds in `[starts_date, ends_date)`, local to each territory."""

    starts_date = models.DateField(null=True, blank=True, verbose_name=_("from"))
    ends_date = models.DateField(null=True, blank=True, verbose_name=_("until (excluded)"))

    class Meta(PlacedRule.Meta):
        """Dates in order."""

        abstract = True
        constraints: ClassVar = [
            *PlacedRule.Meta.constraints,
            models.CheckConstraint(
                name="%(class)s_period",
                condition=Q(starts_date=None)
                | Q(ends_date=None)
                | Q(starts_date__lt=F("ends_date")),
            ),
        ]
