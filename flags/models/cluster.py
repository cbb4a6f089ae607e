"""Groups of people that get a feature whole, in a declared order."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import KEY_PATTERN, Feature
from regions.governance.models import Environment
from regions.models import App, Territory


class ClusterRollout(models.Model):
    """The groups of a feature in their order, of which the first `enabled` have it.

    `field` is the context field that names a person's groups. The rollout of a territory
    stands in the place of the one for everywhere.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    feature = models.ForeignKey(
        Feature, on_delete=models.CASCADE, related_name="+", verbose_name=_("feature")
    )
    territory = models.ForeignKey(
        Territory,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("country or region"),
    )
    field = models.CharField(max_length=100, default="clusters", verbose_name=_("context field"))
    order = models.JSONField(default=list, verbose_name=_("groups in order"))
    enabled = models.PositiveSmallIntegerField(default=0, verbose_name=_("enabled groups"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    source = models.CharField(max_length=300, blank=True, verbose_name=_("source"))
    review_date = models.DateField(null=True, blank=True, verbose_name=_("review on"))

    class Meta:
        """Each key once per scope; one rollout of a feature at a place."""

        verbose_name = _("cluster rollout")
        verbose_name_plural = _("cluster rollouts")
        ordering: ClassVar = ["app", "environment", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "environment", "key"], name="cluster_key_once"),
            models.UniqueConstraint(
                fields=["environment", "feature", "territory"], name="cluster_territory_once"
            ),
            models.UniqueConstraint(
                fields=["environment", "feature"],
                condition=Q(territory=None),
                name="cluster_everywhere_once",
            ),
            models.CheckConstraint(name="cluster_key_safe", condition=Q(key__regex=KEY_PATTERN)),
            models.CheckConstraint(name="cluster_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="cluster_owned", condition=~Q(owner="")),
        ]

    def __str__(self) -> str:
        return self.key
