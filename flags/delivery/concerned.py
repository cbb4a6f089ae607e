"""PURE: whom a new revision concerns, told from what changed between two contents.

A hint that names too few territories would leave people with an old answer, hints can be
lost and revisions skipped; so nodes look at the values, not at what was announced.

A person is in the territories of account, location and storefront. Who has neither an account's
nor a location's territory is in none: age and consent ask them for what any place asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TypeVar

import msgspec

from flags.engine.definitions import (
    Definition,
    Definitions,
    Feature,
    KillSwitch,
    Offer,
    Place,
    Schedule,
    Target,
    Window,
)

Row = TypeVar("Row", bound=Definition)

EVERYBODY: tuple[str, ...] = ()
# Rows with a place of their own, which concern nobody elsewhere.
PLACED = ("offers", "orders", "ages", "consents", "life_cycles", "caps")
TERRITORIAL = ("partners", "clusters")
LOOKED_AT = (*PLACED, *TERRITORIAL, "schedules", "features", "segments")


class Unbounded(Exception):
    """A change that concerns everybody, or cannot be told apart."""


def list_concerned(
    old: Definitions,
    new: Definitions,
    old_kills: tuple[KillSwitch, ...] = (),
    new_kills: tuple[KillSwitch, ...] = (),
) -> tuple[str, ...]:
    """Return the territories whose people may get another answer, empty for everybody.

    Told by territory are rows with a place, and targeting of features that are live in some
    places only. Both must compile alike: a feature that breaks is off for everybody. Equal
    heads and tails of the ordered rows are passed over, so that one changed row among
    thousands costs a comparison each.
    """
    bare = dict.fromkeys(LOOKED_AT, ())
    if msgspec.structs.replace(old, **bare) != msgspec.structs.replace(new, **bare):
        return EVERYBODY
    try:
        codes = {
            code
            for part in (
                list_placed(old, new),
                list_territorial(old, new),
                list_scheduled(old.schedules, new.schedules),
                list_targeted(old, new),
                (need_code(kill.territory) for kill in changed(old_kills, new_kills)),
            )
            for code in part
        }
    except Unbounded:
        return EVERYBODY
    return tuple(sorted(codes))


def list_placed(old: Definitions, new: Definitions) -> Iterator[str]:
    """Return where the rows stand that changed."""
    calls = Calls(new)
    for name in PLACED:
        for row in changed(getattr(old, name), getattr(new, name)):
            if name == "orders":
                calls.refuse(row.targets)
            if isinstance(row, Offer) and row.status == "blocked-by-law":
                calls.refuse((row.target,))
            yield from list_place(row.place, new)


def list_territorial(old: Definitions, new: Definitions) -> Iterator[str]:
    """Return the territories of changed rows that have one; without one they are everywhere."""
    for name in TERRITORIAL:
        for row in changed(getattr(old, name), getattr(new, name)):
            yield need_code(row.territory)


def list_scheduled(old: tuple[Schedule, ...], new: tuple[Schedule, ...]) -> Iterator[str]:
    """Return the territories whose own windows changed; anything else concerns everybody."""
    if len(old) != len(new):
        raise Unbounded
    for before, after in zip(old, new, strict=True):
        if msgspec.structs.replace(before, windows=after.windows) != after:
            raise Unbounded
        theirs, ours = sort_windows(before.windows), sort_windows(after.windows)
        for code in theirs.keys() | ours.keys():
            if theirs.get(code) != ours.get(code):
                yield need_code(code)


def sort_windows(windows: tuple[Window, ...]) -> dict[str, list[Window]]:
    """Return the windows of each territory."""
    found: dict[str, list[Window]] = {}
    for window in windows:
        found.setdefault(window.territory, []).append(window)
    return found


def list_targeted(old: Definitions, new: Definitions) -> Iterator[str]:
    """Return where features may be on whose targeting changed; all else concerns everybody.

    Elsewhere an earlier gate closes them before targeting is asked, before and after; so
    those that require them see no change either.
    """
    if len(old.features) != len(new.features):
        raise Unbounded
    segments = {segment.id for segment in changed(old.segments, new.segments)}
    for before, after in zip(old.features, new.features, strict=True):
        if before == after and not (segments and uses(after, segments)):
            continue
        if msgspec.structs.replace(before, strategies=after.strategies) != after:
            raise Unbounded
        for offer in (*list_opening(before, old), *list_opening(after, new)):
            yield from list_place(offer.place, new)


def uses(feature: Feature, segments: set[int]) -> bool:
    """Tell whether a feature's targeting looks at one of these segments."""
    return any(not segments.isdisjoint(strategy.segments) for strategy in feature.strategies)


def list_opening(feature: Feature, definitions: Definitions) -> Iterator[Offer]:
    """Return the offers that may open a feature; all its others keep it closed."""
    if feature.offer_basis == "none" or feature.default_status in {"live", "needs-partner"}:
        raise Unbounded
    aims = (Target(feature=feature.key), Target(bundle=feature.bundle), Target())
    for offer in definitions.offers:
        if offer.status in {"live", "needs-partner"} and offer.target in aims:
            yield offer


def changed(old: tuple[Row, ...], new: tuple[Row, ...]) -> Iterable[Row]:
    """Return the rows that stand on one side only."""
    head = sum(1 for _ in takewhile(equal, zip(old, new, strict=False)))
    old, new = old[head:], new[head:]
    tail = sum(1 for _ in takewhile(equal, zip(reversed(old), reversed(new), strict=False)))
    return frozenset(old[: len(old) - tail]) ^ frozenset(new[: len(new) - tail])


def equal(pair: tuple[Row, Row]) -> bool:
    """Tell whether both are the same row."""
    return pair[0] == pair[1]


class Calls:
    """Features whose law looks at everybody in a call, and so at people anywhere."""

    def __init__(self, definitions: Definitions) -> None:
        """Find them, and the bundles in which they are."""
        found = [f for f in definitions.features if "participants" in f.law_basis]
        self.features = frozenset(feature.key for feature in found)
        self.bundles = frozenset(feature.bundle for feature in found)

    def refuse(self, targets: Iterable[Target]) -> None:
        """Raise when a law of one place reaches everybody through the people of a call."""
        for target in targets:
            whole_app = not target.feature and not target.bundle
            if target.feature in self.features or target.bundle in self.bundles:
                raise Unbounded
            if whole_app and self.features:
                raise Unbounded


def need_code(code: str) -> str:
    """Return a territory's code; a row without one is for everybody."""
    if not code:
        raise Unbounded
    return code


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
