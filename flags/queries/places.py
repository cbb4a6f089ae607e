"""Load places as the engine's values."""

from __future__ import annotations

from collections.abc import Collection

from flags.engine import definitions as made
from regions import queries as places


def load_territories(*, using: str = "default") -> tuple[made.Territory, ...]:
    """Load all territories with the zones of their rules; one query."""
    return tuple(
        made.Territory(code=code, zone=zone)
        for code, zone in places.list_zones(using=using).items()
    )


def load_markets(
    *, keys: Collection[str] | None = None, using: str = "default"
) -> tuple[made.Market, ...]:
    """Load all markets, or those of these keys, with their dated members; two queries.

    No keys are none and no query.
    """
    return tuple(
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
        for market in places.list_markets(keys=keys, using=using)
    )
