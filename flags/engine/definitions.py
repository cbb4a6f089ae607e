"""PURE: the frozen values that `compile` reads; they are what a content part carries.

All tuples are ordered by key (strategies and variants by position), so that equal rows
give equal bytes. Dates are local to a territory; instants are computed when compiling.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from flags.engine.values import ValueType

Signal = Literal["account", "location", "storefront", "participants"]
OfferBasis = Literal["account", "location", "storefront", "none"]
Status = Literal["live", "planned", "needs-partner", "withdrawn", "not-offered", "blocked-by-law"]
PlaceKind = Literal["subdivision", "territory", "market", "everywhere"]


class Definition(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Base of all definitions: immutable, small on the wire."""


class Territory(Definition, frozen=True):
    """A country or region; `zone` is the IANA zone in which its rules' dates begin."""

    code: str
    zone: str


class Member(Definition, frozen=True):
    """A territory in a market, `[starts, ends)` in the territory's own dates."""

    territory: str
    starts: date | None = None
    ends: date | None = None


class Market(Definition, frozen=True):
    """A named group of territories; the higher `priority` decides where two overlap."""

    key: str
    priority: int
    members: tuple[Member, ...]


class Place(Definition, frozen=True):
    """Where a rule holds; `key` is a code or a market's key, empty for everywhere."""

    kind: PlaceKind
    key: str = ""


class Rule(Definition, frozen=True):
    """Where a decision comes from; told by every evaluation and by explain."""

    key: str
    reason: str = ""
    owner: str = ""
    source: str = ""


class Target(Definition, frozen=True):
    """A feature or a bundle by key; exactly one is set, neither means the whole app."""

    feature: str = ""
    bundle: str = ""


class Offer(Definition, frozen=True):
    """A status at a place, `[starts, ends)`; `basis` and `platform` empty mean any."""

    rule: Rule
    target: Target
    place: Place
    status: Status
    basis: str = ""
    platform: str = ""
    starts: date | None = None
    ends: date | None = None
    rollout: int | None = None


class LegalOrder(Definition, frozen=True):
    """A block from `effective` on; only scheduled orders and orders in force are given."""

    rule: Rule
    targets: tuple[Target, ...]
    place: Place
    effective: date


class KillSwitch(Definition, frozen=True):
    """Off at once; `territory` and `platform` empty mean all of them.

    `since` and `expires` serve questions "as of" another time only: once published, a
    kill holds whatever a node's clock says.
    """

    rule: Rule
    target: Target
    since: datetime
    expires: datetime
    territory: str = ""
    platform: str = ""


class Minimum(Definition, frozen=True):
    """The least versions on a platform; empty means any."""

    platform: str
    os_version: str = ""
    app_version: str = ""


class Constraint(Definition, frozen=True):
    """One condition on a context field, with Unleash's operators and exact semantics."""

    context_name: str
    operator: str
    values: tuple[str, ...] = ()
    value: str = ""
    inverted: bool = False
    case_insensitive: bool = False


class AgeRule(Definition, frozen=True):
    """The least age, in whole years, at a place, `[starts, ends)`; the most specific counts."""

    rule: Rule
    target: Target
    place: Place
    minimum: int
    starts: date | None = None
    ends: date | None = None


class ConsentRule(Definition, frozen=True):
    """A consent that people at a place must have given, `[starts, ends)`; all of them count."""

    rule: Rule
    target: Target
    place: Place
    consent: str
    starts: date | None = None
    ends: date | None = None


class LifeCycle(Definition, frozen=True):
    """How a feature ends at a place: first for people who are new, then for everybody."""

    rule: Rule
    target: Target
    place: Place
    closed_to_new: date | None = None
    sunset: date | None = None


class Cap(Definition, frozen=True):
    """At most `limit` enrolled people at a place, `[starts, ends)`.

    People are counted in the database; `full` tells whether the last place is taken.
    """

    rule: Rule
    target: Target
    place: Place
    limit: int
    full: bool = False
    starts: date | None = None
    ends: date | None = None


