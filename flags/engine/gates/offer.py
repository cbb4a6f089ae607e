"""PURE: gate `offer`, which asks: is the most specific offer at the offer basis live.

A rollout percentage of an offer is a sticky hash on top of whatever targeting asks.
"""

from __future__ import annotations

from flags.engine.atoms import Atom
from flags.engine.bucketing import bucket, find_identity
from flags.engine.context import Context
from flags.engine.definitions import Feature, Offer
from flags.engine.ground import Ground
from flags.engine.listings import (
    NO_ROWS,
    Listing,
    Row,
    list_dated_flips,
    list_platforms,
    offer_atom,
)
from flags.engine.outcomes import (
    Answers,
    Chance,
    Credit,
    Draw,
    Outcome,
    Reader,
    draw_share,
)
from flags.engine.result import Reason
from flags.engine.rows import Shelf

EVERYBODY_PERCENT = 100
REASONS = {
    "planned": Reason.PLANNED,
    "needs-partner": Reason.NEEDS_PARTNER,
    "withdrawn": Reason.WITHDRAWN,
    "not-offered": Reason.NOT_OFFERED,
    # Closed by law at a signal that is no law basis: still never on.
    "blocked-by-law": Reason.BLOCKED_BY_LAW,
}


class OfferGate:
    """Closed unless the offer basis is where the feature is live."""

    def __init__(self, feature: Feature, shelf: Shelf[Offer], answers: Answers) -> None:
        """Take a shelf of ranked offers; rows of a territory are made when it is first seen."""
        self.feature = feature
        self.basis = feature.offer_basis
        self.asks_partner = feature.partner_basis == self.basis
        self.shelf = shelf
        self.has_offers = bool(shelf.rules)
        self.answers = answers
        self.place = offer_atom(shelf, self.basis)
        names = list_platforms(shelf)
        self.platform = Atom(
            "platform", lambda name: name if name in names else "", key=("one of", names)
        )
        self.regions = regions = shelf.regions
        self.subdivision = Atom(
            "subdivision", lambda code: code if code in regions else "", key=("one of", regions)
        )
        self.has_platforms = bool(names)
        self.atoms = (
            *((self.place,) if self.has_offers else ()),
            *((self.platform,) if names else ()),
            *((self.subdivision,) if self.regions else ()),
        )
        self.flips = list_dated_flips(shelf, self.basis)

    def check(self, reader: Reader) -> Outcome | Chance | None:
        """Close unless the first row that holds now is live; without one the default decides.

        Where a partner has to be at this very basis, `needs-partner` is open too.
        """
        row = self._find_row(reader) if self.has_offers else None
        status = self.feature.default_status if row is None else row.status
        rule = None if row is None else row.rule
        # Whether a partner is here is for the gate partner to say.
        if status != "live" and not (status == "needs-partner" and self.asks_partner):
            detail = "" if row is None else row.place
            return self.answers.off(REASONS[status], rule=rule, signal=self.basis, detail=detail)
        reader.credit = Credit(rule, self.basis)
        if row is None or row.rollout is None or row.rollout >= EVERYBODY_PERCENT:
            return None
        closed = self.answers.off(Reason.NOT_IN_ROLLOUT, rule=rule, signal=self.basis)
        return closed if row.rollout <= 0 else OfferRollout(self.feature.key, row.rollout, closed)

    def _find_row(self, reader: Reader) -> Row | None:
        """Return the first row that holds now: the same for all who share the shelf."""
        memo = reader.memo
        if self.place not in memo:
            memo[self.place] = self._choose_row(reader)
        row: Row | None = memo[self.place]
        return row

    def _choose_row(self, reader: Reader) -> Row | None:
        platform = reader.cell(self.platform) if self.has_platforms else ""
        subdivision = reader.cell(self.subdivision) if self.regions else ""
        # Lowering asks about one signal at a time, and of others reads nothing.
        listing: Listing = reader.cell(self.place) or NO_ROWS
        for row in listing.rows:
            if (
                row.subdivision in ("", subdivision)
                and row.platform.lower() in ("", platform)
                and reader.passed(row.starts)
                and not reader.passed(row.ends)
            ):
                return row
        return None


class OfferRollout:
    """Open for a share of people; default stickiness, so anonymous people throw dice."""

    def __init__(self, group: str, percent: int, closed: Outcome) -> None:
        """Take the feature's key as the group, and a percentage from 1 to 99."""
        self.group = group
        self.percent = percent
        self.closed = closed

    def settle(self, context: Context) -> Outcome | None:
        """Close unless the person's bucket is within the percentage."""
        identity = find_identity(context, "default")
        value = context.dice(100) if identity is None else bucket(self.group, identity, 100)
        return None if value <= self.percent else self.closed

    def draw(self, last: Outcome) -> Draw | None:
        """Return the same as one draw."""
        return draw_share("default", self.group, self.percent, last, self.closed)


def build(feature: Feature, ground: Ground, answers: Answers) -> OfferGate | None:
    """Return the gate, or None when the feature asks no country for its offer."""
    if feature.offer_basis == "none":
        return None
    return OfferGate(feature, ground.offer_shelf_of(feature), answers)
