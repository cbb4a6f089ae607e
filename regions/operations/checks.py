"""Checks that many operations share; each refuses with the object, the limit and the value."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from regions.governance.commands import Refused
from regions.locales import territory
from regions.models import App, Locale, Market, Subdivision, Territory

KEY: Final = re.compile(r"[a-z][a-z0-9._-]*")
MARKET_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
PLAIN_KEY: Final = re.compile(r"[a-z][a-z0-9-]*")
KEY_CHARACTERS: Final = 100


def check_key(
    key: str,
    *,
    kind: str,
    field: str = "key",
    pattern: re.Pattern[str] = KEY,
    limit: int = KEY_CHARACTERS,
) -> None:
    """Refuse a key that could not stand in an address, a token or a file."""
    if len(key) > limit:
        raise Refused(
            f"The key of a {kind} may have at most {limit} characters; this one has {len(key)}.",
            code="too_long",
            field=field,
        )
    if not pattern.fullmatch(key):
        raise Refused(
            f"“{shown(key)}” cannot be the key of a {kind}: it must match {pattern.pattern}.",
            code="bad_key",
            field=field,
        )


def check_given(value: str, *, name: str, of: str, field: str) -> str:
    """Return the text without surrounding space, or refuse an empty one."""
    trimmed = value.strip()
    if not trimmed:
        raise Refused(f"{of} needs {name}; none was given.", code=f"{field}_missing", field=field)
    return trimmed


def check_choice(value: str, choices: Collection[str], *, name: str, field: str) -> None:
    """Refuse a word that is not among the known ones."""
    if value not in choices:
        raise Refused(
            f"“{shown(value)}” is not a known {name}; known are {', '.join(choices)}.",
            code=f"unknown_{field}",
            field=field,
        )


def check_period(
    starts: date | None, ends: date | None, *, of: str, field: str = "ends_date"
) -> None:
    """Refuse a period that ends on or before its first day; the end is excluded."""
    if starts is not None and ends is not None and ends <= starts:
        raise Refused(
            f"{of} would end on {ends} (excluded), on or before its first day {starts}.",
            code="dates_order",
            field=field,
        )


def check_aware(at: datetime | None, *, field: str) -> None:
    """Refuse a time without a zone: nobody could say which instant it is."""
    if at is not None and at.tzinfo is None:
        raise Refused(
            f"{at.isoformat()} does not say its time zone.", code="zone_missing", field=field
        )


def check_count(count: int, limit: int, *, things: str, field: str) -> None:
    """Refuse more things than the limit."""
    if count > limit:
        raise Refused(
            f"At most {limit} {things} are possible; these would be {count}.",
            code="too_many",
            field=field,
        )


def check_once(values: Collection[str], *, things: str, field: str) -> None:
    """Refuse a list that names the same thing twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise Refused(
                f"“{shown(value)}” stands twice among the {things}.",
                code="named_twice",
                field=field,
            )
        seen.add(value)


def get_app(key: str, *, field: str = "app") -> App:
    """Get the app of this key, or refuse."""
    app = App.objects.filter(key=key).first()
    if app is None:
        raise Refused(f"There is no app “{shown(key)}”.", code="unknown_app", field=field)
    return app


def get_territory(code: str, *, field: str = "territory") -> Territory:
    """Get the territory of this ISO 3166-1 code, or refuse."""
    found = Territory.objects.filter(code=code).first()
    if found is None:
        raise missing_territory(code, field=field)
    return found


def get_territories(codes: Collection[str], *, field: str) -> dict[str, Territory]:
    """Get territories by code with one query, or refuse the first that is unknown."""
    found = Territory.objects.in_bulk(set(codes))
    for code in codes:
        if code not in found:
            raise missing_territory(code, field=field)
    return found


def missing_territory(code: str, *, field: str) -> Refused:
    """Tell apart a code that no standard knows and one that was not added yet."""
    check_country(code, field=field)
    return Refused(
        f"{code} was not added to Landfall's countries and regions yet.",
        code="unknown_territory",
        field=field,
    )


def check_country(code: str, *, field: str) -> None:
    """Refuse a code that is not an ISO 3166-1 alpha-2 code, in capitals."""
    try:
        territory.check_country(code)
    except ValueError:
        meant = territory.normalise_country(code)
        hint = f"; write {meant}" if meant else ""
        raise Refused(
            f"“{shown(code)}” is not an ISO 3166-1 alpha-2 country code{hint}.",
            code="unknown_country",
            field=field,
        ) from None


def get_market(key: str, *, field: str = "market") -> Market:
    """Get the market of this key, or refuse."""
    market = Market.objects.filter(key=key).first()
    if market is None:
        raise Refused(f"There is no market “{shown(key)}”.", code="unknown_market", field=field)
    return market


def get_subdivision(code: str, *, field: str = "subdivision") -> Subdivision:
    """Get the subdivision of this ISO 3166-2 code, or refuse."""
    subdivision = Subdivision.objects.filter(code=code).first()
    if subdivision is None:
        raise Refused(
            f"There is no subdivision “{shown(code)}”; add it first.",
            code="unknown_subdivision",
            field=field,
        )
    return subdivision


def get_locale(tag: str, *, field: str) -> Locale:
    """Get the locale of this tag, or refuse."""
    locale = Locale.objects.filter(tag=tag).first()
    if locale is None:
        raise Refused(f"There is no locale “{shown(tag)}”.", code="unknown_locale", field=field)
    return locale


def shown(value: str) -> str:
    """Return a value as a message may show it: short and printable."""
    text = value if value.isprintable() else value.encode("unicode_escape").decode()
    return text if len(text) <= KEY_CHARACTERS else f"{text[:KEY_CHARACTERS]}…"
