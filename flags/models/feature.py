"""What product managers name: bundles, features and how they depend on each other."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from flags.models.platform import PlatformProfile
from regions.models import App

KEY_PATTERN = r"^[a-z][a-z0-9._-]*$"
VALUE_TYPES = (
    ("boolean", _("on or off")),
    ("string", _("text")),
    ("number", _("number")),
    ("integer", _("whole number")),
    ("json", _("JSON")),
)
OFFER_BASES = (
    ("account", _("the account's country")),
    ("location", _("where the person is")),
    ("storefront", _("the app store's country")),
    ("none", _("everywhere")),
)
PARTNER_BASES = tuple(pair for pair in OFFER_BASES if pair[0] != "none")
LAW_SIGNALS = ("account", "location", "storefront", "participants")
FAIL_DIRECTIONS = (("open", _("stays on")), ("closed", _("is off")))
OFFER_STATUSES = (
    ("live", _("live")),
    ("planned", _("planned")),
    ("needs-partner", _("needs partner")),
    ("withdrawn", _("withdrawn")),
    ("not-offered", _("not offered")),
    ("blocked-by-law", _("blocked by law")),
)


class Bundle(models.Model):
    """The product unit a product manager offers in a territory: a set of features."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="bundles")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    name = models.CharField(max_length=120, verbose_name=_("name"))
    description = models.CharField(max_length=500, blank=True, verbose_name=_("description"))
    position = models.PositiveSmallIntegerField(default=0, verbose_name=_("position"))

    class Meta:
        """Each key once per app."""

        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")
        ordering: ClassVar = ["app", "position", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "key"], name="bundle_key_once"),
            models.CheckConstraint(name="bundle_key_safe", condition=Q(key__regex=KEY_PATTERN)),
        ]

    def __str__(self) -> str:
        return self.key


class Feature(models.Model):
    """What a person gets or does not get; on the wire it is a flag.

    `law_basis` is a list of signals; `partner_basis` says where a partner has to be, empty
    when none is needed; `fail_direction` says what an unknown signal means;
    `default_status` holds where no offer does; `off_value` is what a closed gate answers.
    `value_schema` is a JSON Schema (draft 2020-12) that values of type `json` fit, empty for any.
    `tags` is a list of `type:value` by which clients may ask for some features only.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="features")
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="features")
    key = models.CharField(max_length=100, verbose_name=_("key"))
    description = models.CharField(max_length=500, verbose_name=_("description"))
    owner = models.CharField(max_length=120, verbose_name=_("owner"))
    value_type = models.CharField(
        max_length=10, choices=VALUE_TYPES, default="boolean", verbose_name=_("value type")
    )
    off_value = models.JSONField(default=bool, verbose_name=_("value when off"))
    value_schema = models.JSONField(default=dict, blank=True, verbose_name=_("schema of values"))
    offer_basis = models.CharField(max_length=20, choices=OFFER_BASES, verbose_name=_("offered by"))
    law_basis = models.JSONField(default=list, verbose_name=_("laws looked at"))
    fail_direction = models.CharField(
        max_length=10,
        choices=FAIL_DIRECTIONS,
        default="open",
        verbose_name=_("when a place is unknown"),
    )
    partner_basis = models.CharField(
        max_length=20,
        choices=PARTNER_BASES,
        blank=True,
        verbose_name=_("needs a partner at"),
    )
    default_status = models.CharField(
        max_length=20,
        choices=OFFER_STATUSES,
        default="not-offered",
        verbose_name=_("status without an offer"),
    )
    profile = models.ForeignKey(
        PlatformProfile,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="features",
        verbose_name=_("platform profile"),
    )
    text_key = models.CharField(max_length=200, blank=True, verbose_name=_("text shown while off"))
    tags = models.JSONField(default=list, blank=True, verbose_name=_("tags"))
    archived_at = models.DateTimeField(null=True, blank=True, verbose_name=_("archived at"))

    class Meta:
        """Each key once per app; known words only."""

        verbose_name = _("feature")
        verbose_name_plural = _("features")
        ordering: ClassVar = ["app", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "key"], name="feature_key_once"),
            models.CheckConstraint(name="feature_key_safe", condition=Q(key__regex=KEY_PATTERN)),
            models.CheckConstraint(name="feature_owned", condition=~Q(owner="")),
            models.CheckConstraint(
                name="feature_value_type_known",
                condition=Q(value_type__in=[word for word, _label in VALUE_TYPES]),
            ),
            models.CheckConstraint(
                name="feature_offer_basis_known",
                condition=Q(offer_basis__in=[word for word, _label in OFFER_BASES]),
            ),
            models.CheckConstraint(
                name="feature_partner_basis_known",
                condition=Q(partner_basis__in=["", *(word for word, _label in PARTNER_BASES)]),
            ),
            models.CheckConstraint(
                name="feature_fail_direction_known",
                condition=Q(fail_direction__in=[word for word, _label in FAIL_DIRECTIONS]),
            ),
            models.CheckConstraint(
                name="feature_default_status_known",
                condition=Q(default_status__in=[word for word, _label in OFFER_STATUSES]),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Requirement(models.Model):
    """A feature that is off wherever the required one is off; cycles are refused."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="requirements")
    required = models.ForeignKey(Feature, on_delete=models.PROTECT, related_name="dependants")

    class Meta:
        """Each pair once; nothing requires itself."""

        verbose_name = _("requirement")
        verbose_name_plural = _("requirements")
        ordering: ClassVar = ["feature", "required"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["feature", "required"], name="requirement_once"),
            models.CheckConstraint(
                name="requirement_not_itself", condition=~Q(feature=F("required"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature_id} -> {self.required_id}"
