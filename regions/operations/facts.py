"""Facts of countries and regions, taken from CLDR (Babel) and never typed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies

ALPHA3_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What CLDR says of one territory; `currency` is its present first tender, or empty."""

    alpha3: str
    zones: tuple[str, ...]
    currency: str


def read_facts(code: str) -> Facts:
    """Return what CLDR says of an ISO alpha-2 code; zones are in alphabetical order."""
    currencies = get_territory_currencies(code)
    return Facts(
        alpha3=_alpha3_by_code()[code],
        zones=tuple(sorted(get_global("territory_zones").get(code, ()))),
        currency=str(currencies[0]) if currencies else "",
    )


def is_official(code: str, tag: str) -> bool:
    """Tell whether CLDR lists the locale's language as official in the territory."""
    parts = tag.split("-")
    names = {parts[0], "_".join(parts[:2])}
    return not names.isdisjoint(get_official_languages(code, de_facto=True))


@cache
def _alpha3_by_code() -> dict[str, str]:
    """Return alpha-3 codes by alpha-2 code.

    CLDR lists alpha-3 codes as aliases, withdrawn ones too (BUR beside MMR for MM). The
    valid one of two is the one that holds the letters of the alpha-2 code in their order.
    """
    found: dict[str, str] = {}
    for alias, codes in sorted(get_global("territory_aliases").items()):
        code = codes[0]
        if len(codes) > 1 or len(alias) != ALPHA3_LETTERS or not alias.isalpha():
            continue
        if code not in found or _holds_in_order(alias, code):
            found[code] = alias
    return found


def _holds_in_order(alias: str, code: str) -> bool:
    letters = iter(alias)
    return all(letter in letters for letter in code)
