"""What is offered where."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import LAW_SIGNALS, OFFER_STATUSES, Bundle, Feature
from flags.models.place import AT_MOST_ONE_PLACE, Place
from flags.models.rule import ONE_TARGET
from regions.governance.models import Environment
from regions.models import App

BASES = [(signal, signal) for signal in LAW_SIGNALS]


class Offer(Place):
    """A feature or bundle at a place, with the status that it has there and why.

    Dates are local to each territory, `[starts_date, ends_date)`. `basis` is given where
    it is not the feature's own; `rollout` is a percentage on top of targeting.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="offers")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="offers")
    feature = models.ForeignKey(
        Feature,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="offers",
        verbose_name=_("feature"),
    )
    bundle = models.ForeignKey(
        Bundle,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="offers",
        verbose_name=_("bundle"),
    )
    basis = models.CharField(max_length=20, blank=True, choices=BASES, verbose_name=_("basis"))
    platform = models.CharField(max_length=40, blank=True, verbose_name=_("platform"))
    status = models.CharField(max_length=20, choices=OFFER_STATUSES, verbose_name=_("status"))
    starts_date = models.DateField(null=True, blank=True, verbose_name=_("from"))
    ends_date = models.DateField(null=True, blank=True, verbose_name=_("until (excluded)"))
    rollout = models.PositiveSmallIntegerField(null=True, blank=True, verbose_name=_("rollout, %"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    source = models.CharField(max_length=300, blank=True, verbose_name=_("source"))
    review_date = models.DateField(null=True, blank=True, verbose_name=_("review on"))

    class Meta:
        """One target, one place, a reason and an owner; overlaps are refused when setting."""

        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering: ClassVar = ["app", "environment", "bundle", "feature", "territory", "starts_date"]
        constraints: ClassVar = [
            models.CheckConstraint(name="offer_one_target", condition=ONE_TARGET),
            models.CheckConstraint(name="offer_one_place", condition=AT_MOST_ONE_PLACE),
            models.CheckConstraint(name="offer_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="offer_owned", condition=~Q(owner="")),
            models.CheckConstraint(
                name="offer_status_known",
                condition=Q(status__in=[word for word, _label in OFFER_STATUSES]),
            ),
            models.CheckConstraint(
                name="offer_rollout_percent", condition=Q(rollout=None) | Q(rollout__lte=100)
            ),
            models.CheckConstraint(
                name="offer_period",
                condition=Q(starts_date=None)
                | Q(ends_date=None)
                | Q(starts_date__lt=F("ends_date")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature or self.bundle} {self.place_key}"
