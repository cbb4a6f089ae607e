"""Of which territories a stream hears: those that its client names, or where its person is."""

from __future__ import annotations

from flags.delivery.http import Refusal
from flags.delivery.inputs import Pairs, find_property
from flags.delivery.reach import limit_territories, name_all
from flags.engine.context import Context
from flags.engine.signals import EVIDENCE, UNKNOWN, resolve
from flags.publishing.snapshot import Token
from regions.locales.territory import normalise_country

MAX_TERRITORIES = 300
EVERYWHERE: frozenset[str] = frozenset()
SIGNALS = {name: signal for signal, names in EVIDENCE.items() for name in names}


def read_hearing(token: Token, pairs: Pairs) -> frozenset[str]:
    """Return the territories of a stream's query, empty for all; 400 for what is no country.

    `territories` names them. The fields of a context (`accountCountry`, `locationCountry`,
    `storefrontCountry` and the others) say where one person is; who has no account's and no
    location's country may be concerned by anything, and hears everything.
    """
    named = [code for name, text in pairs if name == "territories" for code in text.split(",")]
    if len(named) > MAX_TERRITORIES:
        raise Refusal(400, f"More than {MAX_TERRITORIES} territories are asked for.")
    asked = frozenset(read_code("territories", code) for code in named if code.strip())
    person = read_person(pairs)
    if not person:
        return limit_territories(token, asked)
    residence = person.get("account") or person.get("location")
    if not residence:
        return limit_territories(token, asked)
    if token.territories and residence.isdisjoint(token.territories):
        raise Refusal(403, f"This token is for people in {name_all(token)} only.")
    # A visitor hears of the country too in which they are.
    return frozenset[str]().union(*person.values()) | (
        limit_territories(token, asked) if asked else EVERYWHERE
    )


def read_person(pairs: Pairs) -> dict[str, frozenset[str]]:
    """Return the countries of each signal that a query tells."""
    found: dict[str, frozenset[str]] = {}
    for name, text in pairs:
        field = find_property(name) or name
        signal = SIGNALS.get(field)
        if signal is not None and text.strip().upper() not in UNKNOWN:
            found[signal] = found.get(signal, EVERYWHERE) | {read_code(field, text)}
    return found


def name_whereabouts(context: Context) -> str:
    """Return what a stream's address adds for a person, so that it is silent about elsewhere.

    Empty where no account's and no location's country is known: they hear everything.
    """
    seen = resolve(context)
    if seen.account is None and seen.location is None:
        return ""
    told = (("account", seen.account), ("location", seen.location), ("storefront", seen.storefront))
    return "".join(f"&{signal}Country={code}" for signal, code in told if code is not None)


def read_code(field: str, text: str) -> str:
    """Return a country's alpha-2 code, however it is written."""
    code = normalise_country(text)
    if code is None:
        raise Refusal(
            400,
            f"{field}: {text.strip()[:20]!r} is not a country; "
            "write ISO 3166-1 codes such as MY, separated by commas.",
        )
    return code