class Partner(Definition, frozen=True):
    """Who makes features real in a city, or in all of a territory's when `city` is `*`.

    Without `wallets` every wallet currency is accepted. Dates are local wall times of the
    territory. `requirements` must hold for a person to be served.
    """

    rule: Rule
    features: tuple[str, ...]
    territory: str
    city: str = "*"
    wallets: tuple[str, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    requirements: tuple[Constraint, ...] = ()


class Window(Definition, frozen=True):
    """Local wall times `[starts, ends)`; an empty territory means all without their own."""

    territory: str = ""
    starts: datetime | None = None
    ends: datetime | None = None


class Schedule(Definition, frozen=True):
    """When features run, in each person's own zone at the anchor.

    Without a market everybody is in the group.
    """

    rule: Rule
    features: tuple[str, ...]
    anchor: Literal["account", "location"]
    market: str = ""
    windows: tuple[Window, ...] = ()


class ClusterRollout(Definition, frozen=True):
    """Whole groups of people in a declared order, of which the first `enabled` have it.

    `field` is the context field that names a person's groups. An empty territory means
    everywhere; elsewhere the rollout says nothing.
    """

    rule: Rule
    feature: str
    order: tuple[str, ...]
    enabled: int
    field: str = "clusters"
    territory: str = ""


class PlatformProfile(Definition, frozen=True):
    """The platforms on which features of this profile run.

    `unknown_platforms` is for platforms that no profile and no retirement of the scope
    names; features that fail closed are off on them all the same.
    """

    key: str
    minimums: tuple[Minimum, ...]
    unknown_platforms: Literal["off", "on"] = "off"


class PlatformRetirement(Definition, frozen=True):
    """A platform that is closed to new users, then off."""

    rule: Rule
    platform: str
    closed_to_new: date
    off: date | None = None


class Segment(Definition, frozen=True):
    """Constraints that several strategies share; `id` is a 32-bit positive integer."""

    id: int
    key: str
    constraints: tuple[Constraint, ...]


class Payload(Definition, frozen=True):
    """What a variant carries; `value` is always text, as Unleash sends it."""

    type: str
    value: str


class Override(Definition, frozen=True):
    """A legacy feature variant for contexts whose field has one of the values."""

    context_name: str
    values: tuple[str, ...]


class Variant(Definition, frozen=True):
    """A value with a weight; `stickiness` and `overrides` only on legacy feature variants."""

    name: str
    weight: int
    payload: Payload | None = None
    stickiness: str = ""
    overrides: tuple[Override, ...] = ()


class Strategy(Definition, frozen=True):
    """One way to be on: all constraints, all segments and the strategy itself hold."""

    name: str
    parameters: dict[str, str] = {}
    constraints: tuple[Constraint, ...] = ()
    segments: tuple[int, ...] = ()
    variants: tuple[Variant, ...] = ()


class Dependency(Definition, frozen=True):
    """An Unleash dependency, one level deep; `variants` only when `enabled`."""

    feature: str
    enabled: bool = True
    variants: tuple[str, ...] = ()


class Feature(Definition, frozen=True):
    """A feature with everything that is its own, in one environment.

    `partner_basis` says where a partner has to be; empty when none is needed. `requires`
    is Landfall's own relation (recursive, acyclic); `dependencies` and `variants` are
    Unleash's and come from imported payloads only. `text_key` names the text that is shown
    while the feature is off; empty means the reason's own text. `tags` are of the form
    `type:value` and decide nothing: clients may ask for the features that have one.
    """

    key: str
    bundle: str = ""
    description: str = ""
    owner: str = ""
    value_type: ValueType = "boolean"
    off_value: Any = False
    offer_basis: OfferBasis = "none"
    law_basis: tuple[Signal, ...] = ()
    fail_closed: bool = False
    partner_basis: Literal["", "account", "location", "storefront"] = ""
    default_status: Status = "not-offered"
    profile: str = ""
    requires: tuple[str, ...] = ()
    text_key: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = True
    strategies: tuple[Strategy, ...] = ()
    variants: tuple[Variant, ...] = ()
    dependencies: tuple[Dependency, ...] = ()


class Bundle(Definition, frozen=True):
    """A set of features that is offered as one."""

    key: str
    name: str = ""


class Definitions(Definition, frozen=True):
    """Everything `compile` needs for one scope, kill switches apart."""

    app: str
    environment: str
    territories: tuple[Territory, ...] = ()
    markets: tuple[Market, ...] = ()
    profiles: tuple[PlatformProfile, ...] = ()
    retirements: tuple[PlatformRetirement, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    features: tuple[Feature, ...] = ()
    offers: tuple[Offer, ...] = ()
    orders: tuple[LegalOrder, ...] = ()
    ages: tuple[AgeRule, ...] = ()
    consents: tuple[ConsentRule, ...] = ()
    life_cycles: tuple[LifeCycle, ...] = ()
    caps: tuple[Cap, ...] = ()
    partners: tuple[Partner, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    clusters: tuple[ClusterRollout, ...] = ()
    segments: tuple[Segment, ...] = ()
