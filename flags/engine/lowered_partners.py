"""PURE: the partners of a territory, as ways in which Unleash constraints let people in.

One way for each set of cities that accept the same wallets and require the same things,
so that a chain with a hundred cities is one strategy, not a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from flags.engine.atoms import normalise_name
from flags.engine.canonical import canonical_constraint
from flags.engine.definitions import Constraint
from flags.engine.gates.partner import (
    CITY_FIELD,
    EVERY_CITY,
    WALLET_FIELD,
    PartnerGate,
    Service,
)

Way = tuple[Constraint, ...]
# Wallets as they are compared; None stands for every wallet, also an unknown one.
Wallets = frozenset[str] | None
ANY_WALLET: Wallets = None


class PartnerWays(NamedTuple):
    """Ways of which one must hold, none when nobody is served; and what was left out."""

    ways: tuple[Way, ...]
    notes: tuple[str, ...]


def list_partner_ways(gate: PartnerGate, code: str | None, now: datetime) -> PartnerWays:
    """Return how people in a territory are served at a time; ELSEWHERE is served by nobody."""
    notes: list[str] = []
    by_needs: dict[Way, list[Service]] = {}
    for service in gate.list_services(code, now):
        needs = _lower_requirements(service)
        sendable = _spell(service.typed_city) or service.city == EVERY_CITY
        if needs is None or not sendable or not all(map(_spell, service.typed_wallets)):
            notes.append(f"the partner {service.rule.key} cannot be sent")
        else:
            by_needs.setdefault(needs, []).append(service)
    plain = _sort_cities(by_needs.get((), ()))
    ways: list[Way] = []
    for needs in sorted(by_needs, key=repr):
        cities = _sort_cities(by_needs[needs])
        shops = cities if not needs else {c: w for c, w in cities.items() if not _has(plain, c, w)}
        ways += [(*way, *needs) for way in _list_ways(shops)]
    return PartnerWays(tuple(ways), tuple(notes))


def _sort_cities(services: Iterable[Service]) -> dict[str, Wallets]:
    """Return which wallets are accepted in each city, leaving out what every city has."""
    found: dict[str, Wallets] = {}
    for service in services:
        wallets = frozenset(service.typed_wallets) or ANY_WALLET
        known = found.get(service.typed_city, frozenset())
        either = ANY_WALLET if wallets is None or known is None else known | wallets
        found[service.typed_city] = either
    everywhere = {EVERY_CITY: found[EVERY_CITY]} if EVERY_CITY in found else {}
    return {
        city: wallets
        for city, wallets in found.items()
        if city == EVERY_CITY or not _has(everywhere, city, wallets)
    }


def _has(cities: dict[str, Wallets], city: str, wallets: Wallets) -> bool:
    """Tell whether whoever has one of these wallets in the city is served already."""
    for name in (city, EVERY_CITY):
        accepted = cities.get(name, frozenset())
        if accepted is None or (wallets is not None and wallets <= accepted):
            return True
    return False


def _list_ways(cities: dict[str, Wallets]) -> list[Way]:
    """Return one way for each set of wallets, and one for every city."""
    alike: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    for city, wallets in cities.items():
        known = () if wallets is None else tuple(sorted(wallets))
        alike.setdefault((city == EVERY_CITY, known), []).append(city)
    ways: list[Way] = []
    for (everywhere, accepted), names in sorted(alike.items()):
        way = [] if everywhere else [_list_cities(names)]
        if accepted:
            way.append(Constraint(context_name=WALLET_FIELD, operator="IN", values=accepted))
        ways.append(tuple(way))
    return ways


def _lower_requirements(service: Service) -> Way | None:
    """Return what must be brought, None when an SDK could read a part of it differently."""
    found = [canonical_constraint(need.constraint) for need in service.requirements]
    # An SDK may have been told another name for its environment.
    if any(one is None or one.context_name == "environment" for one in found):
        return None
    return tuple(one for one in found if one is not None)


def _spell(typed: str) -> tuple[str, ...]:
    """Return a name as it is written and in small letters, as far as it can be sent."""
    names = dict.fromkeys((typed.strip(), normalise_name(typed)))
    return tuple(
        name
        for name in names
        if canonical_constraint(Constraint(context_name="name", operator="IN", values=(name,)))
    )


def _list_cities(names: Iterable[str]) -> Constraint:
    values = {name for typed in names for name in _spell(typed)}
    return Constraint(context_name=CITY_FIELD, operator="IN", values=tuple(sorted(values)))
