"""PURE: elementary questions on one attribute of a context.

An attribute reads something from a context; an atom maps its value to a *cell*, which is
all that gates ever see of it. Two people whose cells agree are of one class and get the
same plan. Which atoms a feature asks is known when it is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flags.engine import signals
from flags.engine.context import Context

# What is longer, all texts of a value together, is evaluated like any other and never
# remembered: tables are bounded in bytes, and one client must not fill them.
REMEMBERED_LENGTH_MAX = 512


class Property:
    """Reads a property as it was sent."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        """Name it."""
        self.name = name

    def __call__(self, context: Context) -> Hashable:
        """Read it."""
        return context.properties.get(self.name)


class Attribute:
    """Something that can be read from a context.

    `raw` gives a hashable value straight from the context, cheaply; `resolve` turns it
    into what atoms look at. Tables remember cells per raw value. `fields` names the
    properties that `raw` reads, where it reads nothing else of a context that has no
    unreadable fields and asks for no other time: such attributes are read all at once.
    """

    __slots__ = ("fields", "name", "raw", "resolve")

    def __init__(
        self,
        name: str,
        raw: Callable[[Context], Hashable],
        resolve: Callable[[Any], Any] | None = None,
        *,
        fields: tuple[str, ...] = (),
    ) -> None:
        """Name the attribute and say how it is read."""
        self.name = name
        self.fields = (raw.name,) if isinstance(raw, Property) else fields
        self.raw = raw
        self.resolve = resolve

    def read(self, context: Context) -> Any:
        """Return what atoms look at."""
        raw = self.raw(context)
        return raw if self.resolve is None else self.resolve(raw)


class Atom:
    """One question on one attribute; atoms with the same key always give the same cell.

    They are equal by attribute and key, and their hash is at hand: readers ask often.
    """

    __slots__ = ("_hash", "attribute", "key", "read")

    def __init__(
        self, attribute: str, read: Callable[[Any], Hashable], *, key: Hashable = None
    ) -> None:
        """Take the attribute's name and the question; without a key it is like no other."""
        self.attribute = attribute
        self.read = read
        self.key: Hashable = (attribute, key) if key is not None else object()
        self._hash = hash(self.key)

    def __hash__(self) -> int:
        """Return the hash of the key."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Compare keys."""
        return isinstance(other, Atom) and self.key == other.key


def read_field(context: Context, name: str) -> str | None:
    """Return a context field by Unleash's name; everything else is a property.

    `currentTime` is never read as a text: questions on it are flips of time.
    """
    attribute = _STANDARD_FIELDS.get(name)
    if attribute is not None:
        value: str | None = getattr(context, attribute)
        return value or None
    return context.properties.get(name) or None


_STANDARD_FIELDS = {
    "userId": "user_id",
    "sessionId": "session_id",
    "remoteAddress": "remote_address",
    "appName": "app_name",
    "environment": "environment",
}
FIELD_PREFIX = "field:"
NAMES_PREFIX = "names:"


def find_attribute(name: str) -> Attribute:
    """Return the attribute of this name.

    `field:<name>` reads a field as it was sent, `names:<name>` the set of names in it: the
    entries of a list, else the whole text as one.
    """
    if name.startswith(FIELD_PREFIX):
        field = name.removeprefix(FIELD_PREFIX)
        fields = () if field in _STANDARD_FIELDS else (field,)
        return Attribute(name, lambda context: read_field(context, field), fields=fields)
    if name.startswith(NAMES_PREFIX):
        field = name.removeprefix(NAMES_PREFIX)
        return Attribute(name, _names(field), find_names)
    return _ATTRIBUTES[name]


def _names(field: str) -> Callable[[Context], Hashable]:
    return lambda context: context.lists.get(field) or read_field(context, field)


def find_names(raw: Any) -> frozenset[str]:
    """Return the names in a list or a text, as they are compared."""
    texts = (raw,) if isinstance(raw, str) else raw or ()
    return frozenset(name for text in texts if (name := normalise_name(text)))


def normalise_name(text: str) -> str:
    """Return the name of a city, a school or another group as it is compared."""
    return text.strip().casefold()


def normalise_platform(text: str | None) -> str | None:
    """Return a platform's name in the form in which rules give it, None when unknown."""
    return (text.strip().lower() or None) if text else None


def normalise_subdivision(text: str | None) -> str | None:
    """Return an ISO 3166-2 code in upper case, None when unknown."""
    return (text.strip().upper() or None) if text else None


def is_true(text: str | None) -> bool:
    """Tell whether a text says yes; unknown is no."""
    return bool(text) and str(text).strip().lower() == "true"


def _evidence(
    signal: str, raw: Callable[[Context], Hashable], find: Callable[[Any], Any]
) -> Attribute:
    return Attribute(signal, raw, find, fields=signals.EVIDENCE[signal])


_ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        _evidence("account", signals.raw_account, signals.find_account),
        _evidence("location", signals.raw_location, signals.find_location),
        _evidence("storefront", signals.raw_storefront, signals.find_storefront),
        Attribute(
            "residence",
            signals.raw_residence,
            signals.find_residence,
            fields=(*signals.EVIDENCE["account"], *signals.EVIDENCE["location"]),
        ),
        Attribute("participants", signals.raw_participants, signals.find_participants),
        Attribute(
            "accountZone",
            signals.raw_account_zone,
            signals.find_account_zone,
            fields=(*signals.EVIDENCE["account"], "accountTimeZone"),
        ),
        Attribute(
            "locationZone",
            signals.raw_location_zone,
            signals.find_location_zone,
            fields=(*signals.EVIDENCE["location"], "timeZone"),
        ),
        Attribute("platform", Property("platform"), normalise_platform),
        Attribute("subdivision", Property("subdivision"), normalise_subdivision),
        Attribute("osVersion", Property("osVersion")),
        Attribute("appVersion", Property("appVersion")),
        Attribute("enrolled", Property("enrolled"), is_true),
        Attribute("enrolledCount", Property("enrolledCount")),
        Attribute("asOf", lambda context: context.as_of),
    )
}
