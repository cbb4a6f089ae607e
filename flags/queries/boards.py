"""What is live where: the launch board's cells, by the engine's own order of rules.

A cell answers for a person who is wholly in its territory: account, location, store and
everybody they talk to. Rules for one platform or one subdivision do not decide a cell.
The number of queries does not grow with rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flags.engine import definitions as made
from flags.engine.places import Atlas
from flags.engine.rows import rank_offer
from flags.models import Bundle, Feature, Offer
from flags.queries.limits import Limit, Limits
from flags.queries.rules import LIVE_FEATURE, build_offer, load_orders, load_switches
from flags.queries.verdicts import BoardBundle, Facts, FeatureStatus, Verdicts
from regions import queries as places
from regions.models import Territory

PARTIAL = "partial"


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
class Board:
    """All cells of one scope, by (territory, bundle)."""

    bundles: tuple[BoardBundle, ...]
    territories: tuple[str, ...]
    markets: dict[str, tuple[str, ...]]
    cells: dict[tuple[str, str], BoardCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDetail:
    """One cell with its features, and the offer that the board's form would change.

    `limited` are the offers here for one platform, subdivision or other basis; `limits`
    what else closes each feature here, by key.
    """

    cell: BoardCell
    bundle: BoardBundle
    features: tuple[FeatureStatus, ...]
    offer: Offer | None
    limited: tuple[Offer, ...]
    kills: tuple[made.KillSwitch, ...]
    limits: Mapping[str, tuple[Limit, ...]]


def board(app_key: str, environment_key: str, now: datetime) -> Board:
    """Compute every cell of a scope; nine queries."""
    facts = _load(app_key, environment_key)
    verdicts = Verdicts(facts, now)
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
    """Compute one cell with all that explains it, or None when there is no such cell.

    Fourteen queries.
    """
    facts = _load(app_key, environment_key)
    found = next((entry for entry in facts.bundles if entry.key == bundle), None)
    if found is None or territory not in facts.codes:
        return None
    verdicts = Verdicts(facts, now)
    features = verdicts.list_bundle(found, territory)
    limits = Limits(app_key, environment_key, facts.atlas, territory, now)
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
        limits={key: limits.list_of(facts.features[key]) for key in found.feature_keys},
    )


def _load(app_key: str, environment_key: str) -> Facts:
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
    return Facts(
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
