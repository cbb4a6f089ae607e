"""PURE: what gates are compiled from: the rules that concern one feature, ready to hand."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import cached_property
from typing import Any, Generic, TypeVar

from flags.engine.constraints import (
    Compiled,
    UnreadableConstraint,
    compile_constraint,
    is_pattern,
)
from flags.engine.definitions import (
    AgeRule,
    Cap,
    ClusterRollout,
    ConsentRule,
    Constraint,
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    LifeCycle,
    Offer,
    Partner,
    PlatformProfile,
    PlatformRetirement,
    Schedule,
    Segment,
    Target,
)
from flags.engine.outcomes import Finding, Flip
from flags.engine.places import Atlas
from flags.engine.rows import Pile, PlacedRule, Shelf, rank_offer, rank_rule
from flags.engine.timetables import Timetables
from regions.zones import instant

T = TypeVar("T")
R = TypeVar("R", bound=Offer | LegalOrder | PlacedRule)
# Where the ranks of orders begin: for a feature, for a bundle, for the app.
_LEVELS = {(True, False): 0, (False, True): 1_000_000, (False, False): 2_000_000}
P = TypeVar("P", bound=Offer | PlacedRule)


class BrokenFeature(ValueError):
    """A feature that cannot be decided: it is off and named, and harms no other."""

    def __init__(self, code: str, message: str) -> None:
        """Take a stable code and a sentence for the person who must mend it."""
        super().__init__(message)
        self.code = code
        self.message = message


class Ground:
    """All definitions of a scope by the feature that they concern. Build it once per compile."""

    def __init__(self, definitions: Definitions, kills: tuple[KillSwitch, ...]) -> None:
        """Sort rules by feature and bundle."""
        self.atlas = Atlas(definitions)
        self.retirements: dict[str, PlatformRetirement] = {
            retirement.platform.strip().lower(): retirement
            for retirement in definitions.retirements
        }
        self.profiles: dict[str, PlatformProfile] = {
            profile.key: profile for profile in definitions.profiles
        }
        self.segments: dict[int, Segment] = {
            segment.id: segment for segment in definitions.segments
        }
        self.features: dict[str, Feature] = {
            feature.key: feature for feature in definitions.features
        }
        atlas = self.atlas
        self._offers = _Ranked(atlas, definitions.offers, lambda offer: rank_offer(atlas, offer))
        self._ages = _Ranked(atlas, definitions.ages, lambda rule: rank_rule(atlas, rule))
        self._consents = _Ranked(atlas, definitions.consents, lambda rule: rank_rule(atlas, rule))
        self._life_cycles = _Ranked(
            atlas, definitions.life_cycles, lambda rule: rank_rule(atlas, rule)
        )
        self._caps = _Ranked(atlas, definitions.caps, lambda rule: rank_rule(atlas, rule))
        self._kills = _by_target((kill.target, kill) for kill in kills)
        self._orders = _by_target(
            (target, order)
            for order in definitions.orders
            for target in (order.targets or (Target(),))
        )
        self._order_shelves: dict[tuple[str, str], Shelf[LegalOrder]] = {}
        self._no_orders: Shelf[LegalOrder] = Shelf(atlas, ())
        self._clusters = _by_target(
            (Target(feature=rollout.feature), rollout) for rollout in definitions.clusters
        )
        listed = (one.platform for profile in definitions.profiles for one in profile.minimums)
        # What no rule names is a platform that came out after they were written.
        self.platforms = frozenset(name.strip().lower() for name in (*listed, *self.retirements))
        self._partners: dict[str, list[Partner]] = {}
        for partner in definitions.partners:
            for key in partner.features:
                self._partners.setdefault(key, []).append(partner)
        self._schedules: dict[str, list[Schedule]] = {}
        for schedule in definitions.schedules:
            for key in schedule.features:
                self._schedules.setdefault(key, []).append(schedule)
        self._timetables: dict[str, Timetables] = {}
        self.warnings: list[Finding] = []
        # For what gates make once for several features.
        self.memo: dict[Hashable, Any] = {}

    def offers_of(self, feature: Feature) -> tuple[Offer, ...]:
        """Return the offers of a feature and of its bundle, most specific first."""
        return self._offers.of(feature)

    def ages_of(self, feature: Feature) -> tuple[AgeRule, ...]:
        """Return the age rules of a feature and of its bundle, most specific first."""
        return self._ages.of(feature)

    def consents_of(self, feature: Feature) -> tuple[ConsentRule, ...]:
        """Return the consents of a feature and of its bundle, most specific first."""
        return self._consents.of(feature)

    def life_cycles_of(self, feature: Feature) -> tuple[LifeCycle, ...]:
        """Return the life cycles of a feature and of its bundle, most specific first."""
        return self._life_cycles.of(feature)

    def caps_of(self, feature: Feature) -> tuple[Cap, ...]:
        """Return the caps of a feature and of its bundle, most specific first."""
        return self._caps.of(feature)

    def placed_of(self, feature: Feature) -> tuple[Offer | LegalOrder | PlacedRule, ...]:
        """Return every rule with a place that concerns a feature."""
        return (
            *self.offers_of(feature),
            *self.orders_of(feature),
            *self.ages_of(feature),
            *self.consents_of(feature),
            *self.life_cycles_of(feature),
            *self.caps_of(feature),
        )

    def orders_of(self, feature: Feature) -> tuple[LegalOrder, ...]:
        """Return the legal orders that cover a feature, each once."""
        return _of(self._orders, feature)

    def offer_shelf_of(self, feature: Feature) -> Shelf[Offer]:
        """Return the shelf of a feature's offers; features of a bundle share one."""
        return self._offers.shelf_of(feature)

    @property
    def no_offers(self) -> Shelf[Offer]:
        """Return the shelf without offers, one for all."""
        return self._offers.empty

    def order_shelf_of(self, feature: Feature) -> Shelf[LegalOrder]:
        """Return the shelf of a feature's legal orders: its own first, then its bundle's."""
        return _pile(self._no_orders, [self._order_shelf(key) for key in _targets(feature)])

    def _order_shelf(self, target: tuple[str, str]) -> Shelf[LegalOrder]:
        shelf = self._order_shelves.get(target)
        if shelf is None:
            orders = tuple(self._orders.get(target, ()))
            first = _LEVELS[bool(target[0]), bool(target[1])]
            ranks = tuple(range(first, first + len(orders)))
            shelf = self._order_shelves[target] = Shelf(self.atlas, orders, ranks)
        return shelf

    def kills_of(self, feature: Feature) -> tuple[KillSwitch, ...]:
        """Return the kill switches that cover a feature."""
        return _of(self._kills, feature)

    def clusters_of(self, feature: Feature) -> tuple[ClusterRollout, ...]:
        """Return the cluster rollouts of a feature, in the order of their keys."""
        return tuple(self._clusters.get((feature.key, ""), ()))

    def partners_of(self, feature: Feature) -> tuple[Partner, ...]:
        """Return the partners that make a feature real, in the order of their keys."""
        return tuple(self._partners.get(feature.key, ())) if feature.partner_basis else ()

    def rules_of(self, feature: Feature) -> tuple[tuple[Any, ...], ...]:
        """Return every rule that concerns a feature at some place, kind by kind."""
        return (
            self.placed_of(feature),
            self.kills_of(feature),
            self.clusters_of(feature),
            self.partners_of(feature),
            self.schedules_of(feature),
        )

    def codes_of(self, feature: Feature) -> frozenset[str]:
        """Return the territories that any rule of a feature names."""
        found: set[str | None] = {kill.territory for kill in self.kills_of(feature)}
        found |= {rollout.territory for rollout in self.clusters_of(feature)}
        found |= {partner.territory for partner in self.partners_of(feature)}
        for rule in self.placed_of(feature):
            found.update(self.atlas.list_codes(rule.place))
        for schedule in self.schedules_of(feature):
            found.update(self.timetables_of(schedule).codes)
        return frozenset(code for code in found if code)

    def schedules_of(self, feature: Feature) -> tuple[Schedule, ...]:
        """Return the schedules that name a feature; more than one is a mistake."""
        return tuple(self._schedules.get(feature.key, ()))

    def timetables_of(self, schedule: Schedule) -> Timetables:
        """Return when a schedule runs; the same for all of its features."""
        key = schedule.rule.key
        if key not in self._timetables:
            self._timetables[key] = Timetables(schedule, self.atlas)
        return self._timetables[key]

    @cached_property
    def farewells(self) -> tuple[Flip, ...]:
        """Return when platforms close or end, in every territory; the same for all features."""
        found = {
            Flip(instant(day, self.atlas.zone_of(code)), code or "")
            for retirement in self.retirements.values()
            for day in (retirement.closed_to_new, retirement.off)
            if day is not None
            for code in (*self.atlas.zones, None)
        }
        return tuple(sorted(found))

    def warn(self, feature: str, code: str, message: str) -> None:
        """Name something that could not be taken as it stands."""
        self.warnings.append(Finding(feature=feature, code=code, message=message))

    def opens_unknown(self, feature: Feature) -> bool:
        """Tell whether a feature is on where the platform is unknown."""
        profile = self.profiles.get(feature.profile)
        opens = profile is not None and profile.unknown_platforms == "on"
        return opens and not feature.fail_closed

    def build_test(self, feature: Feature, constraint: Constraint) -> Compiled:
        """Build the test of a constraint; one that cannot be read breaks the feature."""
        if constraint.operator == "REGEX" and not is_pattern(constraint.value):
            message = f"RE2 refuses the pattern {constraint.value!r}"
            self.warn(feature.key, "bad_pattern", message)
        try:
            return compile_constraint(constraint)
        except UnreadableConstraint as error:
            raise BrokenFeature("bad_constraint", str(error)) from error

    def ingredients_of(self, feature: Feature, flaw: str) -> tuple[Any, ...]:
        """Return all that compiling this feature looks at, territories and markets apart."""
        segments = {number for strategy in feature.strategies for number in strategy.segments}
        return (
            feature,
            flaw,
            self.rules_of(feature),
            self.profiles.get(feature.profile),
            self.platforms if self.opens_unknown(feature) else frozenset(),
            tuple(self.segments.get(number) for number in sorted(segments)),
        )


