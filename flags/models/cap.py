"""How many people may enrol, where, and who did."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.rule import DatedRule
from regions.governance.models import Environment


class Cap(DatedRule):
    """At most `limit` people; the most specific cap counts.

    `enrolled` is the number of its enrolments, moved by conditional updates only, so that
    no two people ever get the last place. A limit below it is full as well.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    limit = models.PositiveBigIntegerField(verbose_name=_("limit"))
    frees_place = models.BooleanField(default=True, verbose_name=_("who leaves frees a place"))
    enrolled = models.PositiveBigIntegerField(
        default=0, editable=False, verbose_name=_("enrolled people")
    )

    class Meta(DatedRule.Meta):
        """A limit that lets somebody in."""

        verbose_name = _("cap")
        verbose_name_plural = _("caps")
        ordering: ClassVar = ["app", "environment", "bundle", "feature", "territory", "starts_date"]
        constraints: ClassVar = [
            *DatedRule.Meta.constraints,
            models.CheckConstraint(name="%(class)s_limit_given", condition=Q(limit__gte=1)),
        ]

    @property
    def is_full(self) -> bool:
        """Tell whether nobody new gets in."""
        return self.enrolled >= self.limit


class Enrolment(models.Model):
    """A person's place under a cap, known by a keyed digest: no id is kept.

    `left_at` is set for a person who left where leaving frees no place: the place stays
    theirs, and counted.
    """

    cap = models.ForeignKey(Cap, on_delete=models.CASCADE, related_name="enrolments")
    person = models.CharField(max_length=64, editable=False, verbose_name=_("person"))
    enrolled_at = models.DateTimeField(verbose_name=_("enrolled at"))
    left_at = models.DateTimeField(null=True, blank=True, verbose_name=_("left at"))

    class Meta:
        """Each person once per cap; never anything but a digest."""

        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering: ClassVar = ["cap", "enrolled_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cap", "person"], name="enrolment_once"),
            models.CheckConstraint(
                name="enrolment_person_digest", condition=Q(person__regex=r"^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return self.person[:12]
