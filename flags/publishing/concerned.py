"""The people whom a change between two snapshots could concern: made up from what changed.

A sample by country alone never meets a version, an age, a group or a city that a rule names.
These people stand on both sides of whatever changed; they are a sample all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, islice, zip_longest
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flags.engine.context import LIST_FIELDS
from flags.engine.definitions import (
    AgeRule,
    ClusterRollout,
    ConsentRule,
    Constraint,
    Definitions,
    Feature,
    KillSwitch,
    Minimum,
    Partner,
    Place,
    PlatformProfile,
    Schedule,
    Segment,
    Target,
)
from flags.engine.diff import Pair

# Each person costs two evaluations of everything.
PEOPLE_MAX = 300
PER_CHANGE_MAX = 60
TERRITORIES_MAX = 10
GROUPS_MAX = 10
NEWEST = "99.0.0"
_NOT_OF_PEOPLE = frozenset({"currentTime", "environment"})

Asked = dict[str, Any]
Person = tuple[str, Asked]


class _Variation(NamedTuple):
    label: str
    fields: Asked


def list_concerned(pairs: Iterable[Pair], *scopes: Definitions) -> list[Person]:
    """Return people on both sides of each change, each label once, at most 300.

    Changes take turns, so a large one leaves room for the others.
    """
    worlds = [_World(scope) for scope in scopes]
    changes = [*pairs]
    changes += [other for pair in changes if (other := _pair_profiles(pair, scopes)) is not None]
    found = [list(islice(_list_of(pair, worlds), PER_CHANGE_MAX)) for pair in changes]
    turns = chain.from_iterable(zip_longest(*found))
    people: dict[str, Asked] = {}
    for person in turns:
        if person is not None and len(people) < PEOPLE_MAX:
            people.setdefault(*person)
    return list(people.items())


def _pair_profiles(pair: Pair, scopes: tuple[Definitions, ...]) -> Pair | None:
    """Set the profiles of a feature that changed its profile beside each other."""
    one, other = pair.before, pair.after
    if not (isinstance(one, Feature) and isinstance(other, Feature)):
        return None
    profiles = {profile.key: profile for scope in scopes for profile in scope.profiles}
    if one.profile == other.profile or not {one.profile, other.profile} <= {*profiles, ""}:
        return None
    return Pair("profiles", pair.key, profiles.get(one.profile), profiles.get(other.profile))


def _list_of(pair: Pair, worlds: list[_World]) -> Iterator[Person]:
    """Give the people of one change, in the countries of the features that it concerns."""
    made: set[str] = set()
    for definition in (pair.after, pair.before):
        for world in reversed(worlds) if definition is not None else ():
            features = world.list_features(definition)
            for code in world.list_territories(definition, features):
                base = world.describe(code, features)
                for label, fields in _vary(pair, definition, world.zones.get(code, "UTC")):
                    named = f"{code} {label}".strip()
                    if named not in made:
                        made.add(named)
                        yield named, base | fields


class _World:
    """What has to be known of a scope to describe somebody in it."""

    def __init__(self, scope: Definitions) -> None:
        self.scope = scope
        self.zones = {one.code: one.zone for one in scope.territories}
        self.members = {
            one.key: tuple(member.territory for member in one.members) for one in scope.markets
        }
        self.consents = sorted({one.consent for one in scope.consents})

    def list_features(self, definition: Any) -> tuple[Feature, ...]:
        """Return the features that a definition is about."""
        names = set(getattr(definition, "features", ()))
        targets = [*getattr(definition, "targets", ()), getattr(definition, "target", None)]
        if isinstance(definition, ClusterRollout):
            names.add(definition.feature)
        return tuple(
            one
            for one in self.scope.features
            if one.key in names
            or (isinstance(definition, Feature) and one.key == definition.key)
            or (isinstance(definition, PlatformProfile) and one.profile == definition.key)
            or (isinstance(definition, Segment) and _uses(one, definition))
            or any(_hits(target, one) for target in targets if target is not None)
        )

    def list_territories(self, definition: Any, features: tuple[Feature, ...]) -> list[str]:
        """Return where a definition holds, or else where its features are live."""
        own = getattr(definition, "territory", "")
        if own:
            return [own]
        place = getattr(definition, "place", None)
        if isinstance(definition, Schedule) and definition.market:
            place = Place("market", definition.market)
        if place is not None and place.kind != "everywhere":
            return self._list_codes(place)[:TERRITORIES_MAX]
        live = [
            code
            for offer in self.scope.offers
            if offer.status in {"live", "needs-partner"}
            and any(_hits(offer.target, feature) for feature in features)
            for code in self._list_codes(offer.place)
        ]
        return list(dict.fromkeys(live or self.zones))[:TERRITORIES_MAX]

    def describe(self, code: str, features: tuple[Feature, ...]) -> Asked:
        """Return somebody at home there, to whom the features' other rules are open."""
        keys = {one.key for one in features}
        fields: Asked = {
            "userId": "proof-4",
            "accountCountry": code,
            "locationCountry": code,
            "storefrontCountry": code,
            "participantCountries": [code],
            "platform": "ios",
            "osVersion": NEWEST,
            "appVersion": NEWEST,
            "age": "40",
            "enrolled": "true",
            "consents": self.consents,
        }
        for partner in self.scope.partners:
            if partner.territory == code and not keys.isdisjoint(partner.features):
                fields |= _meet_partner(partner)
                break
        for rollout in self.scope.clusters:
            if rollout.feature in keys and rollout.enabled and rollout.territory in {"", code}:
                fields |= _fill(rollout.field, rollout.order[0])
        return fields

    def _list_codes(self, place: Place) -> list[str]:
        if place.kind == "everywhere":
            return list(self.zones)
        if place.kind == "market":
            return list(self.members.get(place.key, ()))
        # A subdivision is named by its territory first, as in `CA-QC`.
        return [place.key.partition("-")[0]]


