"""Unleash's words: strategies, constraints, segments and variants."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.feature import Feature
from flags.models.partner import Partner
from regions.governance.models import Environment
from regions.models import App

STRATEGIES = ("default", "flexibleRollout", "userWithId", "remoteAddress")
PAYLOAD_TYPES = (
    ("string", _("text")),
    ("json", _("JSON")),
    ("csv", _("CSV")),
    ("number", _("number")),
)


class Segment(models.Model):
    """Named constraints that several strategies share; its row id is the id on the wire."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="segments")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    description = models.CharField(max_length=500, blank=True, verbose_name=_("description"))

    class Meta:
        """Each key once per app."""

        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering: ClassVar = ["app", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "key"], name="segment_key_once"),
        ]

    def __str__(self) -> str:
        return self.key


class Strategy(models.Model):
    """One way to be on; a feature is on where the first of its strategies holds.

    A feature without strategies is on wherever its other gates are open.
    `parameters` holds texts only, as Unleash sends them.
    """

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="strategies")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(verbose_name=_("position"))
    name = models.CharField(
        max_length=40, choices=[(name, name) for name in STRATEGIES], verbose_name=_("strategy")
    )
    title = models.CharField(max_length=120, blank=True, verbose_name=_("title"))
    parameters = models.JSONField(default=dict, verbose_name=_("parameters"))
    segments = models.ManyToManyField(
        Segment, related_name="strategies", blank=True, verbose_name=_("segments")
    )

    class Meta:
        """Each position once per feature and environment."""

        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        ordering: ClassVar = ["feature", "environment", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["feature", "environment", "position"], name="strategy_position_once"
            ),
            models.CheckConstraint(name="strategy_known", condition=Q(name__in=STRATEGIES)),
        ]

    def __str__(self) -> str:
        return self.title or self.name


class Constraint(models.Model):
    """One condition of a strategy, a segment or a partner; all of them must hold."""

    strategy = models.ForeignKey(
        Strategy, null=True, blank=True, on_delete=models.CASCADE, related_name="constraints"
    )
    segment = models.ForeignKey(
        Segment, null=True, blank=True, on_delete=models.CASCADE, related_name="constraints"
    )
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.CASCADE, related_name="requirements"
    )
    position = models.PositiveSmallIntegerField(default=0, verbose_name=_("position"))
    context_name = models.CharField(max_length=100, verbose_name=_("context field"))
    operator = models.CharField(max_length=30, verbose_name=_("operator"))
    values = models.JSONField(default=list, verbose_name=_("values"))
    value = models.CharField(max_length=512, blank=True, verbose_name=_("value"))
    inverted = models.BooleanField(default=False, verbose_name=_("inverted"))
    case_insensitive = models.BooleanField(default=False, verbose_name=_("ignore case"))

    class Meta:
        """A constraint belongs to one strategy, one segment or one partner."""

        verbose_name = _("constraint")
        verbose_name_plural = _("constraints")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="constraint_one_home",
                condition=Q(strategy=None, segment__isnull=False, partner=None)
                | Q(strategy__isnull=False, segment=None, partner=None)
                | Q(strategy=None, segment=None, partner__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.context_name} {self.operator}"


class Variant(models.Model):
    """One of the values that a strategy hands out; weights are permille."""

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveSmallIntegerField(default=0, verbose_name=_("position"))
    name = models.CharField(max_length=100, verbose_name=_("name"))
    weight = models.PositiveSmallIntegerField(verbose_name=_("weight, ‰"))
    payload_type = models.CharField(
        max_length=10, blank=True, choices=PAYLOAD_TYPES, verbose_name=_("payload type")
    )
    payload_value = models.TextField(blank=True, verbose_name=_("payload"))

    class Meta:
        """Each name once per strategy; weights up to 1000."""

        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["strategy", "name"], name="variant_name_once"),
            models.CheckConstraint(name="variant_weight_permille", condition=Q(weight__lte=1000)),
        ]

    def __str__(self) -> str:
        return self.name
