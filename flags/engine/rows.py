"""PURE: dated rules of a feature at a territory, most specific first.

The law gate and the offer gate read the same rows; here is their one order (DOMAIN.md
section 3, DECISIONS 9).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from flags.engine.definitions import LegalOrder, Offer, Rule
from flags.engine.places import Atlas, Period, meet_all

_LEVELS = {
    ("feature", "subdivision"): 0,
    ("feature", "territory"): 1,
    ("feature", "market"): 2,
    ("bundle", "subdivision"): 3,
    ("bundle", "territory"): 4,
    ("bundle", "market"): 5,
    ("feature", "everywhere"): 6,
    ("bundle", "everywhere"): 7,
}


class Row(NamedTuple):
    """A rule where it holds at one territory, `[starts, ends)`.

    `subdivision` and `platform` empty mean any. A legal order's row is blocked-by-law.
    """

    rule: Rule
    status: str
    starts: datetime
    ends: datetime
    subdivision: str = ""
    platform: str = ""
    rollout: int | None = None
    place: str = ""


Rows = tuple[Row, ...]


def rank_offer(atlas: Atlas, offer: Offer) -> tuple[Any, ...]:
    """Return the sort key of an offer: the smaller it is, the more specific."""
    kind = "feature" if offer.target.feature else "bundle"
    market = atlas.markets.get(offer.place.key) if offer.place.kind == "market" else None
    return (
        _LEVELS[kind, offer.place.kind],
        -(market.priority if market else 0),
        offer.place.key,
        not offer.platform,
        not offer.basis,
        offer.rule.key,
    )


def list_offer_rows(atlas: Atlas, offers: Iterable[Offer], signal: str, code: str | None) -> Rows:
    """List the rows of ranked offers that speak of this signal at this territory."""
    rows: list[Row] = []
    for offer in offers:
        if offer.basis not in ("", signal):
            continue
        periods = atlas.cover(offer.place, code)
        if not periods:
            continue
        dates = atlas.period(code, offer.starts, offer.ends)
        rows += [_offer_row(offer, period) for period in meet_all(dates, periods)]
    return tuple(rows)


def list_order_rows(atlas: Atlas, orders: Iterable[LegalOrder], code: str | None) -> Rows:
    """List the rows of legal orders at this territory; each blocks from its date on."""
    rows: list[Row] = []
    for order in orders:
        periods = atlas.cover(order.place, code)
        if not periods:
            continue
        dates = atlas.period(code, order.effective, None)
        rows += [
            Row(
                rule=order.rule,
                status="blocked-by-law",
                starts=period.starts,
                ends=period.ends,
                subdivision=_subdivision(order),
                place=order.place.key,
            )
            for period in meet_all(dates, periods)
        ]
    return tuple(rows)


def _offer_row(offer: Offer, period: Period) -> Row:
    return Row(
        rule=offer.rule,
        status=offer.status,
        starts=period.starts,
        ends=period.ends,
        subdivision=_subdivision(offer),
        platform=offer.platform,
        rollout=offer.rollout,
        place=offer.place.key,
    )


def _subdivision(rule: Offer | LegalOrder) -> str:
    return rule.place.key if rule.place.kind == "subdivision" else ""