def _vary(pair: Pair, definition: Any, zone: str) -> Iterator[_Variation]:
    """Give what tells people apart who stand on one side of a change or the other."""
    platform = getattr(definition, "platform", "")
    rest = {"platform": platform} if platform else {}
    vary = _VARIERS.get(type(definition))
    if vary is not None:
        yield from vary(pair, definition)
    named = f"on {platform}" if platform else "enrolled"
    yield _Variation(named, rest)
    yield _Variation(f"{named}, new" if platform else "new", rest | {"enrolled": "false"})
    # A kill switch holds whatever the clock says, so its dates part nobody.
    if not isinstance(definition, KillSwitch):
        for at in _list_moments(definition, zone):
            told = f"{named} at {at.isoformat(timespec='minutes')}"
            yield _Variation(told, rest | {"currentTime": at.isoformat()})


def _vary_age(_pair: Pair, rule: AgeRule) -> Iterator[_Variation]:
    for age in (rule.minimum - 1, rule.minimum):
        yield _Variation(f"of age {age}", {"age": str(age)})


def _vary_consent(_pair: Pair, rule: ConsentRule) -> Iterator[_Variation]:
    yield _Variation("with every consent", {})
    yield _Variation(f"without consent {rule.consent}", {"consents": []})


def _vary_profile(pair: Pair, _profile: PlatformProfile) -> Iterator[_Variation]:
    old, new = ({*one.minimums} if one is not None else set() for one in (pair.before, pair.after))
    changed = sorted(old ^ new, key=lambda one: (one.platform, one.os_version, one.app_version))
    for minimum in changed:
        yield from _vary_minimum(minimum)
    yield _Variation("on an unheard-of platform", {"platform": "unheard-of"})


def _vary_minimum(minimum: Minimum) -> Iterator[_Variation]:
    platform = minimum.platform
    fields = {"platform": platform}
    yield _Variation(f"on {platform}, newest", fields)
    for name, least in (("osVersion", minimum.os_version), ("appVersion", minimum.app_version)):
        for version in (least, _just_below(least)):
            if version:
                yield _Variation(f"on {platform}, {name} {version}", fields | {name: version})


