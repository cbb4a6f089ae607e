"""PURE: placed and dated rules of a feature at a territory, most specific first.

Every gate that asks for a place reads its rules from here; here is their one order
(docs/domain.md section 3, docs/decisions.md 9).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from flags.engine.definitions import (
    AgeRule,
    Cap,
    ConsentRule,
    LegalOrder,
    LifeCycle,
    Offer,
    Place,
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


class Spanned(Protocol):
    """Anything that holds for the instants `[starts, ends)`."""

    @property
    def starts(self) -> datetime:
        """Return when it begins."""

    @property
    def ends(self) -> datetime:
        """Return when it ends."""


class Held(NamedTuple, Generic[R]):
    """A rule of any kind where it holds at one territory, `[starts, ends)`.

    Which subdivision or platform it asks for is not looked at here.
    """

    of: R
    starts: datetime
    ends: datetime


class Shelf(Generic[R]):
    """Rules by the territory that they cover, in the order in which they were given.

    `memo` is for what is made of the rules at a territory: what shares the shelf shares it.
    """

    def __init__(self, atlas: Atlas, rules: tuple[R, ...], ranks: tuple[int, ...] = ()) -> None:
        """Sort the rules once; those for everywhere are kept apart."""
        self.rules: tuple[R, ...] = rules
        self._held: dict[str | None, tuple[Held[R], ...]] = {}
        self.atlas = atlas
        self.memo: dict[Hashable, Any] = {}
        self.everywhere: list[tuple[int, R]] = []
        self.by_code: dict[str | None, list[tuple[int, R]]] = {}
        for rank, rule in zip(ranks or range(len(rules)), rules, strict=True):
            if rule.place.kind == "everywhere":
                self.everywhere.append((rank, rule))
            else:
                for code in atlas.list_codes(rule.place):
                    self.by_code.setdefault(code, []).append((rank, rule))

    def rank(self, code: str | None) -> list[tuple[int, R]]:
        """Return the rules that can touch a territory, with their ranks, in no order."""
        own: list[tuple[int, R]] = self.by_code.get(code, [])
        return [*own, *self.everywhere] if own else self.everywhere

    def at(self, code: str | None) -> list[R]:
        """Return the rules that can touch a territory."""
        return [rule for _rank, rule in sorted(self.rank(code), key=itemgetter(0))]

    def find_source(self, code: str | None) -> Shelf[R]:
        """Return the shelf that all rules at a territory come from."""
        del code
        return self

    def list_dated(self) -> frozenset[str | None]:
        """List the territories at which a rule begins or ends some day."""
        return self._dated

    @cached_property
    def _dated(self) -> frozenset[str | None]:
        return frozenset(
            code
            for rule in self.rules
            if self._is_dated(rule)
            for code in self.atlas.list_codes(rule.place)
        )

    @cached_property
    def regions(self) -> frozenset[str]:
        """The subdivisions that rules name."""
        return frozenset(rule.place.key for rule in self.rules if rule.place.kind == "subdivision")

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


class Pile(Shelf[R]):
    """Shelves on top of each other: a feature's own rules and those that it shares.

    Where just one of them has rules, that one answers, and with it everybody who shares it.
    """

    def __init__(self, atlas: Atlas, shelves: tuple[Shelf[R], ...]) -> None:
        """Take shelves whose ranks are of one order."""
        self.atlas = atlas
        self.shelves = shelves
        self.memo = {}
        self._held = {}

    @cached_property
    def rules(self) -> tuple[R, ...]:  # type: ignore[override]
        """All rules, shelf by shelf."""
        return tuple(rule for shelf in self.shelves for rule in shelf.rules)

    def rank(self, code: str | None) -> list[tuple[int, R]]:
        """Return the rules of all shelves, each once."""
        return list(dict(pair for shelf in self.shelves for pair in shelf.rank(code)).items())

    def find_source(self, code: str | None) -> Shelf[R]:
        """Return the only shelf that has rules for a territory, else this pile."""
        filled = [one for one in self.shelves if one.everywhere or code in one.by_code]
        return filled[0] if len(filled) == 1 else self if filled else self.shelves[0]

    @cached_property
    def _dated(self) -> frozenset[str | None]:
        return frozenset[str | None]().union(*[shelf.list_dated() for shelf in self.shelves])

    @cached_property
    def regions(self) -> frozenset[str]:
        """The subdivisions that rules name."""
        return frozenset[str]().union(*[shelf.regions for shelf in self.shelves])


def _span(rule: Offer | LegalOrder | PlacedRule) -> tuple[date | None, date | None]:
    """Return the local dates between which a rule holds; a life cycle always does."""
    if isinstance(rule, LifeCycle):
        return None, None
    return (rule.effective, None) if isinstance(rule, LegalOrder) else (rule.starts, rule.ends)


def _list_dates(rule: Offer | LegalOrder | PlacedRule) -> tuple[date | None, date | None]:
    """Return the local dates at which what a rule says changes."""
    return (rule.closed_to_new, rule.sunset) if isinstance(rule, LifeCycle) else _span(rule)


def list_flips(rows: Iterable[Spanned], territory: str) -> list[Flip]:
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
