"""PURE: placed and dated rules of a feature at a territory, most specific first.

Every gate that asks for a place reads its rules from here; here is their one order
(DOMAIN.md section 3, DECISIONS 9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from flags.engine.definitions import (
    AgeRule,
    Cap,
    ConsentRule,
    LegalOrder,
    LifeCycle,
    Offer,
    Place,
    Rule,
    Target,
)
from flags.engine.outcomes import Flip
from flags.engine.places import Atlas, meet_all
from regions.zones import EARLIEST, LATEST

# Rules for a target at a place; the most specific that holds counts, or all of them do.
PlacedRule = AgeRule | Cap | ConsentRule | LifeCycle
R = TypeVar("R", bound=Offer | LegalOrder | PlacedRule)
Passed = Callable[[datetime], bool]

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


class Held(NamedTuple, Generic[R]):
    """A rule of any kind where it holds at one territory, `[starts, ends)`.

    Which subdivision or platform it asks for is not looked at here.
    """

    of: R
    starts: datetime
    ends: datetime


class Shelf(Generic[R]):
    """Rules by the territory that they cover, in the order in which they were given."""

    def __init__(self, atlas: Atlas, rules: tuple[R, ...]) -> None:
        """Sort the rules once; those for everywhere are kept apart."""
        self.rules: tuple[R, ...] = rules
        self._held: dict[str | None, tuple[Held[R], ...]] = {}
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

    def list_held(self, code: str | None) -> tuple[Held[R], ...]:
        """List the rules that hold at a territory at some time, in the given order."""
        held = self._held.get(code)
        if held is None:
            held = self._held[code] = tuple(self._hold(code))
        return held

    def list_anywhere(self) -> tuple[Held[R], ...]:
        """List the rules wherever they hold, for a person whose place is unknown."""
        codes = {code: None for rule in self.rules for code in self.atlas.list_codes(rule.place)}
        return tuple(dict.fromkeys(held for code in codes for held in self.list_held(code)))

    def list_flips(self) -> tuple[Flip, ...]:
        """List when the rules begin and end, at each territory."""
        found = {
            flip
            for code in self.list_dated()
            for flip in list_flips(self.list_held(code), code or "")
        }
        return tuple(sorted(found))

    def _hold(self, code: str | None) -> Iterator[Held[R]]:
        for rule in self.at(code):
            periods = self.atlas.cover(rule.place, code)
            if periods:
                dates = self.atlas.period(code, *_span(rule))
                yield from (Held(rule, *period) for period in meet_all(dates, periods))

    def _is_dated(self, rule: R) -> bool:
        if any(_list_dates(rule)):
            return True
        market = self.atlas.markets.get(rule.place.key) if rule.place.kind == "market" else None
        return market is not None and any(one.starts or one.ends for one in market.members)


def _span(rule: Offer | LegalOrder | PlacedRule) -> tuple[date | None, date | None]:
    """Return the local dates between which a rule holds; a life cycle always does."""
    if isinstance(rule, LifeCycle):
        return None, None
    return (rule.effective, None) if isinstance(rule, LegalOrder) else (rule.starts, rule.ends)


def _list_dates(rule: Offer | LegalOrder | PlacedRule) -> tuple[date | None, date | None]:
    """Return the local dates at which what a rule says changes."""
    return (rule.closed_to_new, rule.sunset) if isinstance(rule, LifeCycle) else _span(rule)


def list_flips(rows: Iterable[Row | Held[Any]], territory: str) -> list[Flip]:
    """List when the rows begin and end, leaving out always."""
    return [
        Flip(at, territory)
        for row in rows
        for at in (row.starts, row.ends)
        if EARLIEST < at < LATEST
    ]


def find_current(rows: Iterable[Held[R]], passed: Passed) -> Held[R] | None:
    """Return the first rule that holds, by what tells whether an instant has passed."""
    for row in rows:
        if passed(row.starts) and not passed(row.ends):
            return row
    return None


def rank_rule(atlas: Atlas, rule: PlacedRule) -> tuple[Any, ...]:
    """Return the sort key of a rule: the smaller it is, the more specific."""
    return (*_rank_place(atlas, rule.target, rule.place), rule.rule.key)


def rank_offer(atlas: Atlas, offer: Offer) -> tuple[Any, ...]:
    """Return the sort key of an offer, in which a platform and a basis count as well."""
    return (
        *_rank_place(atlas, offer.target, offer.place),
        not offer.platform,
        not offer.basis,
        offer.rule.key,
    )


def _rank_place(atlas: Atlas, target: Target, place: Place) -> tuple[Any, ...]:
    kind = "feature" if target.feature else "bundle"
    market = atlas.markets.get(place.key) if place.kind == "market" else None
    return (_LEVELS[kind, place.kind], -(market.priority if market else 0), place.key)


def list_offer_rows(shelf: Shelf[Offer], signal: str, code: str | None) -> Rows:
    """List the rows of ranked offers that speak of this signal at this territory."""
    return tuple(
        Row(
            rule=offer.rule,
            status=offer.status,
            starts=starts,
            ends=ends,
            subdivision=_subdivision(offer),
            platform=offer.platform,
            rollout=offer.rollout,
            place=offer.place.key,
        )
        for offer, starts, ends in shelf.list_held(code)
        if offer.basis in ("", signal)
    )


def list_order_rows(shelf: Shelf[LegalOrder], code: str | None) -> Rows:
    """List the rows of legal orders at this territory; each blocks from its date on."""
    return tuple(
        Row(
            rule=order.rule,
            status="blocked-by-law",
            starts=starts,
            ends=ends,
            subdivision=_subdivision(order),
            place=order.place.key,
        )
        for order, starts, ends in shelf.list_held(code)
    )


def _subdivision(rule: Offer | LegalOrder) -> str:
    return rule.place.key if rule.place.kind == "subdivision" else ""
