"""What is live where: the launch board's cells, by the engine's own order of rules.

A cell answers for a person who is wholly in its territory: account, location, store and
everybody they talk to. Rules for one platform or one subdivision do not decide a cell.
The number of queries does not grow with rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flags.engine import definitions as made
from flags.engine.places import Atlas
from flags.engine.rows import Row, Rows, list_offer_rows, list_order_rows, rank_offer
from flags.models import Bundle, Feature, Offer
from flags.queries.rules import LIVE_FEATURE, build_offer, load_orders, load_switches
from regions import queries as places
from regions.models import Territory

BLOCKED = "blocked-by-law"
KILLED = "killed"
PARTIAL = "partial"


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
class BoardCell:
    """One bundle in one territory; `partial` when some of its features are live, not all.

    Features that ask for no offer count only while something closes them, so that a bundle
    is not "partly live" by its texts alone. `review_date` is the earliest of the rules
    that decided.
    """

    territory: str
    bundle: str
    status: str
    live_count: int
    feature_count: int
    killed_count: int
    rollout: int | None
    review_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardBundle:
    """A column."""

    key: str
    name: str
    description: str
    feature_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All cells of one scope, by (territory, bundle)."""

    bundles: tuple[BoardBundle, ...]
    territories: tuple[str, ...]
    markets: dict[str, tuple[str, ...]]
    cells: dict[tuple[str, str], BoardCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDetail:
    """One cell with its features, and the offer that the board's form would change.

    `limited` are the offers here for one platform, subdivision or other basis.
    """

    cell: BoardCell
    bundle: BoardBundle
    features: tuple[FeatureStatus, ...]
    offer: Offer | None
    limited: tuple[Offer, ...]
    kills: tuple[made.KillSwitch, ...]


def board(app_key: str, environment_key: str, now: datetime) -> Board:
    """Compute every cell of a scope; nine queries."""
    facts = _load(app_key, environment_key)
    verdicts = _Verdicts(facts, now)
    cells = {
        (code, bundle.key): _sum_up(bundle, code, verdicts.list_bundle(bundle, code))
        for code in facts.codes
        for bundle in facts.bundles
    }
    return Board(
        bundles=facts.bundles, territories=facts.codes, markets=facts.list_markets(now), cells=cells
    )


def cell_detail(
    app_key: str, environment_key: str, territory: str, bundle: str, now: datetime
) -> CellDetail | None:
    """Compute one cell with all that explains it, or None when there is no such cell."""
    facts = _load(app_key, environment_key)
    found = next((entry for entry in facts.bundles if entry.key == bundle), None)
    if found is None or territory not in facts.codes:
        return None
    verdicts = _Verdicts(facts, now)
    features = verdicts.list_bundle(found, territory)
    return CellDetail(
        cell=_sum_up(found, territory, features),
        bundle=found,
        features=features,
        offer=facts.find_bundle_offer(bundle, territory, now),
        limited=facts.list_limited(found, territory),
        kills=tuple(
            switch
            for switch in facts.switches
            if switch.territory in ("", territory)
            and (switch.target.bundle == bundle or switch.target.feature in found.feature_keys)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
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


def _load(app_key: str, environment_key: str) -> _Facts:
    codes = tuple(
        Territory.objects.filter(apps__key=app_key).order_by("code").values_list("code", flat=True)
    )
    features = {
        row.key: row
        for row in Feature.objects.filter(app__key=app_key, archived_at=None)
        .select_related("bundle")
        .order_by("key")
    }
    by_bundle = defaultdict(list)
    for key, row in features.items():
        by_bundle[row.bundle_id].append(key)
    offers = {
        offer.rule.key: (row, offer)
        for row in Offer.objects.filter(
            LIVE_FEATURE, app__key=app_key, environment__key=environment_key
        ).select_related("feature", "bundle", "market")
        for offer in (build_offer(row),)
    }
    atlas = Atlas(_places(app_key, environment_key))
    return _Facts(
        codes=codes,
        bundles=tuple(
            BoardBundle(
                key=row.key,
                name=row.name,
                description=row.description,
                feature_keys=tuple(by_bundle[row.pk]),
            )
            for row in Bundle.objects.filter(app__key=app_key).order_by("position", "key")
        ),
        features=features,
        offers={key: row for key, (row, _offer) in offers.items()},
        atlas=atlas,
        ranked=sorted(
            (offer for _row, offer in offers.values()), key=lambda offer: rank_offer(atlas, offer)
        ),
        orders=load_orders(app_key, using="default"),
        switches=load_switches(app_key, environment_key, using="default"),
    )


def _places(app_key: str, environment_key: str) -> made.Definitions:
    """Build only what an atlas reads: zones and markets."""
    return made.Definitions(
        app=app_key,
        environment=environment_key,
        territories=tuple(
            made.Territory(code=code, zone=zone) for code, zone in places.list_zones().items()
        ),
        markets=tuple(
            made.Market(
                key=market.key,
                priority=market.priority,
                members=tuple(
                    made.Member(
                        territory=member.territory_id,
                        starts=member.starts_date,
                        ends=member.ends_date,
                    )
                    for member in market.members.all()
                ),
            )
            for market in places.list_markets()
        ),
    )


class _Verdicts:
    """Decide features by territory; features without rules of their own share answers."""

    def __init__(self, facts: _Facts, now: datetime) -> None:
        self._facts = facts
        self._now = now
        self._offers: dict[str, list[made.Offer]] = {}
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
        order = self._current(list_order_rows(self._facts.atlas, self._orders(feature), code))
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
            offers = self._list_offers(group, feature)
            self._rows[known] = list_offer_rows(self._facts.atlas, offers, signal, code)
        return self._rows[known]

    def _list_offers(self, group: str, feature: Feature) -> list[made.Offer]:
        if group not in self._offers:
            self._offers[group] = [
                offer
                for offer in self._facts.ranked
                if feature.key == offer.target.feature or feature.bundle.key == offer.target.bundle
            ]
        return self._offers[group]

    def _orders(self, feature: Feature) -> list[made.LegalOrder]:
        return [
            order
            for order in self._facts.orders
            if any(
                target == made.Target()
                or target.feature == feature.key
                or (target.bundle and target.bundle == feature.bundle.key)
                for target in order.targets
            )
        ]

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


def _sum_up(bundle: BoardBundle, code: str, features: Sequence[FeatureStatus]) -> BoardCell:
    asking = [entry for entry in features if entry.decider.kind != "everywhere"] or features
    seen = Counter(entry.status for entry in asking)
    live = seen["live"]
    if live and live < len(asking):
        status = PARTIAL
    else:
        status = seen.most_common(1)[0][0] if asking else "not-offered"
    rollouts = {entry.decider.rollout for entry in features if entry.status == "live"}
    reviews = [entry.decider.review_date for entry in features if entry.decider.review_date]
    return BoardCell(
        territory=code,
        bundle=bundle.key,
        status=status,
        live_count=live,
        feature_count=len(asking),
        killed_count=sum(1 for entry in features if entry.kills),
        rollout=rollouts.pop() if len(rollouts) == 1 else None,
        review_date=min(reviews) if reviews else None,
    )
