"""Choice fields that the forms of this house share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flags.models import Bundle, Feature, LegalOrder, PlatformProfile
from flags.models.feature import LAW_SIGNALS
from regions.admin.names import territory_name
from regions.governance.admin_forms import KeyChoiceField, KeysChoiceField
from regions.governance.models import Environment
from regions.governance.policy import CANARY
from regions.models import App, Market, Subdivision, Territory

SIGNAL_LABELS: dict[str, Any] = {
    "account": _("the account's country"),
    "location": _("where the person is"),
    "storefront": _("the app store's country"),
    "participants": _("everyone in the chat or call"),
}
SIGNAL_CHOICES = [(signal, SIGNAL_LABELS[signal]) for signal in LAW_SIGNALS]


class TerritoryChoiceField(KeyChoiceField):
    """A country or region, shown with its name in the reader's language."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Territory.objects.all(), key="code", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        """Return `Singapore (SG)`."""
        return f"{territory_name(obj.code)} ({obj.code})"


class TerritoriesChoiceField(KeysChoiceField):
    """Several countries and regions, shown with their names in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        """Return `Singapore (SG)`."""
        return f"{territory_name(obj.code)} ({obj.code})"


def app_field() -> KeyChoiceField:
    """Return the choice of an app."""
    return KeyChoiceField(
        queryset=App.objects.exclude(key=CANARY), label=_("App"), empty_label=None
    )


def environment_field() -> KeyChoiceField:
    """Return the choice of an environment."""
    return KeyChoiceField(
        queryset=Environment.objects.all(),
        label=_("Environment"),
        empty_label=None,
        initial="production",
    )


def feature_field(*, required: bool = False) -> KeyChoiceField:
    """Return the choice of a feature that is not archived."""
    rows = Feature.objects.filter(archived_at=None).exclude(app__key=CANARY).order_by("key")
    return KeyChoiceField(
        queryset=rows, label=_("Feature"), required=required, empty_label=_("none")
    )


def features_field(label: Any, **kwargs: Any) -> KeysChoiceField:
    """Return the choice of several features."""
    rows = Feature.objects.filter(archived_at=None).exclude(app__key=CANARY).order_by("key")
    return KeysChoiceField(queryset=rows, label=label, **{"required": False, **kwargs})


def bundle_field(*, required: bool = False) -> KeyChoiceField:
    """Return the choice of a bundle."""
    return KeyChoiceField(
        queryset=Bundle.objects.order_by("position", "key"),
        label=_("Bundle"),
        required=required,
        empty_label=_("choose one") if required else _("none"),
    )


def bundles_field(label: Any) -> KeysChoiceField:
    """Return the choice of several bundles."""
    rows = Bundle.objects.order_by("position", "key")
    return KeysChoiceField(queryset=rows, label=label, required=False)


def profile_field() -> KeyChoiceField:
    """Return the choice of a platform profile."""
    return KeyChoiceField(
        queryset=PlatformProfile.objects.order_by("key"),
        label=_("Platform profile"),
        required=False,
        empty_label=_("any device"),
        help_text=_("The least versions of system and app with which people get it."),
    )


def territory_field(**kwargs: Any) -> TerritoryChoiceField:
    """Return the choice of a country or region."""
    return TerritoryChoiceField(
        label=_("Country or region"), required=False, empty_label=_("none"), **kwargs
    )


def territories_field(label: Any, **kwargs: Any) -> TerritoriesChoiceField:
    """Return the choice of several countries and regions."""
    rows = Territory.objects.all()
    return TerritoriesChoiceField(
        queryset=rows, key="code", label=label, **{"required": False, **kwargs}
    )


def market_field() -> KeyChoiceField:
    """Return the choice of a market."""
    return KeyChoiceField(
        queryset=Market.objects.order_by("name"),
        label=_("Market"),
        required=False,
        empty_label=_("none"),
    )


def subdivision_field() -> KeyChoiceField:
    """Return the choice of a subdivision."""
    return KeyChoiceField(
        queryset=Subdivision.objects.all(),
        key="code",
        label=_("Subdivision"),
        required=False,
        empty_label=_("none"),
    )


def platform_field() -> forms.ChoiceField:
    """Return the choice of one of the platforms that the apps name, or of all."""
    return forms.ChoiceField(
        choices=lambda: _list_platforms(_("every platform")),
        label=_("Platform"),
        required=False,
        initial="",
    )


def one_platform_field() -> forms.ChoiceField:
    """Return the choice of one platform, which nobody makes by leaving it as it stands."""
    return forms.ChoiceField(
        choices=lambda: _list_platforms(_("choose one")), label=_("Platform"), initial=""
    )


def _list_platforms(empty: Any) -> list[tuple[str, Any]]:
    named = {name for names in App.objects.values_list("platforms", flat=True) for name in names}
    return [("", empty), *((name, name) for name in sorted(named))]


def order_initial(order: LegalOrder) -> dict[str, Any]:
    """Return the targets of an order as the form's initial keys."""
    return {
        "features": [row.key for row in order.features.all()],
        "bundles": [row.key for row in order.bundles.all()],
    }