class _Ranked(Generic[P]):
    """Rules by target; each feature's are found most specific first.

    A bundle's rules are the same for all its features, and so are their shelves.
    """

    def __init__(self, atlas: Atlas, rules: Iterable[P], rank: Callable[[P], Any]) -> None:
        self.atlas = atlas
        ranked = sorted(rules, key=rank)
        self.by_target = _by_target((rule.target, rule) for rule in ranked)
        self.ranks = {id(rule): number for number, rule in enumerate(ranked)}
        self.shelves: dict[tuple[str, str], Shelf[P]] = {}
        self.found: dict[tuple[tuple[str, str], ...], tuple[P, ...]] = {}
        self.empty: Shelf[P] = Shelf(atlas, ())

    def of(self, feature: Feature) -> tuple[P, ...]:
        targets = tuple(key for key in _targets(feature) if key in self.by_target)
        found = self.found.get(targets)
        if found is None:
            rules = (rule for target in targets for rule in self.by_target[target])
            found = tuple(sorted(rules, key=lambda rule: self.ranks[id(rule)]))
            self.found[targets] = found
        return found

    def shelf_of(self, feature: Feature) -> Shelf[P]:
        return _pile(self.empty, [self._shelf(key) for key in _targets(feature)])

    def _shelf(self, target: tuple[str, str]) -> Shelf[P]:
        shelf = self.shelves.get(target)
        if shelf is None:
            rules = tuple(self.by_target.get(target, ()))
            ranks = tuple(self.ranks[id(rule)] for rule in rules)
            shelf = self.shelves[target] = Shelf(self.atlas, rules, ranks)
        return shelf


