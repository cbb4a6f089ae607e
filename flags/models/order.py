"""Legal orders: blocks with a life of their own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import Bundle, Feature
from flags.models.place import AT_MOST_ONE_PLACE, Place
from regions.models import App

ORDER_STATES = (
    ("drafted", _("drafted")),
    ("scheduled", _("scheduled")),
    ("in-force", _("in force")),
    ("stopped", _("stopped by a court")),
    ("lifted", _("lifted")),
)


class LegalOrder(Place):
    """A block of features or bundles at a place; of the whole app when it names none.

    A scheduled order blocks from `effective_date`, local to the place, whatever happens to
    the control plane; a stopped or lifted one never blocks. Two people decide.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="orders")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    features = models.ManyToManyField(
        Feature, related_name="orders", blank=True, verbose_name=_("features")
    )
    bundles = models.ManyToManyField(
        Bundle, related_name="orders", blank=True, verbose_name=_("bundles")
    )
    state = models.CharField(
        max_length=20, choices=ORDER_STATES, default="drafted", verbose_name=_("state")
    )
    state_since_at = models.DateTimeField(verbose_name=_("in this state since"))
    issued_date = models.DateField(null=True, blank=True, verbose_name=_("issued on"))
    effective_date = models.DateField(null=True, blank=True, verbose_name=_("effective on"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    source = models.CharField(max_length=300, blank=True, verbose_name=_("source"))
    drafted_by = models.CharField(max_length=150, verbose_name=_("drafted by"))

    class Meta:
        """Each key once per app; an effective date before it blocks."""

        verbose_name = _("legal order")
        verbose_name_plural = _("legal orders")
        ordering: ClassVar = ["app", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "key"], name="legal_order_key_once"),
            models.CheckConstraint(name="legal_order_one_place", condition=AT_MOST_ONE_PLACE),
            models.CheckConstraint(name="legal_order_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="legal_order_owned", condition=~Q(owner="")),
            models.CheckConstraint(
                name="legal_order_state_known",
                condition=Q(state__in=[word for word, _label in ORDER_STATES]),
            ),
            models.CheckConstraint(
                name="legal_order_dated",
                condition=Q(state="drafted") | Q(effective_date__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key
