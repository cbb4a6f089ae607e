"""The board's side panel: one cell, why it is so, what it was, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from flags.admin.marks import STATUS_LABELS, place_label, shape, status_badge
from flags.admin.offers import SeenOfferForm
from flags.models import KillSwitch, LegalOrder, Offer
from flags.models.feature import OFFER_STATUSES
from flags.operations.kills import PullKillSwitch
from flags.operations.offers import SetOffer
from flags.queries.boards import CellDetail
from flags.queries.limits import Limit
from flags.queries.verdicts import FeatureStatus
from regions.admin.names import territory_name
from regions.governance.admin_diff import list_differences, render_differences
from regions.governance.admin_forms import CommandForm
from regions.governance.models import AuditEntry
from regions.models import Market

HISTORY_LENGTH = 20
DECIDE_WITHIN = timedelta(days=7)


class CellForm(SeenOfferForm):
    """The offer of one bundle in one territory; it becomes one `SetOffer`."""

    prefix = "offer"

    status = forms.ChoiceField(
        choices=OFFER_STATUSES, widget=forms.RadioSelect, label=_("Status"), initial="planned"
    )
    reason = forms.CharField(max_length=500, widget=forms.Textarea({"rows": 2}), label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    review_date = forms.DateField(
        required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"), label=_("Review on")
    )
    source = forms.CharField(max_length=300, required=False, label=_("Source"))
    rollout = forms.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        label=_("Rollout, %"),
        help_text=_("Empty: everybody here."),
    )
    starts_date = forms.DateField(
        required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"), label=_("From")
    )
    ends_date = forms.DateField(
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        label=_("Until (excluded)"),
    )

    def __init__(self, *args: Any, scope: CellScope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def build(self) -> SetOffer:
        """Return the offer as it shall be."""
        return SetOffer(
            app=self.scope.app,
            environment=self.scope.environment,
            bundle=self.scope.bundle,
            territory=self.scope.territory,
            **self.values,
        )

    @property
    def has_more(self) -> bool:
        """Tell whether one of the folded fields says something, so that it is shown open."""
        names = ("rollout", "starts_date", "ends_date", "source")
        return any(self[name].value() not in (None, "") or self[name].errors for name in names)

    @cached_property
    def choices(self) -> list[tuple[str, Any, bool, SafeString]]:
        """Return the statuses with their drawings and whether they are chosen."""
        chosen = self["status"].value()
        return [
            (word, STATUS_LABELS[word], word == chosen, shape(word))
            for word, _label in OFFER_STATUSES
        ]


class KillForm(CommandForm):
    """A kill switch for one cell, or for one feature of it."""

    prefix = "kill"

    feature = forms.ChoiceField(required=False, label=_("What"))
    platform = forms.ChoiceField(required=False, label=_("Platform"))
    reason = forms.CharField(max_length=500, label=_("Reason"))
    owner = forms.CharField(max_length=120, label=_("Owner"))
    expires_at = forms.DateTimeField(
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        label=_("Decide by (UTC)"),
    )

    def __init__(
        self,
        *args: Any,
        scope: CellScope,
        features: tuple[FeatureStatus, ...],
        platforms: list[str],
        now: datetime,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, initial={"expires_at": now + DECIDE_WITHIN}, **kwargs)
        self.scope = scope
        whole = ngettext(
            "The whole bundle: %d feature", "The whole bundle: %d features", len(features)
        )
        self._offer("feature", [("", whole % len(features)), *((e.key, e.key) for e in features)])
        self._offer("platform", [("", _t("Every platform")), *((p, p) for p in platforms)])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def build(self) -> PullKillSwitch:
        """Return the pull."""
        feature = self.cleaned_data["feature"]
        return PullKillSwitch(
            app=self.scope.app,
            environment=self.scope.environment,
            territory=self.scope.territory,
            bundle="" if feature else self.scope.bundle,
            **self.cleaned_data,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CellScope:
    """Where a cell is: app, environment, territory and bundle, by key."""

    app: str
    environment: str
    territory: str
    bundle: str

    @property
    def key(self) -> str:
        """Return the cell's address, `SG:commerce`."""
        return f"{self.territory}:{self.bundle}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureLine:
    """One feature of the cell with why it is so; `limits` are words and whether they close."""

    facts: FeatureStatus
    words: str
    address: str
    limits: tuple[tuple[str, bool], ...] = ()

    @property
    def shape(self) -> SafeString:
        """Return the drawing of the feature's status."""
        return shape(self.facts.status)

    @property
    def label(self) -> Any:
        """Return the word of the feature's status."""
        return STATUS_LABELS[self.facts.status]


def tell_kill(scope: CellScope, detail: CellDetail) -> dict[str, str]:
    """Return what the kill button will do: for the whole bundle, and for one feature."""
    place, count = territory_name(scope.territory), len(detail.features)
    whole = ngettext(
        "Turn off %(count)d feature in %(place)s now",
        "Turn off %(count)d features in %(place)s now",
        count,
    )
    return {
        "whole": whole % {"count": count, "place": place},
        "one": _t("Turn off {feature} in %(place)s now") % {"place": place},
    }


