"""Commands about countries, regions and their parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import Subdivision, Territory
from regions.operations.checks import check_country, check_given, get_territory, shown
from regions.operations.facts import read_facts
from regions.operations.rows import put

SUBDIVISION_CODE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
ZONES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTerritory(Command):
    """Have a country or region; its facts come from CLDR.

    `default_zone` is needed where CLDR lists several zones and the territory is new;
    empty keeps the zone that it has.
    """

    code: str
    default_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSubdivision(Command):
    """Have a part of a territory, by its ISO 3166-2 code."""

    code: str
    name: str


@operation(AddTerritory, permission="regions")
def add_territory(command: AddTerritory, _moment: Moment) -> Iterable[Change]:
    """Write the territory with the facts of the CLDR that is installed."""
    check_country(command.code, field="code")
    facts = read_facts(command.code)
    found = Territory.objects.filter(code=command.code).first()
    wanted = command.default_zone or (found.default_zone if found else "")
    values = {
        "alpha3": facts.alpha3,
        "default_zone": _choose_zone(command.code, wanted, facts.zones),
        "zones": list(facts.zones),
        "currency": facts.currency,
    }
    return put(found, Territory(code=command.code), values).changes("territory", command.code)


@operation(AddSubdivision, permission="regions")
def add_subdivision(command: AddSubdivision, _moment: Moment) -> Iterable[Change]:
    """Write the subdivision under the territory that its code begins with."""
    if not SUBDIVISION_CODE.fullmatch(command.code):
        raise Refused(
            f"“{shown(command.code)}” is not an ISO 3166-2 code such as CA-QC.",
            code="bad_subdivision",
            field="code",
        )
    territory = get_territory(command.code[:2], field="code")
    name = check_given(command.name, name="a name", of=command.code, field="name")
    written = put(
        Subdivision.objects.filter(code=command.code).first(),
        Subdivision(code=command.code),
        {"territory": territory, "name": name},
    )
    return written.changes("subdivision", command.code)


def _choose_zone(code: str, wanted: str, zones: tuple[str, ...]) -> str:
    """Return the wanted zone, or the only one there is; dates of rules hang on it."""
    if not wanted and len(zones) == 1:
        return zones[0]
    if wanted in zones:
        return wanted
    some = ", ".join(zones[:ZONES_SHOWN]) + (", …" if len(zones) > ZONES_SHOWN else "")
    if not zones:
        message = f"{code} has no time zone in CLDR, so no date could begin there."
    elif not wanted:
        message = f"{code} has {len(zones)} time zones ({some}); say which one its dates follow."
    else:
        message = f"“{shown(wanted)}” is not a time zone of {code}; CLDR lists {some}."
    raise Refused(
        message,
        code="unknown_zone" if wanted else "zone_missing",
        field="default_zone",
    )
