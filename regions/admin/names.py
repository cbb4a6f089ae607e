"""Names of places in the reader's language, from CLDR."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language


def territory_name(code: str, language: str | None = None) -> str:
    """Return the name of a country or region; the code itself when CLDR has none."""
    return _names(language or get_language() or "en").get(code, code)


def short_territory_name(code: str, language: str | None = None) -> str:
    """Return the name as a narrow column shows it: "Hong Kong", not "Hong Kong SAR China".

    CLDR has such short names, Babel leaves them out of its data; the suffix is the English one.
    """
    return territory_name(code, language).removesuffix(" SAR China")


def locale_name(tag: str, language: str | None = None) -> str:
    """Return the name of a locale, such as "Traditional Chinese (Hong Kong)"."""
    return _locale_name(tag, language or get_language() or "en")


@lru_cache(maxsize=32)
def _names(language: str) -> dict[str, str]:
    return dict(_parse(language).territories)


@lru_cache(maxsize=1024)
def _locale_name(tag: str, language: str) -> str:
    try:
        return Locale.parse(tag, sep="-").get_display_name(_parse(language)) or tag
    except (UnknownLocaleError, ValueError):
        return tag


def _parse(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