def list_feature_lines(detail: CellDetail) -> list[FeatureLine]:
    """Say of each feature which rule decided, with a link to it."""
    return [
        FeatureLine(
            facts=entry,
            words=_tell_decider(entry),
            address=_decider_address(entry),
            limits=tuple((_tell_limit(limit), limit.closes) for limit in detail.limits[entry.key]),
        )
        for entry in detail.features
    ]


def _tell_decider(entry: FeatureStatus) -> str:
    decider = entry.decider
    if decider.kind == "everywhere":
        return _t("asks for no offer")
    if decider.kind == "default":
        return _t("no offer speaks of it here: its default")
    if decider.kind == "order":
        return _t("legal order %(key)s: %(reason)s") % {
            "key": decider.key,
            "reason": decider.reason,
        }
    if decider.kind == "kill":
        return _t("kill switch %(key)s: %(reason)s") % {
            "key": decider.key,
            "reason": decider.reason,
        }
    about = _t("its own offer") if decider.is_own else _t("the bundle's offer")
    return f"{about}, {_tell_place(decider.place)}: {decider.reason}"


def _tell_limit(limit: Limit) -> str:
    if limit.kind == "cap-full":
        return _t("cap full")
    if limit.kind == "partners":
        if limit.cities is None:
            return _t("partners: every city")
        words = ngettext("partners: %d city", "partners: %d cities", limit.cities)
        return words % limit.cities if limit.cities else _t("no partner here")
    words = {
        ("sunset", True): _t("sunset since %(date)s"),
        ("sunset", False): _t("sunset on %(date)s"),
        ("closed-to-new", True): _t("closed to new people since %(date)s"),
        ("closed-to-new", False): _t("closed to new people from %(date)s"),
    }[limit.kind, limit.begun]
    return words % {"date": date_format(limit.date) if limit.date else ""}


def _tell_place(place: str) -> str:
    if place == "*":
        return _t("everywhere")
    if place.startswith("market:"):
        return place.removeprefix("market:")
    return territory_name(place)


def _decider_address(entry: FeatureStatus) -> str:
    if entry.decider.offer_id is not None:
        return reverse("admin:flags_offer_change", args=[entry.decider.offer_id])
    if entry.decider.kind in ("default", "everywhere"):
        return f"{reverse('admin:flags_feature_changelist')}?q={entry.key}"
    kind = "legalorder" if entry.decider.kind == "order" else "killswitch"
    return f"{reverse(f'admin:flags_{kind}_changelist')}?q={entry.decider.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedLine:
    """An offer that speaks of one platform, subdivision or signal only."""

    offer: Offer

    @property
    def badge(self) -> SafeString:
        """Return the pill of its status."""
        return status_badge(self.offer.status)

    @property
    def place(self) -> SafeString:
        """Return the name of its place."""
        return place_label(self.offer)

    @property
    def address(self) -> str:
        """Return the address of its page."""
        return reverse("admin:flags_offer_change", args=[self.offer.pk])


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of an offer, a legal order or a kill switch that this cell hangs on."""

    entry: AuditEntry
    diff: SafeString


def list_history(scope: CellScope, detail: CellDetail) -> list[HistoryEntry]:
    """Return the newest changes of everything that this cell hangs on; two queries.

    What holds in a market of the territory or everywhere decides the cell too.
    """
    markets = list(
        Market.objects.filter(members__territory=scope.territory)
        .distinct()
        .values_list("key", flat=True)
    )
    places = (scope.territory, "*", *(f"market:{key}" for key in markets))
    targets = (detail.bundle.key, *detail.bundle.feature_keys)
    offers = Q(
        object_type="offer",
        object_key__in=[f"{target}@{place}" for target in targets for place in places],
    )
    blocking = LegalOrder.objects.filter(
        Q(bundles__key=scope.bundle)
        | Q(features__key__in=detail.bundle.feature_keys)
        | Q(bundles=None, features=None),
        Q(territory=scope.territory)
        | Q(market__key__in=markets)
        | Q(territory=None, market=None, subdivision=None),
        app__key=scope.app,
    )
    orders = Q(object_type="legal-order", object_key__in=blocking.values("key"))
    switches = KillSwitch.objects.filter(
        Q(bundle__key=scope.bundle) | Q(feature__key__in=detail.bundle.feature_keys),
        Q(territory=None) | Q(territory=scope.territory),
        app__key=scope.app,
        environment__key=scope.environment,
    )
    kills = Q(object_type="kill-switch", object_key__in=switches.values("key"))
    rows = AuditEntry.objects.filter(
        offers | kills | orders,
        Q(environment__key=scope.environment) | Q(environment=None),
        app_key=scope.app,
    )
    return [
        HistoryEntry(entry=row, diff=render_differences(list_differences(row.before, row.after)))
        for row in rows[:HISTORY_LENGTH]
    ]
