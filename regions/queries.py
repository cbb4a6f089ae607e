"""Questions about places that other houses ask."""

from __future__ import annotations

from django.db.models import Prefetch

from regions.models import Market, MarketMember, Territory


def list_zones(*, using: str = "default") -> dict[str, str]:
    """Return the time zone of rules by territory code, ordered by code; one query."""
    return dict(Territory.objects.using(using).order_by("code").values_list("code", "default_zone"))


def list_markets(*, using: str = "default") -> list[Market]:
    """Return the markets with their members, ordered by key; two queries."""
    members = MarketMember.objects.order_by("territory_id", "starts_date", "id")
    return list(
        Market.objects.using(using).order_by("key").prefetch_related(Prefetch("members", members))
    )
