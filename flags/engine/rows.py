"""PURE: dated rules of a feature at a territory, most specific first.

The law gate and the offer gate read the same rows; here is their one order (DOMAIN.md
section 3, DECISIONS 9).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from flags.engine.definitions import LegalOrder, Offer, Rule
from flags.engine.outcomes import Flip
from flags.engine.places import Atlas, Period, meet_all
from regions.zones import EARLIEST, LATEST

R = TypeVar("R", bound=Offer | LegalOrder)

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


class Shelf(Generic[R]):
    """Rules by the territory that they cover, in the order in which they were given."""

    def __init__(self, atlas: Atlas, rules: tuple[R, ...]) -> None:
        """Sort the rules once; those for everywhere are kept apart."""
        self.rules: tuple[R, ...] = rules
        self.atlas = atlas
        self.everywhere: list[tuple[int, R]] = []
        self.by_code: dict[str | None, list[tuple[int, R]]] = {}
        for rank, rule in enumerate(rules):
            if rule.place.kind == "everywhere":
                self.everywhere.append((rank, rule))
            else:
                for code in atlas.list_codes(rule.place):
                    self.by_code.setdefault(code, []).append((rank, rule))

    def at(self, code: str | None) -> list[R]:
        """Return the rules that can touch a territory."""
        own: list[tuple[int, R]] = self.by_code.get(code, [])
        ranked = sorted((*own, *self.everywhere), key=itemgetter(0)) if own else self.everywhere
        return [rule for _rank, rule in ranked]

    def list_dated(self) -> set[str | None]:
        """List the territories at which a rule begins or ends some day."""
        return {
            code
            for rule in self.rules
            if self._is_dated(rule)
            for code in self.atlas.list_codes(rule.place)
        }

    def _is_dated(self, rule: R) -> bool:
        if isinstance(rule, LegalOrder) or rule.starts or rule.ends:
            return True
        market = self.atlas.markets.get(rule.place.key) if rule.place.kind == "market" else None
        return market is not None and any(one.starts or one.ends for one in market.members)


def list_flips(rows: Iterable[Row], territory: str) -> list[Flip]:
    """List when the rows begin and end, leaving out always."""
    return [
        Flip(at, territory)
        for row in rows
        for at in (row.starts, row.ends)
        if EARLIEST < at < LATEST
    ]


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


def list_offer_rows(shelf: Shelf[Offer], signal: str, code: str | None) -> Rows:
    """List the rows of ranked offers that speak of this signal at this territory."""
    atlas = shelf.atlas
    rows: list[Row] = []
    for offer in shelf.at(code):
        if offer.basis not in ("", signal):
            continue
        periods = atlas.cover(offer.place, code)
        if not periods:
            continue
        dates = atlas.period(code, offer.starts, offer.ends)
        rows += [_offer_row(offer, period) for period in meet_all(dates, periods)]
    return tuple(rows)


def list_order_rows(shelf: Shelf[LegalOrder], code: str | None) -> Rows:
    """List the rows of legal orders at this territory; each blocks from its date on."""
    atlas = shelf.atlas
    rows: list[Row] = []
    for order in shelf.at(code):
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
