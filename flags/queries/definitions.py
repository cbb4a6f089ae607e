"""Load everything that a publish reads, in a number of queries that never grows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from flags.engine import definitions as made
from flags.models import ClientToken
from flags.publishing.snapshot import Access, Kills, Token
from flags.queries.caps import load_caps
from flags.queries.clusters import load_clusters
from flags.queries.expectations import Promise, load_expectations
from flags.queries.features import (
    load_bundles,
    load_features,
    load_profiles,
    load_retirements,
    load_segments,
)
from flags.queries.partners import load_partners
from flags.queries.people import load_ages, load_consents, load_life_cycles
from flags.queries.places import load_markets, load_territories
from flags.queries.rules import load_offers, load_orders, load_switches
from flags.queries.schedules import load_schedules
from regions.models import App

# So long an app whose token has expired is told so, and not that nobody knows its token.
EXPIRED_FOR = timedelta(days=30)

__all__ = ["Promise", "load_access", "load_definitions", "load_expectations", "load_kills"]


def load_definitions(
    app_key: str, environment_key: str, *, using: str = "default"
) -> made.Definitions:
    """Load what `compile` needs for one scope, kill switches apart; 30 queries at most.

    All territories are given, those outside the app's own list too: a law there holds for
    whoever is there.
    """
    return made.Definitions(
        app=app_key,
        environment=environment_key,
        territories=load_territories(using=using),
        markets=load_markets(using=using),
        profiles=load_profiles(app_key, using=using),
        retirements=load_retirements(app_key, using=using),
        bundles=load_bundles(app_key, using=using),
        features=load_features(app_key, environment_key, using=using),
        offers=load_offers(app_key, environment_key, using=using),
        orders=load_orders(app_key, using=using),
        ages=load_ages(app_key, using=using),
        consents=load_consents(app_key, using=using),
        life_cycles=load_life_cycles(app_key, environment_key, using=using),
        caps=load_caps(app_key, environment_key, using=using),
        schedules=load_schedules(app_key, environment_key, using=using),
        clusters=load_clusters(app_key, environment_key, using=using),
        partners=load_partners(app_key, using=using),
        segments=load_segments(app_key, using=using),
    )


def load_kills(app_key: str, environment_key: str, *, using: str = "default") -> Kills:
    """Load the kills part of one scope; one query."""
    return Kills(switches=load_switches(app_key, environment_key, using=using))


def load_access(environment_key: str, *, now: datetime, using: str = "default") -> Access:
    """Load the access part of one environment; two queries.

    Nodes refuse a token from the instant on at which it expires. A month later it is left
    out, of whatever is published next.
    """
    lasting = Q(expires_at=None) | Q(expires_at__gt=now - EXPIRED_FOR)
    tokens = (
        ClientToken.objects.using(using)
        .filter(lasting, environment__key=environment_key, revoked_at=None)
        .select_related("app")
        .order_by("digest")
    )
    return Access(
        apps=tuple(App.objects.using(using).order_by("key").values_list("key", flat=True)),
        tokens=tuple(
            Token(
                digest=row.digest,
                app=row.app.key if row.app else "*",
                kind=row.kind,  # type: ignore[arg-type]  # a check constraint holds the words
                name=row.name,
                expires=row.expires_at,
                territories=tuple(row.territories),
                event_streams=row.event_streams,
            )
            for row in tokens
        ),
    )
