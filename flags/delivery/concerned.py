"""PURE: whom a new revision concerns, told from what changed between two contents.

A hint that names too few territories would leave people with an old answer, hints can be
lost and revisions skipped; so nodes look at the values, not at what was announced.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import TypeVar

import msgspec

from flags.engine.definitions import (
    Definitions,
    KillSwitch,
    LegalOrder,
    Offer,
    Partner,
    Place,
    Target,
)

Row = TypeVar("Row", Offer, LegalOrder, Partner, KillSwitch)

EVERYBODY: tuple[str, ...] = ()


class Unbounded(Exception):
    """A change that concerns everybody, or cannot be told apart."""


def list_concerned(
    old: Definitions,
    new: Definitions,
    old_kills: tuple[KillSwitch, ...] = (),
    new_kills: tuple[KillSwitch, ...] = (),
) -> tuple[str, ...]:
    """Return the territories whose people may get another answer, empty for everybody.

    Only changes of offers, orders, partners and kills are told by territory. Equal heads and tails
    of the ordered rows are passed over, so that one changed row among thousands costs a
    comparison each.
    """
    bare = {"offers": (), "orders": (), "partners": ()}
    if msgspec.structs.replace(old, **bare) != msgspec.structs.replace(new, **bare):
        return EVERYBODY
    people_of_calls = frozenset(f.key for f in new.features if "participants" in f.law_basis)
    bundles_of_calls = frozenset(f.bundle for f in new.features if "participants" in f.law_basis)
    codes: set[str] = set()
    try:
        for offer in changed(old.offers, new.offers):
            if offer.status == "blocked-by-law":
                require_no_calls((offer.target,), people_of_calls, bundles_of_calls)
            codes |= list_place(offer.place, new)
        for order in changed(old.orders, new.orders):
            require_no_calls(order.targets, people_of_calls, bundles_of_calls)
            codes |= list_place(order.place, new)
        for partner in changed(old.partners, new.partners):
            codes |= list_place(Place("territory", partner.territory), new)
        for kill in changed(old_kills, new_kills):
            codes |= list_place(Place("territory", kill.territory), new)
    except Unbounded:
        return EVERYBODY
    return tuple(sorted(codes))


def changed(old: tuple[Row, ...], new: tuple[Row, ...]) -> Iterable[Row]:
    """Return the rows that stand on one side only."""
    head = sum(1 for _ in takewhile(equal, zip(old, new, strict=False)))
    old, new = old[head:], new[head:]
    tail = sum(1 for _ in takewhile(equal, zip(reversed(old), reversed(new), strict=False)))
    return frozenset(old[: len(old) - tail]) ^ frozenset(new[: len(new) - tail])


def equal(pair: tuple[Row, Row]) -> bool:
    """Tell whether both are the same row."""
    return pair[0] == pair[1]


def require_no_calls(
    targets: Iterable[Target], features: frozenset[str], bundles: frozenset[str]
) -> None:
    """Raise when a law of one place reaches everybody through the people of a call."""
    for target in targets:
        whole_app = not target.feature and not target.bundle
        if target.feature in features or target.bundle in bundles:
            raise Unbounded
        if whole_app and features:
            raise Unbounded


def list_place(place: Place, definitions: Definitions) -> frozenset[str]:
    """Return the territories of a place; a subdivision counts as its territory."""
    if place.kind == "territory" and place.key:
        return frozenset({place.key})
    if place.kind == "subdivision":
        return frozenset({place.key.partition("-")[0]})
    if place.kind == "market":
        for market in definitions.markets:
            if market.key == place.key:
                return frozenset(member.territory for member in market.members)
    raise Unbounded
