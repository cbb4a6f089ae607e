"""Kill switches: they beat everything and wait for nobody."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import Bundle, Feature
from flags.models.rule import ONE_TARGET
from regions.governance.models import Environment
from regions.models import App, Territory


class KillSwitch(models.Model):
    """A feature or bundle x territory x platform that is off at once.

    Without territory it holds everywhere, without platform on every platform.
    `expires_at` asks for a decision; nothing turns on again by itself.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="kills")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="kills")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    feature = models.ForeignKey(
        Feature,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="kills",
        verbose_name=_("feature"),
    )
    bundle = models.ForeignKey(
        Bundle,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="kills",
        verbose_name=_("bundle"),
    )
    territory = models.ForeignKey(
        Territory,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("country or region"),
    )
    platform = models.CharField(max_length=40, blank=True, verbose_name=_("platform"))
    since_at = models.DateTimeField(verbose_name=_("since"))
    expires_at = models.DateTimeField(verbose_name=_("decide by"))
    reason = models.CharField(max_length=500, verbose_name=_("reason"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    released_at = models.DateTimeField(null=True, blank=True, verbose_name=_("released at"))
    released_by = models.CharField(max_length=150, blank=True, verbose_name=_("released by"))

    class Meta:
        """Each key once per scope; one target, a reason, an owner."""

        verbose_name = _("kill switch")
        verbose_name_plural = _("kill switches")
        ordering: ClassVar = ["-since_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "environment", "key"], name="kill_key_once"),
            models.CheckConstraint(name="kill_one_target", condition=ONE_TARGET),
            models.CheckConstraint(name="kill_reasoned", condition=~Q(reason="")),
            models.CheckConstraint(name="kill_owned", condition=~Q(owner="")),
        ]

    def __str__(self) -> str:
        return self.key
