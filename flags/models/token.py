"""Credentials of client apps."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regions.governance.models import Environment
from regions.models import App

TOKEN_KINDS = (
    ("backend", _("backend: definitions")),
    ("frontend", _("frontend: answers")),
    ("preview", _("preview: answers at any time")),
)


class ClientToken(models.Model):
    """A token `app:environment.secret`; only the SHA-256 of the whole text is kept.

    `last_used_at` is a minute of the past, told by the nodes and kept outside the audit.

    Without `app` it reads every app of its environment (`*`); without `territories` it
    asks about people everywhere.
    """

    app = models.ForeignKey(
        App, null=True, blank=True, on_delete=models.CASCADE, related_name="tokens"
    )
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="tokens")
    kind = models.CharField(max_length=10, choices=TOKEN_KINDS, verbose_name=_("kind"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    territories = models.JSONField(
        default=list, blank=True, verbose_name=_("countries and regions")
    )
    event_streams = models.BooleanField(
        default=False, verbose_name=_("OFREP answers name the event stream")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(verbose_name=_("created at"))
    created_by = models.CharField(max_length=150, verbose_name=_("created by"))
    expires_at = models.DateTimeField(null=True, blank=True, verbose_name=_("expires at"))
    replaced_by = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="replaces",
        verbose_name=_("replaced by"),
    )
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, verbose_name=_("last used")
    )
    revoked_at = models.DateTimeField(null=True, blank=True, verbose_name=_("revoked at"))

    class Meta:
        """Newest first; known kinds only."""

        verbose_name = _("client token")
        verbose_name_plural = _("client tokens")
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="token_kind_known",
                condition=Q(kind__in=[word for word, _label in TOKEN_KINDS]),
            ),
            models.CheckConstraint(
                name="token_digest_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name
