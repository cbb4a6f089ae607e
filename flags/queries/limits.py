"""What limits a feature in a territory beside offers, orders and kill switches.

Life cycles, caps and partners, by the engine's own order of rules. The status of a cell
of the board stays that of its offer; this says what else to know there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from flags.engine import definitions as made
from flags.engine.atoms import normalise_name
from flags.engine.places import Atlas
from flags.engine.rows import Shelf, rank_rule
from flags.models import Feature
from flags.queries.caps import load_caps
from flags.queries.partners import load_partners
from flags.queries.people import load_life_cycles
from regions.zones import EARLIEST, LATEST, instant

R = TypeVar("R", made.Cap, made.LifeCycle)

EVERY_CITY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One thing to know: `kind` is `sunset`, `closed-to-new`, `cap-full` or `partners`.

    The first two begin on `date`, local to the territory, and `begun` says whether that
    has come. Partners serve so many `cities`, or all of them when that is None.
    """

    kind: str
    date: date | None = None
    begun: bool = True
    cities: int | None = 0

    @property
    def closes(self) -> bool:
        """Tell whether somebody who would have got the feature does not."""
        return self.begun and (self.kind != "partners" or self.cities == 0)


class Limits:
    """The limits of one scope at one territory; five queries whatever the size."""

    def __init__(
        self, app_key: str, environment_key: str, atlas: Atlas, code: str, now: datetime
    ) -> None:
        self._atlas = atlas
        self._code = code
        self._now = now
        self._cycles = load_life_cycles(app_key, environment_key, using="default")
        self._caps = load_caps(app_key, environment_key, using="default")
        self._partners = load_partners(app_key, using="default")

    def list_of(self, feature: Feature) -> tuple[Limit, ...]:
        """List what limits a feature here, what closes it most first."""
        return (
            *self._list_endings(feature),
            *self._list_caps(feature),
            *self._list_partners(feature),
        )

    def _list_endings(self, feature: Feature) -> Iterator[Limit]:
        """Give the last step that was taken, and the next one to come."""
        cycle = self._find_current(self._cycles, feature)
        if cycle is None:
            return
        steps = [("sunset", cycle.sunset), ("closed-to-new", cycle.closed_to_new)]
        for kind, day in steps:
            if day is not None:
                begun = self._at(day) <= self._now
                yield Limit(kind=kind, date=day, begun=begun)
                if begun:
                    return

    def _list_caps(self, feature: Feature) -> Iterator[Limit]:
        cap = self._find_current(self._caps, feature)
        if cap is not None and cap.full:
            yield Limit(kind="cap-full")

    def _list_partners(self, feature: Feature) -> Iterator[Limit]:
        """Count the cities in which a partner serves the feature now, if it needs one."""
        if not feature.partner_basis:
            return
        cities = {
            normalise_name(partner.city)
            for partner in self._partners
            if partner.territory == self._code
            and feature.key in partner.features
            and self._serves_now(partner)
        }
        yield Limit(kind="partners", cities=None if EVERY_CITY in cities else len(cities))

    def _serves_now(self, partner: made.Partner) -> bool:
        starts = EARLIEST if partner.starts is None else self._at(partner.starts)
        ends = LATEST if partner.ends is None else self._at(partner.ends)
        return starts <= self._now < ends

    def _find_current(self, rules: Iterable[R], feature: Feature) -> R | None:
        """Return the most specific rule that holds here now."""
        own = [
            rule
            for rule in rules
            if rule.target.feature == feature.key or rule.target.bundle == feature.bundle.key
        ]
        own.sort(key=lambda rule: rank_rule(self._atlas, rule))
        held = Shelf(self._atlas, tuple(own)).list_held(self._code)
        return next((one.of for one in held if one.starts <= self._now < one.ends), None)

    def _at(self, wall: date | datetime) -> datetime:
        return instant(wall, self._atlas.zone_of(self._code))
