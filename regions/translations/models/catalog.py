"""What is to be translated."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from regions.models import Locale


class Component(models.Model):
    """One catalog: `locale/<tag>/LC_MESSAGES/<key>.po` in every locale that has it."""

    key = models.SlugField(max_length=60, unique=True, verbose_name=_("key"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    source_locale = models.ForeignKey(
        Locale, on_delete=models.PROTECT, related_name="+", verbose_name=_("source language")
    )

    class Meta:
        """Ordered by key."""

        verbose_name = _("component")
        verbose_name_plural = _("components")
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One message of a component; clients ask for it by `key` (the catalog's msgctxt).

    `source` is the msgid, `source_plural` the msgid_plural or empty.
    """

    component = models.ForeignKey(Component, on_delete=models.CASCADE, related_name="entries")
    key = models.CharField(max_length=200, verbose_name=_("key"))
    source = models.TextField(verbose_name=_("source"))
    source_plural = models.TextField(blank=True, verbose_name=_("source, plural"))
    note = models.TextField(blank=True, verbose_name=_("note for translators"))
    position = models.PositiveIntegerField(default=0, verbose_name=_("position"))

    class Meta:
        """Each key once per component, in the order of the source catalog."""

        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar = ["component", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["component", "key"], name="entry_key_once"),
        ]

    def __str__(self) -> str:
        return self.key
