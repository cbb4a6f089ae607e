"""What decides a feature in a territory now, by the engine's own order of rules.

No queries here: `boards` loads the facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flags.engine import definitions as made
from flags.engine.listings import Row, Rows, list_offer_rows, list_order_rows
from flags.engine.places import Atlas
from flags.engine.rows import Shelf
from flags.models import Feature, Offer

BLOCKED = "blocked-by-law"
KILLED = "killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """The rule that decided; `offer_id` is set when it is an offer.

    `kind` is `offer`, `order`, `kill`, `default` (no offer speaks) or `everywhere` (the
    feature asks for no offer).
    """

    kind: str
    key: str = ""
    reason: str = ""
    owner: str = ""
    source: str = ""
    review_date: date | None = None
    starts_date: date | None = None
    ends_date: date | None = None
    offer_id: int | None = None
    rollout: int | None = None
    is_own: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureStatus:
    """One feature in one territory; `kills` are the keys of the switches that touch it."""

    key: str
    description: str
    status: str
    decider: Decider
    kills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardBundle:
    """A column."""

    key: str
    name: str
    description: str
    feature_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All rows that decide the cells of one scope."""

    codes: tuple[str, ...]
    bundles: tuple[BoardBundle, ...]
    features: Mapping[str, Feature]
    offers: Mapping[str, Offer]
    atlas: Atlas
    ranked: Sequence[made.Offer]
    orders: Sequence[made.LegalOrder]
    switches: Sequence[made.KillSwitch]

    def list_markets(self, now: datetime) -> dict[str, tuple[str, ...]]:
        """Return the codes that are in each market now."""
        return {
            key: tuple(
                code
                for code in self.codes
                if any(
                    period.starts <= now < period.ends
                    for period in self.atlas.cover(made.Place("market", key), code)
                )
            )
            for key in self.atlas.markets
        }

    def find_bundle_offer(self, bundle: str, code: str, now: datetime) -> Offer | None:
        """Return the bundle's own offer here that holds now, else the next to begin."""
        own = [
            row
            for row in self.offers.values()
            if row.bundle is not None
            and row.bundle.key == bundle
            and row.territory_id == code
            and not row.platform
            and not row.basis
        ]
        own.sort(key=lambda row: row.starts_date or date.min)
        today = now.date()
        current = [row for row in own if row.ends_date is None or today < row.ends_date]
        return current[0] if current else None

    def list_limited(self, bundle: BoardBundle, code: str) -> tuple[Offer, ...]:
        """Return the offers here that speak of a platform, a subdivision or another basis."""
        return tuple(
            row
            for key, row in sorted(self.offers.items())
            if (row.platform or row.basis or row.subdivision_id)
            and code in (row.territory_id, (row.subdivision_id or "").partition("-")[0])
            and (row.bundle or row.feature) is not None
            and str(row.bundle or row.feature) in (bundle.key, *bundle.feature_keys)
        )


class Verdicts:
    """Decide features by territory; features without rules of their own share answers."""

    def __init__(self, facts: Facts, now: datetime) -> None:
        self._facts = facts
        self._now = now
        self._offers: dict[str, Shelf[made.Offer]] = {}
        self._laws: dict[str, Shelf[made.LegalOrder]] = {}
        self._rows: dict[tuple[str, str, str], Rows] = {}
        self._named = {offer.target.feature for offer in facts.ranked if offer.target.feature}

    def list_bundle(self, bundle: BoardBundle, code: str) -> tuple[FeatureStatus, ...]:
        """Decide every feature of a bundle at a territory."""
        return tuple(self._decide(self._facts.features[key], code) for key in bundle.feature_keys)

    def _decide(self, feature: Feature, code: str) -> FeatureStatus:
        kills = tuple(self._list_kills(feature, code))
        whole = [kill for kill in kills if not kill.platform]
        status, decider = (
            (KILLED, _kill_decider(whole[0])) if whole else self._decide_rules(feature, code)
        )
        return FeatureStatus(
            key=feature.key,
            description=feature.description,
            status=status,
            decider=decider,
            kills=tuple(kill.rule.key for kill in kills),
        )

    def _list_kills(self, feature: Feature, code: str) -> Iterable[made.KillSwitch]:
        for switch in self._facts.switches:
            target = switch.target
            named = target.feature == feature.key or target.bundle == feature.bundle.key
            if named and switch.territory in ("", code):
                yield switch

    def _decide_rules(self, feature: Feature, code: str) -> tuple[str, Decider]:
        """Ask the law gate, then the offer gate."""
        order = self._current(list_order_rows(self._shelve_orders(feature), code).rows)
        if order is not None:
            return BLOCKED, _order_decider(order)
        for signal in feature.law_basis:
            row = self._current(self._offer_rows(feature, signal, code))
            if row is not None and row.status == BLOCKED:
                return BLOCKED, self._offer_decider(row, feature)
        if feature.offer_basis == "none":
            return "live", Decider(kind="everywhere")
        row = self._current(self._offer_rows(feature, feature.offer_basis, code))
        if row is None:
            return feature.default_status, Decider(kind="default", key=feature.key)
        return row.status, self._offer_decider(row, feature)

    def _current(self, rows: Rows) -> Row | None:
        """Return the first row that speaks of the whole territory now."""
        return next(
            (
                row
                for row in rows
                if row.starts <= self._now < row.ends and not row.platform and not row.subdivision
            ),
            None,
        )

    def _offer_rows(self, feature: Feature, signal: str, code: str) -> Rows:
        group = feature.key if feature.key in self._named else f"bundle:{feature.bundle.key}"
        known = (group, signal, code)
        if known not in self._rows:
            offers = self._shelve_offers(group, feature)
            self._rows[known] = list_offer_rows(offers, signal, code).rows
        return self._rows[known]

    def _shelve_offers(self, group: str, feature: Feature) -> Shelf[made.Offer]:
        if group not in self._offers:
            rules = tuple(
                offer
                for offer in self._facts.ranked
                if feature.key == offer.target.feature or feature.bundle.key == offer.target.bundle
            )
            self._offers[group] = Shelf(self._facts.atlas, rules)
        return self._offers[group]

    def _shelve_orders(self, feature: Feature) -> Shelf[made.LegalOrder]:
        if feature.key not in self._laws:
            rules = tuple(
                order
                for order in self._facts.orders
                if any(
                    target == made.Target()
                    or target.feature == feature.key
                    or (target.bundle and target.bundle == feature.bundle.key)
                    for target in order.targets
                )
            )
            self._laws[feature.key] = Shelf(self._facts.atlas, rules)
        return self._laws[feature.key]

    def _offer_decider(self, row: Row, feature: Feature) -> Decider:
        offer = self._facts.offers[row.rule.key]
        return Decider(
            kind="offer",
            key=row.rule.key,
            reason=offer.reason,
            owner=offer.owner,
            source=offer.source,
            review_date=offer.review_date,
            starts_date=offer.starts_date,
            ends_date=offer.ends_date,
            offer_id=offer.pk,
            rollout=offer.rollout,
            is_own=offer.feature_id == feature.pk,
            place=offer.place_key,
        )


def _kill_decider(kill: made.KillSwitch) -> Decider:
    return Decider(
        kind="kill",
        key=kill.rule.key,
        reason=kill.rule.reason,
        owner=kill.rule.owner,
        place=kill.territory or "*",
    )


def _order_decider(row: Row) -> Decider:
    rule = row.rule
    return Decider(
        kind="order",
        key=rule.key,
        reason=rule.reason,
        owner=rule.owner,
        source=rule.source,
        place=row.place or "*",
    )
