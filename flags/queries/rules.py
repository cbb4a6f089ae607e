"""Rules of one scope: offers, legal orders and kill switches as the engine's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from flags.engine import definitions as made
from flags.models import Feature, KillSwitch, LegalOrder, Offer
from flags.models.place import Place, Region
from flags.models.rule import DatedRule, PlacedRule

LIVE_FEATURE = Q(feature=None) | Q(feature__archived_at=None)


def load_offers(app_key: str, environment_key: str, *, using: str) -> tuple[made.Offer, ...]:
    """Load the offers of one scope, ordered by their rule's key; one query."""
    rows = _list_offers(app_key, environment_key, using=using)
    return tuple(sorted(map(build_offer, rows), key=lambda offer: offer.rule.key))


def load_offers_of(
    app_key: str, environment_key: str, facts: Mapping[str, Any], *, using: str
) -> tuple[made.Offer, ...]:
    """Load the offers of one target at one place, which the audit told; one query."""
    keys = {name: facts[name] for name in ("feature", "bundle", "market")}
    names = {f"{name}__key" if key else name: key for name, key in keys.items()}
    codes = {f"{name}_id": facts[name] for name in ("subdivision", "territory")}
    rows = _list_offers(app_key, environment_key, using=using)
    return tuple(map(build_offer, rows.filter(**names, **codes)))


def _list_offers(app_key: str, environment_key: str, *, using: str) -> QuerySet[Offer]:
    return (
        Offer.objects.using(using)
        .filter(LIVE_FEATURE, app__key=app_key, environment__key=environment_key)
        .select_related("feature", "bundle", "market")
    )


def build_offer(row: Offer) -> made.Offer:
    """Build the engine's value of one offer's row."""
    return made.Offer(
        rule=made.Rule(
            key=offer_rule_key(row), reason=row.reason, owner=row.owner, source=row.source
        ),
        target=_target(row.feature.key if row.feature else "", row.bundle),
        place=build_place(row),
        status=row.status,  # type: ignore[arg-type]  # a check constraint holds the words
        basis=row.basis,
        platform=row.platform,
        starts=row.starts_date,
        ends=row.ends_date,
        rollout=row.rollout,
    )


def offer_rule_key(row: Offer) -> str:
    """Return what tells an offer from all others of its scope, in every environment alike."""
    target = row.feature or row.bundle
    key = f"{target}@{row.place_key}"
    if row.basis:
        key += f":{row.basis}"
    if row.platform:
        key += f"+{row.platform}"
    return f"{key}#{row.starts_date}" if row.starts_date else key


def build_place(row: Region) -> made.Place:
    """Build where a rule holds."""
    if isinstance(row, Place) and row.subdivision_id:
        return made.Place("subdivision", row.subdivision_id)
    if row.territory_id:
        return made.Place("territory", row.territory_id)
    return made.Place("market", row.market.key) if row.market else made.Place("everywhere")


def build_rule(row: PlacedRule, *, kind: str = "") -> made.Rule:
    """Build where a placed rule comes from; its key is the same in every environment.

    `kind` tells apart rules of one slot that hold at once.
    """
    key = f"{row.slot_key}:{kind}" if kind else row.slot_key
    if isinstance(row, DatedRule) and row.starts_date:
        key += f"#{row.starts_date}"
    return made.Rule(key=key, reason=row.reason, owner=row.owner, source=row.source)


def build_target(row: PlacedRule) -> made.Target:
    """Build what a placed rule is about."""
    return _target(row.feature.key if row.feature else "", row.bundle)


def load_orders(app_key: str, *, using: str) -> tuple[made.LegalOrder, ...]:
    """Load the orders that block now or from a day on, ordered by key; three queries."""
    rows = (
        LegalOrder.objects.using(using)
        .filter(app__key=app_key, state__in=("scheduled", "in-force"))
        .select_related("market")
        .prefetch_related(Prefetch("features", Feature.objects.order_by("key")), "bundles")
        .order_by("key")
    )
    orders = (_build_order(row) for row in rows if row.effective_date is not None)
    return tuple(order for order in orders if order is not None)


def _build_order(row: LegalOrder) -> made.LegalOrder | None:
    """Build an order, None when every feature that it names is archived.

    Only one that never named anything is for the whole app.
    """
    assert row.effective_date is not None
    features = list(row.features.all())
    targets = [made.Target(feature=one.key) for one in features if one.archived_at is None]
    targets += [
        made.Target(bundle=key) for key in sorted(bundle.key for bundle in row.bundles.all())
    ]
    if features and not targets:
        return None
    return made.LegalOrder(
        rule=made.Rule(key=row.key, reason=row.reason, owner=row.owner, source=row.source),
        targets=tuple(targets) or (made.Target(),),
        place=build_place(row),
        effective=row.effective_date,
    )


def load_switches(app_key: str, environment_key: str, *, using: str) -> tuple[made.KillSwitch, ...]:
    """Load the kill switches that are pulled, ordered by key; one query."""
    rows = (
        KillSwitch.objects.using(using)
        .filter(LIVE_FEATURE, app__key=app_key, environment__key=environment_key, released_at=None)
        .select_related("feature", "bundle")
        .order_by("key")
    )
    return tuple(
        made.KillSwitch(
            rule=made.Rule(key=row.key, reason=row.reason, owner=row.owner),
            target=_target(row.feature.key if row.feature else "", row.bundle),
            since=row.since_at,
            expires=row.expires_at,
            territory=row.territory_id or "",
            platform=row.platform,
        )
        for row in rows
    )


def _target(feature: str, bundle: object) -> made.Target:
    return made.Target(feature=feature) if feature else made.Target(bundle=str(bundle))
