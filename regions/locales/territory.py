"""PURE: country codes as they arrive, and the one form in which rules name them."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.core import get_global

# Codes that CLDR knows beside ISO 3166-1: exceptional reservations, groupings, private use.
_NOT_ISO = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ")
)
_ALPHA2_LENGTH = 2
# Longer texts are not codes; they are not remembered either.
_CODE_LENGTH_MAX = 16


def _read_cldr() -> tuple[frozenset[str], dict[str, str]]:
    """Return the ISO alpha-2 codes, and what other codes are written as in alpha-2."""
    known = {str(code) for code in Locale("en").territories}
    codes = frozenset({code for code in known if len(code) == _ALPHA2_LENGTH} - _NOT_ISO)
    written: dict[str, str] = {code: code for code in codes}
    aliases = get_global("territory_aliases")
    for alias, targets in aliases.items():
        # A code that was split among several successors names none of them.
        if alias.isalpha() and len(targets) == 1 and targets[0] in codes:
            written.setdefault(alias, targets[0])
    return codes, written


_CODES, _WRITTEN = _read_cldr()


def list_countries() -> tuple[str, ...]:
    """List every ISO 3166-1 alpha-2 code, sorted."""
    return tuple(sorted(_CODES))


def normalise_country(text: str | None) -> str | None:
    """Return the alpha-2 code that a client meant, or None when it is unknown.

    Alpha-3, lower case, surrounding white space and withdrawn codes with one successor
    are mapped (`UK` becomes `GB`); empty, `XX` and whatever is not a country are unknown.

    >>> normalise_country("usa"), normalise_country("UK"), normalise_country("XX")
    ('US', 'GB', None)
    """
    if not text or len(text) > _CODE_LENGTH_MAX:
        return None
    return _normalise(text)


@lru_cache(maxsize=4096)
def _normalise(text: str) -> str | None:
    return _WRITTEN.get(text.strip().upper())


def check_country(code: str) -> None:
    """Raise ValueError unless a rule may name the code: ISO 3166-1 alpha-2, upper case."""
    if code in _CODES:
        return
    meant = normalise_country(code)
    hint = f"; write {meant}" if meant else ""
    msg = f"{code!r} is not an ISO 3166-1 alpha-2 country code{hint}"
    raise ValueError(msg)


@lru_cache(maxsize=512)
def list_spellings(code: str) -> tuple[str, ...]:
    """List every upper-case text that is read as this country, the code itself first."""
    others = sorted(text for text, meant in _WRITTEN.items() if meant == code and text != code)
    return (code, *others)
