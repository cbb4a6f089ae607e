"""PURE: gate `law`, which asks: is the feature blocked where any law-basis signal is.

Legal orders come first; then, for each signal, the most specific offer at its place counts
when it is blocked-by-law. Where a platform is unknown, a block for a platform holds:
lack of evidence never turns a legal block off. Where the subdivision is unknown, a block
of any subdivision of the place holds for features that fail closed; others are open.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature, LegalOrder, Offer
from flags.engine.ground import Ground
from flags.engine.listings import (
    BLOCKED,
    NO_ROWS,
    Listing,
    Row,
    Rows,
    has_blocks,
    list_offer_rows,
    list_order_rows,
    list_platforms,
)
from flags.engine.outcomes import Answers, Flip, Outcome, Reader
from flags.engine.result import Reason
from flags.engine.rows import Shelf, list_flips
from flags.engine.signals import Participants, Sighting


class LawGate:
    """Closed where an order or a blocked offer holds for one of the signals."""

    def __init__(
        self,
        signals: tuple[str, ...],
        offers: Shelf[Offer],
        orders: Shelf[LegalOrder],
        answers: Answers,
        *,
        fail_closed: bool,
    ) -> None:
        """Take ranked offers and orders; rows of a territory are made when it is first seen."""
        self.signals = signals
        self.offers = offers
        self.orders = orders
        self.answers = answers
        self.places = {signal: self._share_atom(signal) for signal in signals}
        names = list_platforms(offers)
        self.platform = Atom(
            "platform",
            lambda name: name if name is None or name in names else "",
            key=("one of or unknown", names),
        )
        self.regions = offers.regions | orders.regions
        # Who may be in any of them is asked about all: as strict as the strictest of them.
        self.anywhere = ("", *sorted(self.regions)) if fail_closed else ("",)
        self.subdivision = Atom("subdivision", self._read_subdivision)
        self.atoms = (
            *self.places.values(),
            *((self.platform,) if names else ()),
            *((self.subdivision,) if self.regions else ()),
        )
        self.has_platforms = bool(names)
        self.flips = tuple(sorted(set(self._list_flips())))

    def check(self, reader: Reader) -> Outcome | None:
        """Close by the first signal, in the feature's order, at whose place it is blocked."""
        platform = reader.cell(self.platform) if self.has_platforms else ""
        subdivisions = reader.cell(self.subdivision) if self.regions else ("",)
        for signal, atom in self.places.items():
            for orders, offers in reader.cell(atom):
                for subdivision in subdivisions:
                    row = _find_order(orders.rows, reader, subdivision) or _find_block(
                        offers.rows, reader, subdivision, platform
                    )
                    if row is not None:
                        return self.answers.off(
                            Reason.BLOCKED_BY_LAW, rule=row.rule, signal=signal, detail=row.place
                        )
        return None

    def _read_subdivision(self, code: str | None) -> tuple[str, ...]:
        """Return the subdivisions in which the person may be, as far as rules name them."""
        if code is None:
            return self.anywhere
        return (code,) if code in self.regions else ("",)

    def _share_atom(self, signal: str) -> Atom:
        """Return the question what blocks at a signal's place, one for all of both shelves."""
        key = ("law", signal, self.offers)
        atom: Atom | None = self.orders.memo.get(key)
        if atom is None:
            atom = self.orders.memo[key] = Atom(signal, self._reader_of(signal))
        return atom

    def _reader_of(self, signal: str) -> Any:
        """Make the atom's read: the rows of every place at which the signal was seen."""
        if signal == "participants":
            return self._read_everybody
        return lambda seen: self._read_place(signal, seen)

    def _read_place(self, signal: str, seen: Sighting) -> Hashable:
        rows = self._rows_at(signal, seen.code)
        return (rows,) if rows is not None else ()

    def _read_everybody(self, seen: Participants) -> Hashable:
        found = (self._rows_at("participants", code) for code in seen.codes)
        return tuple(rows for rows in found if rows is not None)

    def _rows_at(self, signal: str, code: str | None) -> tuple[Listing, Listing] | None:
        """Return orders and offers at a place, None where nothing there ever blocks."""
        offers = list_offer_rows(self.offers, signal, code)
        if not offers.blocks:
            offers = NO_ROWS
        orders = list_order_rows(self.orders, code)
        return (orders, offers) if orders.rows or offers.rows else None

    def _list_flips(self) -> list[Flip]:
        """List the boundaries at every place; with participants they concern everybody."""
        codes = self.offers.list_dated() | self.orders.list_dated()
        everybody = "participants" in self.signals
        return [
            flip
            for signal in self.signals
            for code in codes
            for flip in list_flips(
                _flatten(self._rows_at(signal, code)), "" if everybody else code or ""
            )
        ]


def build(feature: Feature, ground: Ground, answers: Answers) -> LawGate | None:
    """Return the gate, or None when nothing could ever block the feature."""
    if not feature.law_basis:
        return None
    offers = ground.offer_shelf_of(feature)
    orders = ground.order_shelf_of(feature)
    if not has_blocks(offers):
        offers = ground.no_offers
    if not (offers.rules or orders.rules):
        return None
    signals = tuple(dict.fromkeys(feature.law_basis))
    return LawGate(signals, offers, orders, answers, fail_closed=feature.fail_closed)


def _find_order(rows: Rows, reader: Reader, subdivision: str) -> Row | None:
    for row in rows:
        if row.subdivision in ("", subdivision) and _is_current(row, reader):
            return row
    return None


def _find_block(rows: Rows, reader: Reader, subdivision: str, platform: str | None) -> Row | None:
    """Return the most specific row when it blocks; an unknown platform meets every block."""
    for row in rows:
        if row.subdivision not in ("", subdivision) or not _is_current(row, reader):
            continue
        elsewhere = row.platform and row.platform.lower() != platform
        if elsewhere and not (platform is None and row.status == BLOCKED):
            continue
        return row if row.status == BLOCKED else None
    return None


def _is_current(row: Row, reader: Reader) -> bool:
    return reader.passed(row.starts) and not reader.passed(row.ends)


def _flatten(rows: tuple[Listing, Listing] | None) -> Rows:
    return () if rows is None else rows[0].rows + rows[1].rows
