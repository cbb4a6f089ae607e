"""PURE: what CLDR knows of a territory, and how a language writes numbers and dates there.

A person is addressed by the pair of a locale and a territory. The language never follows
from the territory; the formats do: CLDR's own locale for the language in that territory
where there is one (English in Germany writes 31/12/2026 and 1.234,5), else the locale's own,
with the week, hours, measures and money of the territory (UTS #35, `-u-rg-`).

Babel reads a locale's file when it is first asked for; whoever serves asks beforehand.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale, localedata
from babel.core import get_global
from msgspec import Struct

from regions.locales.cldr import (
    CALENDARS,
    CALLING_CODES,
    FAHRENHEIT,
    FIRST_DAYS,
    LETTER,
    MEASURES,
    TWELVE_HOURS,
    WEEKENDS,
    ZEROS,
)
from regions.locales.fallback import inherit
from regions.locales.plurals import CATEGORIES
from regions.locales.tag import UnreadableTag, file_name, maximise, normalise_tag, split_tag
from regions.locales.territory import list_countries

# Who has this many pairs of locales and territories in use computes some anew.
PAIRS_MAX = 16_384
# For a language of which CLDR knows nothing: English as most of the world writes it.
_LAST_RESORT = "en-001"
_COUNTRIES = frozenset(list_countries())


class Currency(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Money of a territory; `digits` come after the decimal sign, cash may have fewer.

    `cash_rounding` is the smallest coin in units of the last digit.
    """

    code: str
    symbol: str
    name: str
    digits: int
    cash_digits: int | None = None
    cash_rounding: int | None = None


class Territory(Struct, frozen=True, rename="camel"):
    """Facts of a territory, named in a locale; without a currency or calling code: None."""

    code: str
    name: str
    languages: tuple[str, ...]
    currency: Currency | None
    calling_code: str | None
    first_day: str
    weekend: tuple[str, ...]
    measures: str
    temperature: str
    paper: str
    calendars: tuple[str, ...]


class Numbers(Struct, frozen=True, rename="camel", omit_defaults=True):
    """How numbers are written; patterns are those of UTS #35 part 3.

    `grouping` is the size of the first group from the right and of all others. `digits`
    are the ten digits, left out when they are 0123456789.
    """

    system: str
    decimal: str
    group: str
    minus: str
    grouping: tuple[int, int]
    pattern: str
    percent: str
    currency: str
    digits: str = ""


class Dates(Struct, frozen=True):
    """Patterns of UTS #35 part 4; `joined` puts a date {1} and a time {0} together."""

    short: str
    medium: str
    long: str
    full: str
    joined: str


class Times(Struct, frozen=True, rename="camel"):
    """Patterns of times, and the clock that they follow."""

    hour_cycle: str
    short: str
    medium: str


class Plurals(Struct, frozen=True):
    """The CLDR categories that a language tells apart, in CLDR's order."""

    cardinal: tuple[str, ...]
    ordinal: tuple[str, ...]


class Lists(Struct, frozen=True):
    """Patterns that join a list of things with "and" (UTS #35 part 2, list patterns)."""

    two: str
    start: str
    middle: str
    end: str


class Formats(Struct, frozen=True):
    """How a language writes in a territory; `locale` is the tag that tells a formatter so."""

    locale: str
    numbers: Numbers
    dates: Dates
    times: Times
    plurals: Plurals
    lists: Lists


class Place(Struct, frozen=True):
    """A territory's facts, None where there is no territory, and the formats there."""

    territory: Territory | None
    formats: Formats


def find_territory(tag: str) -> str | None:
    """Return the territory that a locale names, else the one where its language is at home.

    >>> find_territory("es-MX"), find_territory("ja"), find_territory("eo")
    ('MX', 'JP', None)
    """
    try:
        tag = normalise_tag(tag)
    except UnreadableTag:
        return None
    for region in (maximise(tag)[2], maximise(split_tag(tag)[0])[2]):
        if region in _COUNTRIES:
            return region
    return None


@lru_cache(maxsize=PAIRS_MAX)
def describe(tag: str, code: str | None) -> Place:
    """Return the facts of a territory and the formats of a tag's language there; never raises."""
    try:
        tag = normalise_tag(tag)
    except UnreadableTag:
        tag = _LAST_RESORT
    locale, exact = _find_locale(tag, code)
    cycle = _hour_cycle(locale, code, exact=exact)
    foreign = "" if exact or code is None else f"-u-rg-{code.lower()}zzzz"
    return Place(
        territory=None if code is None else _build_territory(locale, code),
        formats=Formats(
            locale=normalise_tag(str(locale)) + foreign,
            numbers=_build_numbers(locale),
            dates=_build_dates(locale),
            times=_build_times(locale, cycle),
            plurals=_build_plurals(tag),
            lists=_build_lists(locale),
        ),
    )


