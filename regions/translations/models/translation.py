"""How a message reads in a locale, and where file and admin disagree."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regions.models import Locale
from regions.translations.models.catalog import Component, Entry

STATES = (
    ("needs-review", _("needs review")),
    ("translated", _("translated")),
    ("approved", _("approved")),
)


class Translation(models.Model):
    """One message in one locale.

    `forms` are the plural forms in the catalog's order (one form for a message without
    plural). `published_forms` are what production serves: an edit that still needs review
    leaves them. `base_forms` and `base_needs_review` are what file and database last agreed
    on, the base of the three-way comparison in `sync_locale`. Empty `forms` with a base
    were taken back in the admin and still stand in the file.
    """

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="translations")
    locale = models.ForeignKey(Locale, on_delete=models.PROTECT, related_name="translations")
    forms = models.JSONField(default=list, verbose_name=_("text"))
    published_forms = models.JSONField(default=list, blank=True, verbose_name=_("published text"))
    base_forms = models.JSONField(default=list, blank=True, editable=False)
    base_needs_review = models.BooleanField(default=False, editable=False)
    state = models.CharField(
        max_length=20, choices=STATES, default="translated", verbose_name=_("state")
    )
    updated_at = models.DateTimeField(verbose_name=_("changed at"))
    updated_by = models.CharField(max_length=150, blank=True, verbose_name=_("changed by"))

    class Meta:
        """Each message once per locale."""

        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        ordering: ClassVar = ["entry", "locale"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "locale"], name="translation_once"),
            models.CheckConstraint(
                name="translation_state_known",
                condition=Q(state__in=[state for state, _label in STATES]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.locale_id}"


class Conflict(models.Model):
    """A message that was edited in the file and in the admin since they last agreed.

    `base`, `mine` (admin) and `theirs` (file) are lists of plural forms; a person decides.
    `theirs_needs_review` tells whether the file's text is in doubt there.
    """

    translation = models.OneToOneField(
        Translation, on_delete=models.CASCADE, related_name="conflict"
    )
    base = models.JSONField(default=list, verbose_name=_("before both edits"))
    mine = models.JSONField(default=list, verbose_name=_("admin"))
    theirs = models.JSONField(default=list, verbose_name=_("file"))
    theirs_needs_review = models.BooleanField(default=False, editable=False)
    found_at = models.DateTimeField(verbose_name=_("found at"))

    class Meta:
        """Oldest first."""

        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        ordering: ClassVar = ["found_at"]

    def __str__(self) -> str:
        return f"{self.translation.entry.key} {self.translation.locale.tag}"


class TextBlob(models.Model):
    """An immutable text bundle, known by the SHA-256 of its bytes."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    component = models.ForeignKey(Component, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        verbose_name = _("text bundle")
        verbose_name_plural = _("text bundles")
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.sha256
