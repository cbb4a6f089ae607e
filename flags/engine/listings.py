"""PURE: offers and legal orders as the gates `offer` and `law` read them at a territory.

What they read there is a listing, made once for all features that share a shelf: a bundle's
features ask the same question and get the same cell.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import NamedTuple, TypeVar

from flags.engine.atoms import Atom
from flags.engine.definitions import LegalOrder, Offer, Rule
from flags.engine.outcomes import Flip
from flags.engine.rows import Held, Pile, Shelf, list_flips
from flags.engine.signals import Sighting

R = TypeVar("R", Offer, LegalOrder)

BLOCKED = "blocked-by-law"


class Row(NamedTuple):
    """A rule where it holds at one territory, `[starts, ends)`.

    `subdivision` and `platform` empty mean any. A legal order's row is blocked-by-law. The
    first and the last field tell people where the decision comes from, and decide nothing.
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


class Listing:
    """Rows at a territory, made once for all who share a shelf; equal to itself only.

    Classes are told apart by what holds at their places, so cells are hashed and compared
    whenever a value is new: that must not walk through rows.
    """

    __slots__ = ("_said", "blocks", "rows")

    def __init__(self, rows: Rows) -> None:
        """Wrap the rows, and tell whether one of them blocks by law."""
        self.rows = rows
        self.blocks = any(row.status == BLOCKED for row in rows)
        self._said: Hashable = None

    @property
    def said(self) -> Hashable:
        """What the rows decide, wherever it is and whoever decided it."""
        if self._said is None:
            self._said = tuple(row[1:-1] for row in self.rows)
        return self._said


NO_ROWS = Listing(())


def has_blocks(shelf: Shelf[Offer]) -> bool:
    """Tell whether an offer blocks by law anywhere."""
    found: bool | None = shelf.memo.get("blocks")
    if found is None:
        shelves = shelf.shelves if isinstance(shelf, Pile) else ()
        found = (
            any(map(has_blocks, shelves))
            if shelves
            else any(offer.status == BLOCKED for offer in shelf.rules)
        )
        shelf.memo["blocks"] = found
    return found


def list_platforms(shelf: Shelf[Offer]) -> frozenset[str]:
    """List the platforms that offers name, in lower case."""
    found: frozenset[str] | None = shelf.memo.get("platforms")
    if found is None:
        names = (offer.platform.lower() for offer in shelf.rules if offer.platform)
        if isinstance(shelf, Pile):
            found = frozenset[str]().union(*map(list_platforms, shelf.shelves))
        else:
            found = frozenset(names)
        shelf.memo["platforms"] = found
    return found


def list_offer_rows(shelf: Shelf[Offer], signal: str, code: str | None) -> Listing:
    """List the rows of ranked offers that speak of this signal at this territory."""
    return _list_rows(
        shelf,
        signal,
        code,
        lambda held: (
            Row(
                rule=held.of.rule,
                status=held.of.status,
                starts=held.starts,
                ends=held.ends,
                subdivision=_subdivision(held.of),
                platform=held.of.platform,
                rollout=held.of.rollout,
                place=held.of.place.key,
            )
            if held.of.basis in ("", signal)
            else None
        ),
    )


def list_order_rows(shelf: Shelf[LegalOrder], code: str | None) -> Listing:
    """List the rows of legal orders at this territory; each blocks from its date on."""
    return _list_rows(
        shelf,
        "",
        code,
        lambda held: Row(
            rule=held.of.rule,
            status=BLOCKED,
            starts=held.starts,
            ends=held.ends,
            subdivision=_subdivision(held.of),
            place=held.of.place.key,
        ),
    )


def offer_atom(shelf: Shelf[Offer], signal: str) -> Atom:
    """Return the question which offers are at a signal's place, one for all of the shelf."""
    atom: Atom | None = shelf.memo.get(("atom", signal))
    if atom is None:

        def read(seen: Sighting) -> Listing:
            return list_offer_rows(shelf, signal, seen.code)

        atom = shelf.memo["atom", signal] = Atom(signal, read)
    return atom


def list_dated_flips(shelf: Shelf[Offer], signal: str) -> tuple[Flip, ...]:
    """List when offers begin and end anywhere, in order; features of a shelf share the list."""
    flips: tuple[Flip, ...] | None = shelf.memo.get(("flips", signal))
    if flips is None:
        found = {
            flip
            for code in shelf.list_dated()
            for flip in list_flips(list_offer_rows(shelf, signal, code).rows, code or "")
        }
        flips = shelf.memo["flips", signal] = tuple(sorted(found))
    return flips


def _list_rows(
    shelf: Shelf[R], signal: str, code: str | None, build: Callable[[Held[R]], Row | None]
) -> Listing:
    """Build rows where they were not yet asked for; equal rows are one listing."""
    source = shelf.find_source(code)
    listing: Listing | None = source.memo.get(("rows", signal, code))
    if listing is None:
        built = (build(held) for held in source.list_held(code))
        rows = tuple(row for row in built if row is not None)
        listing = source.memo.setdefault(rows, Listing(rows)) if rows else NO_ROWS
        source.memo["rows", signal, code] = listing
    return listing


def _subdivision(rule: Offer | LegalOrder) -> str:
    return rule.place.key if rule.place.kind == "subdivision" else ""
