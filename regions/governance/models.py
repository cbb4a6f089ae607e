"""Rows that only the one door writes: environments' counters, audit, outbox."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

PARTS = (("content", _("Flags and texts")), ("kills", _("Kill switches")), ("access", _("Tokens")))
ACTIONS = (("created", _("created")), ("updated", _("updated")), ("deleted", _("deleted")))


class Environment(models.Model):
    """Development, staging or production: the unit that is locked, counted and published.

    `change_seq` rises with every committed change, `published_seq` is the change that the
    last publish had read, `revision` is what clients see, `epoch` rises when an operator
    accepts a restored database. Territories are never environments.
    """

    key = models.SlugField(max_length=40, unique=True, verbose_name=_("key"))
    name = models.CharField(max_length=80, verbose_name=_("name"))
    position = models.PositiveSmallIntegerField(default=0, verbose_name=_("position"))
    epoch = models.PositiveBigIntegerField(default=1, editable=False)
    change_seq = models.PositiveBigIntegerField(default=0, editable=False)
    published_seq = models.PositiveBigIntegerField(default=0, editable=False)
    revision = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        """Order by position; a publish never runs ahead of the changes."""

        verbose_name = _("environment")
        verbose_name_plural = _("environments")
        ordering: ClassVar = ["position", "key"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="environment_published_not_ahead",
                condition=Q(published_seq__lte=F("change_seq")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """One row that one command changed: who, when, what it was, what it is."""

    at = models.DateTimeField(verbose_name=_("at"), db_index=True)
    actor_name = models.CharField(max_length=150, verbose_name=_("who"))
    command = models.CharField(max_length=80, verbose_name=_("command"))
    app_key = models.CharField(max_length=100, blank=True, verbose_name=_("app"))
    environment = models.ForeignKey(
        Environment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("environment"),
    )
    object_type = models.CharField(max_length=40, verbose_name=_("kind"))
    object_key = models.CharField(max_length=300, verbose_name=_("object"))
    action = models.CharField(max_length=10, choices=ACTIONS, verbose_name=_("action"))
    before = models.JSONField(null=True, blank=True, verbose_name=_("before"))
    after = models.JSONField(null=True, blank=True, verbose_name=_("after"))
    change_seq = models.PositiveBigIntegerField(verbose_name=_("change"))

    class Meta:
        """Newest first; found by object."""

        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["object_type", "object_key"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.command} {self.object_key}"


class Outbox(models.Model):
    """A committed change that still has to be published.

    Rows are deleted once a publish has read past their `change_seq`.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="outbox")
    part = models.CharField(max_length=10, choices=PARTS)
    change_seq = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        """Oldest first; one row per change and part."""

        verbose_name = _("outbox row")
        verbose_name_plural = _("outbox rows")
        ordering: ClassVar = ["change_seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "part", "change_seq"],
                name="outbox_once_per_change",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment_id} {self.part} {self.change_seq}"
