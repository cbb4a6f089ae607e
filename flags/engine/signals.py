"""PURE: raw evidence of a person's place -> account, location, storefront, participants.

Signals are kept apart and never merged into one "country" (docs/domain.md section 1). The
order in which evidence is believed is docs/domain.md section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from msgspec import Struct

from flags.engine.context import Context
from regions.locales.territory import normalise_country
from regions.zones import find_zone

EVIDENCE: dict[str, tuple[str, ...]] = {
    "account": ("accountCountry", "phoneCountry"),
    "location": ("locationCountry", "gpsCountry", "networkCountry", "ipCountry"),
    "storefront": ("storefrontCountry",),
}
PARTICIPANTS_FIELD = "participantCountries"
# What clients send when they know that they do not know; it is absent, not unreadable.
UNKNOWN = frozenset({"", "XX", "ZZ"})


class Sighting(Struct, frozen=True):
    """One signal: the country's alpha-2 code, and whether evidence was lacking or garbled.

    Garbled evidence is passed over for the next, so that a legal block still finds a
    place, and yet counts as missing, so that features that fail closed are off.
    """

    code: str | None
    missing: bool


class Belief(NamedTuple):
    """A signal's country with the field that told it, and whether a piece was garbled.

    Only pieces that come before the one that won can have been; the rest is not looked at.
    """

    code: str | None
    source: str
    garbled: bool


class Whereabouts(NamedTuple):
    """A signal's country and the zone that the person's clock keeps there; None is unknown."""

    code: str | None
    zone: str | None


class Residence(Struct, frozen=True):
    """The account's country, else the location's; `signal` tells which, empty for neither."""

    code: str | None
    signal: str


class Participants(Struct, frozen=True):
    """Everybody's countries, sorted, and whether an entry could not be read."""

    codes: tuple[str, ...]
    missing: bool


class Signals(Struct, frozen=True, rename="camel"):
    """Where a person is, by each kind of evidence; None is unknown.

    `missing` names the signals whose absence closes features that fail closed.
    """

    account: str | None
    location: str | None
    storefront: str | None
    participants: tuple[str, ...]
    missing: frozenset[str]


def list_basis(basis: str) -> tuple[str, ...]:
    """Return the signals that tell where an offer's people are, the first that is known.

    A feature without a basis goes by the account, else by the location.
    """
    return ("account", "location") if basis == "none" else (basis,)


def resolve(context: Context) -> Signals:
    """Return all four signals of a context."""
    account = find_account(raw_account(context))
    location = find_location(raw_location(context))
    storefront = find_storefront(raw_storefront(context))
    participants = find_participants(raw_participants(context))
    told = {
        "account": account.missing,
        "location": location.missing,
        "storefront": storefront.missing,
        "participants": participants.missing,
    }
    return Signals(
        account=account.code,
        location=location.code,
        storefront=storefront.code,
        participants=participants.codes,
        missing=frozenset(name for name, missing in told.items() if missing),
    )


# The raw reads are written out one by one: they run on every request.
def raw_account(context: Context) -> Hashable:
    """Return the account's evidence as it was sent."""
    get = context.properties.get
    return (get("accountCountry"), get("phoneCountry"), context.unreadable)


def raw_location(context: Context) -> Hashable:
    """Return the location's evidence as it was sent."""
    get = context.properties.get
    return (
        get("locationCountry"),
        get("gpsCountry"),
        get("networkCountry"),
        get("ipCountry"),
        context.unreadable,
    )


def raw_storefront(context: Context) -> Hashable:
    """Return the app store's country as it was sent."""
    return (context.properties.get("storefrontCountry"), context.unreadable)


def raw_residence(context: Context) -> Hashable:
    """Return the evidence of the account and of the location as it was sent."""
    return (raw_account(context), raw_location(context))


def raw_participants(context: Context) -> Hashable:
    """Return everybody's countries as they were sent, from a list or a comma text."""
    given = context.lists.get(PARTICIPANTS_FIELD)
    if given is None:
        text = context.properties.get(PARTICIPANTS_FIELD)
        given = tuple(text.split(",")) if text else ()
    return (given, PARTICIPANTS_FIELD in context.unreadable)


def find_residence(evidence: Any) -> Residence:
    """Believe the account first."""
    account, location = evidence
    code = find_account(account).code
    if code is not None:
        return Residence(code=code, signal="account")
    code = find_location(location).code
    return Residence(code=code, signal="" if code is None else "location")


def find_participants(evidence: Any) -> Participants:
    """Read each entry; one that is not a country makes the signal missing."""
    texts, missing = evidence
    codes = set()
    for text in texts:
        code = normalise_country(text)
        if code is not None:
            codes.add(code)
        else:
            missing = True
    return Participants(codes=tuple(sorted(codes)), missing=missing)


def believe(signal: str, evidence: Any) -> Belief:
    """Return what is believed of a signal's evidence, as its raw read returns it.

    The first readable piece wins, in the order of `EVIDENCE`.
    """
    unreadable = evidence[-1]
    garbled = False
    for name, text in zip(EVIDENCE[signal], evidence[:-1], strict=True):
        if name in unreadable:
            garbled = True
        if text is None or text.strip().upper() in UNKNOWN:
            continue
        code = normalise_country(text)
        if code is not None:
            return Belief(code, name, garbled)
        garbled = True
    return Belief(None, "", garbled)


def _finder(signal: str) -> Callable[[Any], Sighting]:
    """Make the resolution of one signal's evidence; what is garbled counts as missing."""

    def find(evidence: Any) -> Sighting:
        code, _source, garbled = believe(signal, evidence)
        return Sighting(code=code, missing=garbled or code is None)

    return find


find_account = _finder("account")
find_location = _finder("location")
find_storefront = _finder("storefront")


def raw_account_zone(context: Context) -> Hashable:
    """Return the account's evidence and its zone as they were sent."""
    return (raw_account(context), context.properties.get("accountTimeZone"))


def raw_location_zone(context: Context) -> Hashable:
    """Return the location's evidence and the phone's zone as they were sent."""
    return (raw_location(context), context.properties.get("timeZone"))


def find_account_zone(evidence: Any) -> Whereabouts:
    """Read the account's country and zone; a zone that nobody knows is none."""
    seen, zone = evidence
    return Whereabouts(find_account(seen).code, find_zone(zone))


def find_location_zone(evidence: Any) -> Whereabouts:
    """Read the location's country and the phone's zone; one that nobody knows is none."""
    seen, zone = evidence
    return Whereabouts(find_location(seen).code, find_zone(zone))
