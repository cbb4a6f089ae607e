"""What was published, for ever, and what every publish has to prove first."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regions.governance.models import PARTS, Environment
from regions.models import App


class Snapshot(models.Model):
    """One immutable published part of one scope.

    `app` is empty for the part `access`, which is one per environment. `change_seq` is the
    newest change that the part carries.
    """

    environment = models.ForeignKey(
        Environment,
        on_delete=models.CASCADE,
        related_name="snapshots",
        verbose_name=_("environment"),
    )
    app = models.ForeignKey(
        App,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="snapshots",
        verbose_name=_("app"),
    )
    part = models.CharField(max_length=10, choices=PARTS, verbose_name=_("part"))
    epoch = models.PositiveBigIntegerField(verbose_name=_("epoch"))
    revision = models.PositiveBigIntegerField(verbose_name=_("revision"))
    change_seq = models.PositiveBigIntegerField(verbose_name=_("change"))
    digest = models.CharField(max_length=64, verbose_name=_("digest"))
    body = models.BinaryField()
    created_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        """Each revision has exactly one content per scope and part."""

        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering: ClassVar = ["-epoch", "-revision"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "app", "part", "epoch", "revision"],
                name="snapshot_once_of_app",
            ),
            models.UniqueConstraint(
                fields=["environment", "part", "epoch", "revision"],
                condition=Q(app=None),
                name="snapshot_once_of_access",
            ),
            models.CheckConstraint(
                name="snapshot_access_is_shared",
                condition=Q(part="access", app=None) | (~Q(part="access") & Q(app__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.revision}"


class PublishRefusal(models.Model):
    """Why the newest changes of an environment are not published; gone once they are.

    `change_seq` is the newest change that was tried; the revision before it stays live.
    """

    environment = models.OneToOneField(
        Environment,
        on_delete=models.CASCADE,
        related_name="refusal",
        verbose_name=_("environment"),
    )
    change_seq = models.PositiveBigIntegerField(verbose_name=_("change"))
    scope = models.CharField(max_length=100, verbose_name=_("scope"))
    reason = models.TextField(verbose_name=_("reason"))
    at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        """At most one per environment."""

        verbose_name = _("refused publish")
        verbose_name_plural = _("refused publishes")

    def __str__(self) -> str:
        return f"{self.scope} {self.change_seq}"


class Findings(models.Model):
    """What the newest publish of a scope found out about its features.

    `broken` maps the keys of features that are published off to one sentence why. `notes`
    maps every published feature to where it is stricter in backend SDKs, which evaluate by
    themselves; an empty list says that it is exact there.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="findings")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="findings")
    broken = models.JSONField(default=dict, verbose_name=_("broken features"))
    notes = models.JSONField(default=dict, verbose_name=_("stricter in backend SDKs"))
    at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        """One row per scope, written over by every publish."""

        verbose_name = _("findings of a publish")
        verbose_name_plural = _("findings of publishes")
        ordering: ClassVar = ["app", "environment"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "environment"], name="findings_once_per_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.app.key}/{self.environment.key}"


class Expectation(models.Model):
    """A promise about one person that every publish must keep.

    `context` is what a client would send; `at` None means the moment of the publish.
    The feature is named by its key, since it can be promised that one stays unknown.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="expectations")
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="expectations"
    )
    key = models.CharField(max_length=100, verbose_name=_("key"))
    feature_key = models.CharField(max_length=100, verbose_name=_("feature"))
    context = models.JSONField(default=dict, verbose_name=_("context"))
    at = models.DateTimeField(null=True, blank=True, verbose_name=_("as of"))
    value = models.JSONField(verbose_name=_("expected value"))
    reason = models.CharField(max_length=40, blank=True, verbose_name=_("expected reason"))
    note = models.CharField(max_length=500, blank=True, verbose_name=_("note"))

    class Meta:
        """Each key once per scope."""

        verbose_name = _("expectation")
        verbose_name_plural = _("expectations")
        ordering: ClassVar = ["app", "environment", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["app", "environment", "key"], name="expectation_key_once"
            ),
        ]

    def __str__(self) -> str:
        return self.key
