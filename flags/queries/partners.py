"""Partners of one app as the engine's values."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db.models import Prefetch

from flags.engine import definitions as made
from flags.models import Constraint, Feature, Partner
from flags.queries.features import build_constraints


def load_partners(app_key: str, *, using: str) -> tuple[made.Partner, ...]:
    """Load the partners of features that are not archived, ordered by key; three queries."""
    live = Feature.objects.filter(archived_at=None).order_by("key")
    terms = Constraint.objects.order_by("position", "id")
    rows = (
        Partner.objects.using(using)
        .filter(app__key=app_key)
        .prefetch_related(Prefetch("features", live), Prefetch("requirements", terms))
        .order_by("key")
    )
    partners = (_build_partner(row) for row in rows)
    return tuple(partner for partner in partners if partner.features)


def _build_partner(row: Partner) -> made.Partner:
    return made.Partner(
        rule=made.Rule(key=row.key, reason=row.reason, owner=row.owner, source=row.source),
        features=tuple(feature.key for feature in row.features.all()),
        territory=row.territory_id,
        city=row.city,
        wallets=tuple(row.wallets),
        starts=_wall_time(row.starts_date, row.starts_time),
        ends=_wall_time(row.ends_date, row.ends_time),
        requirements=build_constraints(row.requirements.all()),
    )


def _wall_time(day: date | None, clock: time | None) -> datetime | None:
    return datetime.combine(day, clock or time()) if day is not None else None
