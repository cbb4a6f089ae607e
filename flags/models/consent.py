"""What people must have agreed to, where."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from flags.models.rule import DatedRule


class ConsentRule(DatedRule):
    """A consent, by the name that apps send in `consents`; every rule that holds counts."""

    consent = models.CharField(max_length=100, verbose_name=_("consent"))

    class Meta(DatedRule.Meta):
        """A consent with a name."""

        verbose_name = _("consent rule")
        verbose_name_plural = _("consent rules")
        ordering: ClassVar = ["app", "bundle", "feature", "territory", "consent", "starts_date"]
        constraints: ClassVar = [
            *DatedRule.Meta.constraints,
            models.CheckConstraint(name="%(class)s_named", condition=~Q(consent="")),
        ]
