"""Questions about places that other houses ask."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Prefetch

from regions.models import Market, MarketMember, Territory


def list_zones(*, using: str = "default") -> dict[str, str]:
    """Return the time zone of rules by territory code, ordered by code; one query."""
    return dict(Territory.objects.using(using).order_by("code").values_list("code", "default_zone"))


def list_markets(*, keys: Collection[str] | None = None, using: str = "default") -> list[Market]:
    """Return the markets, or those of these keys, with members, by key; two queries at most."""
    members = MarketMember.objects.order_by("territory_id", "starts_date", "id")
    rows = (
        Market.objects.using(using).order_by("key").prefetch_related(Prefetch("members", members))
    )
    return list(rows if keys is None else rows.filter(key__in=keys))