def _pile(empty: Shelf[R], shelves: Iterable[Shelf[R]]) -> Shelf[R]:
    """Put shelves on top of each other where there is more than one with rules."""
    filled = tuple(shelf for shelf in shelves if shelf.rules)
    return Pile(empty.atlas, filled) if len(filled) > 1 else filled[0] if filled else empty


def _targets(feature: Feature) -> tuple[tuple[str, str], ...]:
    """Name where rules for a feature may be kept: its own, its bundle's, the app's."""
    own = (feature.key, "")
    return (own, ("", feature.bundle), ("", "")) if feature.bundle else (own, ("", ""))


def _by_target(pairs: Iterable[tuple[Target, T]]) -> dict[tuple[str, str], list[T]]:
    found: dict[tuple[str, str], list[T]] = {}
    for target, rule in pairs:
        found.setdefault((target.feature, target.bundle), []).append(rule)
    return found


def _of(rules: dict[tuple[str, str], list[T]], feature: Feature) -> tuple[T, ...]:
    """Return the rules for the feature, its bundle and the whole app, each once."""
    found = [*rules.get((feature.key, ""), ())]
    if feature.bundle:
        found += rules.get(("", feature.bundle), ())
    found += rules.get(("", ""), ())
    return tuple({id(rule): rule for rule in found}.values())
