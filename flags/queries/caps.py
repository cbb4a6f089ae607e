"""Load caps as the engine's values, and find the one that counts."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from flags.engine import definitions as made
from flags.engine.places import Atlas
from flags.engine.rows import Shelf, rank_rule
from flags.models import Cap, Feature
from flags.queries.places import load_markets, load_territories
from flags.queries.rules import LIVE_FEATURE, build_place, build_rule, build_target


def load_caps(app_key: str, environment_key: str, *, using: str) -> tuple[made.Cap, ...]:
    """Load the caps of one scope, ordered by their rule's key; one query."""
    rows = _list_rows(app_key, environment_key, using=using).filter(LIVE_FEATURE)
    return tuple(sorted(map(build_cap, rows), key=lambda cap: cap.rule.key))


def build_cap(row: Cap) -> made.Cap:
    """Build the engine's value of one cap's row: whether it is full, never the count."""
    return made.Cap(
        rule=build_rule(row),
        target=build_target(row),
        place=build_place(row),
        limit=row.limit,
        full=row.is_full,
        starts=row.starts_date,
        ends=row.ends_date,
    )


def find_cap(
    feature: Feature, environment_key: str, code: str | None, *, now: datetime
) -> Cap | None:
    """Find the cap that counts for a feature, which comes with its app, at a territory now.

    The engine's own order decides, so that people enrol under the cap that closes. Two
    queries, and two more where caps name markets.
    """
    app_key = feature.app.key
    rows = list(
        _list_rows(app_key, environment_key, using="default").filter(
            Q(feature=feature) | Q(bundle=feature.bundle_id)
        )
    )
    if not rows:
        return None
    atlas = Atlas(
        made.Definitions(
            app=app_key,
            environment=environment_key,
            territories=load_territories(),
            markets=load_markets(keys={row.market.key for row in rows if row.market}),
        )
    )
    by_rule = {build_rule(row): row for row in rows}
    caps = sorted(map(build_cap, rows), key=lambda cap: rank_rule(atlas, cap))
    for cap, starts, ends in Shelf(atlas, tuple(caps)).list_held(code):
        if starts <= now < ends:
            return by_rule[cap.rule]
    return None


def _list_rows(app_key: str, environment_key: str, *, using: str) -> QuerySet[Cap]:
    return (
        Cap.objects.using(using)
        .filter(app__key=app_key, environment__key=environment_key)
        .select_related("feature", "bundle", "market")
    )
