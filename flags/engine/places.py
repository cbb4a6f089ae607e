"""PURE: territories, markets and their local dates, as rules see them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from flags.engine.definitions import Definitions, Market, Place
from regions.zones import EARLIEST, LATEST, instant, load_zone

UTC_ZONE = "UTC"


class Period(NamedTuple):
    """Half open: `[starts, ends)`, as instants."""

    starts: datetime
    ends: datetime

    def meet(self, other: Period) -> Period | None:
        """Return what both have in common, or None when that is nothing."""
        starts, ends = max(self.starts, other.starts), min(self.ends, other.ends)
        return Period(starts, ends) if starts < ends else None


ALWAYS = Period(EARLIEST, LATEST)


class Atlas:
    """Which places cover which territories, and when a date begins there.

    A territory that the snapshot does not know, and an unknown place (None), keep UTC.
    """

    def __init__(self, definitions: Definitions) -> None:
        """Read territories and markets; a zone without rules counts as UTC."""
        self.zones = {
            territory.code: territory.zone if _is_zone(territory.zone) else UTC_ZONE
            for territory in definitions.territories
        }
        self.markets: dict[str, Market] = {market.key: market for market in definitions.markets}

    def zone_of(self, *codes: str | None) -> str:
        """Return the zone of the first of these territories that is known, else UTC."""
        for code in codes:
            if code is not None and code in self.zones:
                return self.zones[code]
        return UTC_ZONE

    def period(self, code: str | None, starts: date | None, ends: date | None) -> Period:
        """Return the instants between two local dates of a territory."""
        zone = self.zone_of(code)
        return Period(
            EARLIEST if starts is None else instant(starts, zone),
            LATEST if ends is None else instant(ends, zone),
        )

    def cover(self, place: Place, code: str | None) -> tuple[Period, ...]:
        """Return when a place covers a territory; never is an empty tuple.

        An unknown territory is covered by everywhere alone. A subdivision covers its
        territory here; who asks must look at the person's subdivision as well.
        """
        if place.kind == "everywhere":
            return (ALWAYS,)
        if code is None:
            return ()
        if place.kind == "territory":
            return (ALWAYS,) if place.key == code else ()
        if place.kind == "subdivision":
            return (ALWAYS,) if place.key.partition("-")[0] == code else ()
        market = self.markets.get(place.key)
        if market is None:
            return ()
        return tuple(
            self.period(code, member.starts, member.ends)
            for member in market.members
            if member.territory == code
        )

    def list_codes(self, place: Place) -> tuple[str | None, ...]:
        """List the territories whose rules a place can touch; None stands for all others."""
        if place.kind == "everywhere":
            return (*self.zones, None)
        if place.kind == "territory":
            return (place.key,)
        if place.kind == "subdivision":
            return (place.key.partition("-")[0],)
        market = self.markets.get(place.key)
        members = market.members if market else ()
        return tuple(sorted({member.territory for member in members}))


def meet_all(period: Period, others: Iterable[Period]) -> tuple[Period, ...]:
    """Return what the period has in common with each of the others."""
    met = (period.meet(other) for other in others)
    return tuple(found for found in met if found is not None)


def _is_zone(name: str) -> bool:
    try:
        load_zone(name)
    except ValueError:
        return False
    return True