def _find_locale(tag: str, code: str | None) -> tuple[Locale, bool]:
    """Return the locale to write in, and whether it is CLDR's own for this territory."""
    language, script, _region = split_tag(tag)
    full = maximise(tag)
    if code is not None:
        for name in (f"{language}_{script or full[1]}_{code}", f"{language}_{code}"):
            same_script = maximise(normalise_tag(name))[1] == full[1]
            if same_script and localedata.exists(name):
                return Locale.parse(name), True
    for step in (*inherit(tag), _LAST_RESORT):
        if localedata.exists(file_name(step)):
            return Locale.parse(file_name(step)), full[2] == code and step == tag
    msg = f"CLDR has no {_LAST_RESORT}"
    raise LookupError(msg)


def _build_territory(locale: Locale, code: str) -> Territory:
    calling = CALLING_CODES.get(code)
    return Territory(
        code=code,
        name=locale.territories.get(code, code),
        languages=_list_languages(code),
        currency=_find_currency(locale, code),
        calling_code=f"+{calling}" if calling else None,
        first_day=FIRST_DAYS.get(code, "mon"),
        weekend=tuple(WEEKENDS.get(code, "sat sun").split()),
        measures=MEASURES.get(code, "metric"),
        temperature="fahrenheit" if code in FAHRENHEIT else "celsius",
        paper="letter" if code in LETTER else "a4",
        calendars=tuple(CALENDARS.get(code, "gregory").split()),
    )


@lru_cache(maxsize=512)
def _list_languages(code: str) -> tuple[str, ...]:
    """List the official languages of a territory, the most spoken first.

    Where the law names none, those that are official in fact (English in the US).
    """
    known: dict[str, Any] = get_global("territory_languages").get(code, {})
    ranked = sorted(known, key=lambda name: -known[name]["population_percent"])
    told: list[str] = []
    for status in ("official", "de_facto_official"):
        told = told or [name for name in ranked if known[name]["official_status"] == status]
    return tuple(dict.fromkeys(normalise_tag(name) for name in told))


def _find_currency(locale: Locale, code: str) -> Currency | None:
    """Return the first currency that is legal tender now and has no end."""
    rows = get_global("territory_currencies").get(code, ())
    money = next((row[0] for row in rows if row[2] is None and row[3]), None)
    if money is None:
        return None
    fractions = get_global("currency_fractions")
    digits, _rounding, cash_digits, cash_rounding = fractions.get(money, fractions["DEFAULT"])
    return Currency(
        code=money,
        symbol=locale.currency_symbols.get(money, money),
        name=locale.currencies.get(money, money),
        digits=digits,
        cash_digits=cash_digits if cash_digits != digits else None,
        cash_rounding=cash_rounding or None,
    )


def _build_numbers(locale: Locale) -> Numbers:
    system = locale.default_numbering_system
    symbols = {**locale.number_symbols["latn"], **locale.number_symbols.get(system, {})}
    pattern = locale.decimal_formats[None]
    zero = ZEROS[system]
    return Numbers(
        system=system,
        decimal=symbols["decimal"],
        group=symbols["group"],
        minus=symbols["minusSign"],
        grouping=pattern.grouping,
        pattern=pattern.pattern,
        percent=locale.percent_formats[None].pattern,
        currency=locale.currency_formats["standard"].pattern,
        digits="" if system == "latn" else "".join(chr(zero + digit) for digit in range(10)),
    )


def _build_dates(locale: Locale) -> Dates:
    lengths = ("short", "medium", "long", "full")
    patterns = {length: locale.date_formats[length].pattern for length in lengths}
    return Dates(**patterns, joined=str(locale.datetime_formats["medium"]))


def _hour_cycle(locale: Locale, code: str | None, *, exact: bool) -> str:
    """Return the clock that people read: what the locale's own pattern says, if it is of here."""
    own = _clock(locale.time_formats["short"].pattern)
    if exact or code is None:
        return own
    return "h12" if code in TWELVE_HOURS else "h23"


def _clock(pattern: str) -> str:
    """Return the hour cycle of a pattern; what stands in quotes is no field."""
    fields = "".join(pattern.split("'")[::2])
    found = next((letter for letter in fields if letter in "hHKk"), "H")
    return {"h": "h12", "H": "h23", "K": "h11", "k": "h24"}[found]


def _build_times(locale: Locale, cycle: str) -> Times:
    """Return the locale's own patterns, or those for the other clock when it is read here."""
    short, medium = (locale.time_formats[length].pattern for length in ("short", "medium"))
    if _clock(short) != cycle:
        names = ("hm", "hms") if cycle == "h12" else ("Hm", "Hms")
        short, medium = (locale.datetime_skeletons[name].pattern for name in names)
    return Times(hour_cycle=cycle, short=short, medium=medium)


def _build_plurals(tag: str) -> Plurals:
    """Return the categories of the language; `other` always is one."""
    locale, _exact = _find_locale(tag, None)
    return Plurals(
        cardinal=_order(locale.plural_form.tags), ordinal=_order(locale.ordinal_form.tags)
    )


def _order(tags: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in CATEGORIES if name in tags or name == "other")


def _build_lists(locale: Locale) -> Lists:
    told = locale.list_patterns["standard"]
    return Lists(two=told["2"], start=told["start"], middle=told["middle"], end=told["end"])