def _vary_groups(pair: Pair, one: ClusterRollout) -> Iterator[_Variation]:
    """Give a person of each group that is let in by one side only, and one of none."""
    old, new = (
        dict.fromkeys(side.order[: side.enabled]) if side is not None else {}
        for side in (pair.before, pair.after)
    )
    changed = [group for group in (*new, *old) if (group in old) != (group in new)]
    for group in (changed or [*new])[:GROUPS_MAX]:
        yield _Variation(f"in {group}", _fill(one.field, group))
    yield _Variation("in no group", _fill(one.field, "none-of-them"))


def _vary_partner(_pair: Pair, partner: Partner) -> Iterator[_Variation]:
    served = _meet_partner(partner)
    where = "any city" if partner.city == "*" else partner.city
    for wallet in partner.wallets or ("",):
        told = f"in {where} with {wallet}" if wallet else f"in {where}"
        yield _Variation(told, served | {"walletCurrency": wallet})
    yield _Variation("in another city", served | {"city": "another-city"})
    for need in partner.requirements:
        yield _Variation(
            f"in {where} without {need.context_name}", served | {need.context_name: ""}
        )


def _vary_segment(_pair: Pair, segment: Segment) -> Iterator[_Variation]:
    yield from _vary_constraints(segment.constraints)


def _vary_feature(_pair: Pair, feature: Feature) -> Iterator[_Variation]:
    for strategy in feature.strategies:
        yield from _vary_constraints(strategy.constraints)


def _vary_constraints(constraints: Iterable[Constraint]) -> Iterator[_Variation]:
    for one in constraints:
        for value in one.values[:GROUPS_MAX] or (one.value,):
            if one.context_name not in _NOT_OF_PEOPLE:
                yield _Variation(f"with {one.context_name} {value}", _fill(one.context_name, value))


_VARIERS: dict[type, Callable[[Pair, Any], Iterator[_Variation]]] = {
    AgeRule: _vary_age,
    ClusterRollout: _vary_groups,
    ConsentRule: _vary_consent,
    Feature: _vary_feature,
    Partner: _vary_partner,
    PlatformProfile: _vary_profile,
    Segment: _vary_segment,
}


def _meet_partner(partner: Partner) -> Asked:
    """Return what a person needs to be served: city, wallet, and the plain requirements."""
    fields: Asked = {"city": "any-city" if partner.city == "*" else partner.city}
    if partner.wallets:
        fields["walletCurrency"] = partner.wallets[0]
    for one in partner.requirements:
        if not one.inverted and one.context_name not in _NOT_OF_PEOPLE:
            fields |= _fill(one.context_name, one.values[0] if one.values else one.value)
    return fields


def _fill(field: str, value: str) -> Asked:
    return {field: [value] if field in LIST_FIELDS else value}


def _list_moments(definition: Any, zone: str) -> list[datetime]:
    """Return a moment before and one after each date of a definition, local to a territory."""
    names = ("starts", "ends", "effective", "closed_to_new", "sunset", "off")
    parts = (definition, *getattr(definition, "windows", ()))
    dates = {getattr(part, name, None) for part in parts for name in names}
    found = []
    for at in dates:
        if isinstance(at, date) and 1990 <= at.year <= 2100:  # noqa: PLR2004 - ends of time are none
            local = at if isinstance(at, datetime) else datetime.combine(at, time())
            begins = local.replace(tzinfo=ZoneInfo(zone))
            found += [begins - timedelta(minutes=1), begins + timedelta(minutes=1)]
    return sorted(found)


def _just_below(version: str) -> str:
    """Return a version less than this one; empty when there is none, or it is unreadable."""
    parts = version.split(".")
    if not all(part.isdecimal() for part in parts):
        return ""
    numbers = [int(part) for part in parts]
    last = max((index for index, number in enumerate(numbers) if number), default=-1)
    if last < 0:
        return ""
    lower = [*numbers[:last], numbers[last] - 1, *(999 for _rest in range(last + 1, 3))]
    return ".".join(map(str, lower + [0] * (3 - len(lower))))


def _hits(target: Target, feature: Feature) -> bool:
    if target.feature or target.bundle:
        return target.feature == feature.key or (
            bool(target.bundle) and target.bundle == feature.bundle
        )
    return True


def _uses(feature: Feature, segment: Segment) -> bool:
    return any(segment.id in strategy.segments for strategy in feature.strategies)
