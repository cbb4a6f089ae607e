"""What the end-to-end probe measured."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProbeResult(models.Model):
    """One measurement: seconds from the commit of a change until a client had it.

    `seconds` is None when the client did not have it in time; `trouble` then says in one or
    two sentences how far the change came. Old rows are deleted.
    """

    at = models.DateTimeField(db_index=True, verbose_name=_("at"))
    environment_key = models.CharField(max_length=40, verbose_name=_("environment"))
    seconds = models.FloatField(null=True, verbose_name=_("seconds"))
    trouble = models.TextField(blank=True, verbose_name=_("what was seen"))

    class Meta:
        """Newest first."""

        verbose_name = _("probe result")
        verbose_name_plural = _("probe results")
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return self.trouble or f"{self.seconds} s"
