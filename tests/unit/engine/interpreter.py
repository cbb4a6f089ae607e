"""A slow, obvious reading of docs/domain.md section 3: the law that plans are held against.

It shares no code with the engine but the input types, mmh3 and the normalising of country
codes; it walks all definitions for every question.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from flags.engine.context import Context
from flags.engine.definitions import (
    AgeRule,
    Cap,
    ConsentRule,
    Constraint,
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    LifeCycle,
    Offer,
    Partner,
    Place,
    Strategy,
    Target,
    Variant,
)
from regions.locales.territory import normalise_country
from tests.unit.engine.readings import at_least, is_old_enough, normalized, number_holds, text_holds

R = TypeVar("R", AgeRule, ConsentRule, LifeCycle)

NO_PARTNER = ("NEEDS_PARTNER_HERE", "")


class Told(NamedTuple):
    """What the interpreter says of a feature."""

    on: bool
    value: Any
    reason: str
    rule: str = ""
    variant: str = ""


def interpret(
    definitions: Definitions, kills: tuple[KillSwitch, ...], key: str, context: Context
) -> Told:
    """Answer one question by asking every gate in order."""
    return _World(definitions, kills, context).ask(key)


class _World:
    def __init__(
        self, definitions: Definitions, kills: tuple[KillSwitch, ...], context: Context
    ) -> None:
        self.definitions = definitions
        self.kills = kills
        self.context = context
        self.now = context.now
        self.zones = {one.code: one.zone for one in definitions.territories}
        self.markets = {one.key: one for one in definitions.markets}
        self.features = {one.key: one for one in definitions.features}
        text = context.properties.get
        self.places = {
            "account": self.first(text("accountCountry"), text("phoneCountry")),
            "location": self.first(
                text("locationCountry"),
                text("gpsCountry"),
                text("networkCountry"),
                text("ipCountry"),
            ),
            "storefront": self.first(text("storefrontCountry")),
        }
        self.platform = (text("platform") or "").strip().lower() or None
        self.subdivision = (text("subdivision") or "").upper()

    def first(self, *texts: str | None) -> str | None:
        for text in texts:
            if code := normalise_country(text):
                return code
        return None

    def is_garbled(self, *texts: str | None) -> bool:
        """Tell whether evidence that cannot be read comes before any that can."""
        for text in texts:
            if normalise_country(text):
                return False
            if text and text.strip().upper() not in ("", "XX", "ZZ"):
                return True
        return False

    def ask(self, key: str) -> Told:
        feature = self.features.get(key)
        if feature is None:
            return Told(on=False, value=False, reason="UNKNOWN_FEATURE")
        if self.is_on_cycle(key):
            return Told(on=False, value=feature.off_value, reason="ERROR")
        gates = (
            self.kill(feature),
            self.signal(feature),
            self.law(feature),
            self.retired(feature),
            self.profile(feature),
            self.age(feature),
            self.consent(feature),
            self.offer(feature),
            self.life_cycle(feature),
            self.cap(feature),
            self.partner(feature),
            self.schedule(feature),
            self.requires(feature),
            self.clusters(feature),
        )
        for closed in gates:
            if closed is not None:
                reason, rule = closed
                return Told(on=False, value=feature.off_value, reason=reason, rule=rule)
        return self.target(feature)

    def is_on_cycle(self, key: str) -> bool:
        seen: set[str] = set()
        waiting = list(self.features[key].requires)
        while waiting:
            need = waiting.pop()
            if need == key:
                return True
            if need not in seen and need in self.features:
                seen.add(need)
                waiting += self.features[need].requires
        return False

    def covers(self, target: Target, feature: Feature) -> bool:
        if target.feature:
            return target.feature == feature.key
        return not target.bundle or target.bundle == feature.bundle

    def kill(self, feature: Feature) -> tuple[str, str] | None:
        for kill in self.ordered_kills(feature):
            if kill.platform and self.platform not in (None, kill.platform):
                continue
            here = (self.places["account"], self.places["location"])
            if kill.territory and kill.territory not in here:
                continue
            if self.context.as_of and not kill.since <= self.now < kill.expires:
                continue
            return "KILLED", kill.rule.key
        return None

    def ordered_kills(self, feature: Feature) -> list[KillSwitch]:
        """Those for the feature first, then its bundle's, then the app's."""
        found = [kill for kill in self.kills if self.covers(kill.target, feature)]
        return sorted(found, key=lambda k: (not k.target.feature, not k.target.bundle))

    def signal(self, feature: Feature) -> tuple[str, str] | None:
        if not feature.fail_closed:
            return None
        text = self.context.properties.get
        evidence = {
            "account": ("accountCountry", "phoneCountry"),
            "location": ("locationCountry", "gpsCountry", "networkCountry", "ipCountry"),
            "storefront": ("storefrontCountry",),
        }
        needed = {feature.offer_basis, *feature.law_basis, feature.partner_basis}
        for name in needed - {"none", ""}:
            if name == "participants":
                entries = self.context.lists.get("participantCountries", ())
                missing = not all(normalise_country(entry) for entry in entries)
            else:
                texts = [text(field) for field in evidence[name]]
                missing = self.places[name] is None or self.is_garbled(*texts)
            if missing:
                return "MISSING_SIGNAL", ""
        return None

    def law(self, feature: Feature) -> tuple[str, str] | None:
        for signal in feature.law_basis:
            codes: list[str | None] = [self.places.get(signal)]
            if signal == "participants":
                entries = self.context.lists.get("participantCountries", ())
                codes = sorted({c for e in entries if (c := normalise_country(e))})  # type: ignore[assignment]
            for code in codes:
                for region in self.list_regions(feature):
                    if rule := self.blocked_in(feature, signal, code, region):
                        return "BLOCKED_BY_LAW", rule
        return None

    def list_regions(self, feature: Feature) -> list[str]:
        """Where the person may be: anywhere when unknown, if the feature fails closed."""
        if self.subdivision or not feature.fail_closed:
            return [self.subdivision]
        places = [order.place for order in self.definitions.orders]
        places += [offer.place for offer in self.definitions.offers]
        return ["", *sorted({one.key for one in places if one.kind == "subdivision"})]

    def blocked_in(self, feature: Feature, signal: str, code: str | None, region: str) -> str:
        """Name the rule that blocks in a subdivision, none when it is open there."""
        known, self.subdivision = self.subdivision, region
        try:
            for order in self.ordered_orders(feature):
                if self.holds(order.place, code, order.effective, None):
                    return order.rule.key
            best = self.most_specific(feature, signal, code, law=True)
            return best.rule.key if best and best.status == "blocked-by-law" else ""
        finally:
            self.subdivision = known

    def ordered_orders(self, feature: Feature) -> list[LegalOrder]:
        def rank(order: LegalOrder) -> int:
            targets = [t for t in (order.targets or (Target(),)) if self.covers(t, feature)]
            return min(0 if t.feature else 1 if t.bundle else 2 for t in targets)

        found = [
            order
            for order in self.definitions.orders
            if any(self.covers(t, feature) for t in order.targets or (Target(),))
        ]
        return sorted(found, key=rank)

    def instant(self, code: str | None, day: date) -> datetime:
        zone = self.zones.get(code or "", "UTC")
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)

    def within(self, code: str | None, starts: date | None, ends: date | None) -> bool:
        begun = starts is None or self.instant(code, starts) <= self.now
        return begun and (ends is None or self.now < self.instant(code, ends))

    def holds(self, place: Place, code: str | None, starts: date | None, ends: date | None) -> bool:
        if not self.within(code, starts, ends):
            return False
        if place.kind == "everywhere":
            return True
        if code is None:
            return False
        if place.kind == "territory":
            return place.key == code
        if place.kind == "subdivision":
            return place.key == self.subdivision and place.key.startswith(f"{code}-")
        market = self.markets.get(place.key)
        return market is not None and any(
            member.territory == code and self.within(code, member.starts, member.ends)
            for member in market.members
        )

    def most_specific(
        self, feature: Feature, signal: str, code: str | None, *, law: bool
    ) -> Offer | None:
        candidates = []
        for offer in self.definitions.offers:
            if not self.covers(offer.target, feature) or offer.basis not in ("", signal):
                continue
            if not self.holds(offer.place, code, offer.starts, offer.ends):
                continue
            if offer.platform and offer.platform != self.platform:
                unknown_block = self.platform is None and offer.status == "blocked-by-law"
                if not (law and unknown_block):
                    continue
            rank = (
                *self.rank(offer.target, offer.place),
                offer.platform == "",
                offer.basis == "",
                offer.rule.key,
            )
            candidates.append((rank, offer))
        return min(candidates, key=lambda pair: pair[0])[1] if candidates else None

    def rank(self, target: Target, place: Place) -> tuple[int, int, str]:
        """Order rules: the smaller, the more specific."""
        levels = [
            ("feature", "subdivision"),
            ("feature", "territory"),
            ("feature", "market"),
            ("bundle", "subdivision"),
            ("bundle", "territory"),
            ("bundle", "market"),
            ("feature", "everywhere"),
            ("bundle", "everywhere"),
        ]
        kind = "feature" if target.feature else "bundle"
        market = self.markets.get(place.key) if place.kind == "market" else None
        level = levels.index((kind, place.kind))
        return level, -(market.priority if market else 0), place.key

    def list_held(self, rules: tuple[R, ...], feature: Feature, codes: list[str | None]) -> list[R]:
        """List the rules for a feature that hold now at one of the places, most specific first."""
        found = []
        for rule in rules:
            dates = (None, None) if isinstance(rule, LifeCycle) else (rule.starts, rule.ends)
            if self.covers(rule.target, feature) and any(
                self.holds(rule.place, code, *dates) for code in codes
            ):
                found.append(rule)
        return sorted(found, key=lambda one: (*self.rank(one.target, one.place), one.rule.key))

    def age(self, feature: Feature) -> tuple[str, str] | None:
        home = self.places["account"] or self.places["location"]
        if home is None:
            rules = self.list_held(self.definitions.ages, feature, [None, *self.zones])
            return ("AGE", "") if any(rule.minimum > 0 for rule in rules) else None
        for rule in self.list_held(self.definitions.ages, feature, [home])[:1]:
            if not is_old_enough(self.context.properties.get("age", ""), rule.minimum):
                return "AGE", rule.rule.key
        return None

    def consent(self, feature: Feature) -> tuple[str, str] | None:
        home = self.places["account"] or self.places["location"]
        rules = self.definitions.consents
        if home is None:
            somewhere = self.list_held(rules, feature, [None, *self.zones])
            return ("CONSENT_REQUIRED", "") if somewhere else None
        for rule in self.list_held(rules, feature, [home]):
            given = [text.strip().lower() for text in self.context.lists.get("consents", ())]
            if rule.consent not in given:
                return "CONSENT_REQUIRED", rule.rule.key
        return None

    def life_cycle(self, feature: Feature) -> tuple[str, str] | None:
        code = self.places["account"] or self.places["location"]
        if feature.offer_basis != "none":
            code = self.places[feature.offer_basis]
        for cycle in self.list_held(self.definitions.life_cycles, feature, [code])[:1]:
            if cycle.sunset and self.instant(code, cycle.sunset) <= self.now:
                return "SUNSET", cycle.rule.key
            enrolled = self.context.properties.get("enrolled") == "true"
            closed = cycle.closed_to_new
            if closed and not enrolled and self.instant(code, closed) <= self.now:
                return "CLOSED_TO_NEW", cycle.rule.key
        return None

    def retired(self, _feature: Feature) -> tuple[str, str] | None:
        for retirement in self.definitions.retirements:
            if retirement.platform != self.platform:
                continue
            account, location = self.places["account"], self.places["location"]
            code = account if account in self.zones else location
            if retirement.off and self.instant(code, retirement.off) <= self.now:
                return "PLATFORM_RETIRED", retirement.rule.key
            enrolled = self.context.properties.get("enrolled") == "true"
            if not enrolled and self.instant(code, retirement.closed_to_new) <= self.now:
                return "CLOSED_TO_NEW", retirement.rule.key
        return None

    def profile(self, feature: Feature) -> tuple[str, str] | None:
        if not feature.profile:
            return None
        profiles = self.definitions.profiles
        profile = next(p for p in profiles if p.key == feature.profile)
        named = {one.platform for p in profiles for one in p.minimums}
        named |= {one.platform for one in self.definitions.retirements}
        if self.platform not in named and profile.unknown_platforms == "on":
            return None if not feature.fail_closed else ("UNSUPPORTED_PLATFORM", "")
        for minimum in profile.minimums:
            if minimum.platform == self.platform:
                os_version = self.context.properties.get("osVersion", "")
                app_version = self.context.properties.get("appVersion", "")
                if at_least(os_version, minimum.os_version) and at_least(
                    app_version, minimum.app_version
                ):
                    return None
        return "UNSUPPORTED_PLATFORM", ""

    def offer(self, feature: Feature) -> tuple[str, str] | None:
        if feature.offer_basis == "none":
            return None
        best = self.best_offer(feature)
        status = best.status if best else feature.default_status
        here = feature.partner_basis == feature.offer_basis
        if status != "live" and not (here and status == "needs-partner"):
            return status.upper().replace("-", "_"), best.rule.key if best else ""
        if best is not None and best.rollout is not None:
            identity = self.context.user_id or self.context.session_id
            if identity is None:
                bucket = self.context.dice(100)
            else:
                bucket = normalized(feature.key, identity, 100, 0)
            if bucket > best.rollout:
                return "NOT_IN_ROLLOUT", best.rule.key
        return None

    def best_offer(self, feature: Feature) -> Offer | None:
        if feature.offer_basis == "none":
            return None
        code = self.places[feature.offer_basis]
        return self.most_specific(feature, feature.offer_basis, code, law=False)

    def partner(self, feature: Feature) -> tuple[str, str] | None:
        if not feature.partner_basis:
            return None
        willing = self.list_willing(feature)
        for partner in willing:
            if all(map(self.constraint_holds, partner.requirements)):
                return None
        return ("REQUIREMENTS_NOT_MET", willing[0].rule.key) if willing else NO_PARTNER

    def list_willing(self, feature: Feature) -> list[Partner]:
        """Those who would serve this person, whatever they require; of the city first."""
        text = self.context.properties.get
        city, wallet = (text(name) or "" for name in ("city", "walletCurrency"))
        found = []
        for partner in self.definitions.partners:
            code = partner.territory
            if feature.key not in partner.features or code != self.places[feature.partner_basis]:
                continue
            local = self.now.astimezone(ZoneInfo(self.zones[code])).replace(tzinfo=None)
            begun = partner.starts is None or partner.starts <= local
            ended = partner.ends is not None and partner.ends <= local
            at_home = partner.city.casefold() in ("*", city.strip().casefold())
            accepted = not partner.wallets or wallet.strip().upper() in partner.wallets
            if begun and not ended and at_home and accepted:
                found.append(partner)
        return sorted(found, key=lambda partner: partner.city == "*")

    def serving(self, feature: Feature) -> str:
        """Name the partner who makes it real for this person."""
        for partner in self.list_willing(feature):
            if all(map(self.constraint_holds, partner.requirements)):
                return partner.rule.key
        return ""

    def requires(self, feature: Feature) -> tuple[str, str] | None:
        for key in feature.requires:
            if not self.ask(key).on:
                return "REQUIRES_OFF", ""
        return None

    def home(self, feature: Feature) -> str | None:
        if feature.offer_basis == "none":
            return self.places["account"] or self.places["location"]
        return self.places[feature.offer_basis]

    def cap(self, feature: Feature) -> tuple[str, str] | None:
        code = self.home(feature)
        caps = [
            cap
            for cap in self.definitions.caps
            if self.covers(cap.target, feature)
            and self.holds(cap.place, code, cap.starts, cap.ends)
        ]
        if not caps or self.context.properties.get("enrolled") == "true":
            return None
        best = min(caps, key=self.specificity)
        given = self.context.properties.get("enrolledCount", "")
        full = int(given) >= best.limit if given.isdigit() else best.full
        return ("CAP_REACHED", best.rule.key) if full else None

    def specificity(self, rule: Cap) -> tuple[Any, ...]:
        near = ["feature territory", "feature market", "bundle territory", "bundle market"]
        levels = [*near, "feature everywhere", "bundle everywhere"]
        kind = "feature" if rule.target.feature else "bundle"
        market = self.markets.get(rule.place.key) if rule.place.kind == "market" else None
        priority = market.priority if market else 0
        return (
            levels.index(f"{kind} {rule.place.kind}"),
            -priority,
            rule.place.key,
            rule.rule.key,
        )

    def schedule(self, feature: Feature) -> tuple[str, str] | None:
        for schedule in self.definitions.schedules:
            if feature.key not in schedule.features:
                continue
            code = self.places[schedule.anchor]
            field = "accountTimeZone" if schedule.anchor == "account" else "timeZone"
            zone = self.clock(self.field(field)) or ZoneInfo(self.zones.get(code or "", "UTC"))
            group = Place("market", schedule.market) if schedule.market else Place("everywhere")
            own = [one for one in schedule.windows if code and one.territory == code]
            windows = own or [one for one in schedule.windows if not one.territory]
            if not windows or not self.holds(group, code, None, None):
                return "NOT_IN_GROUP", schedule.rule.key
            begun = [one.starts is None or self.is_past(one.starts, zone) for one in windows]
            over = [one.ends is not None and self.is_past(one.ends, zone) for one in windows]
            if any(here and not gone for here, gone in zip(begun, over, strict=True)):
                continue
            return "ENDED" if all(begun) else "NOT_STARTED", schedule.rule.key
        return None

    def clock(self, name: str | None) -> ZoneInfo | None:
        known = {zone.lower(): zone for zone in available_timezones()}
        found = known.get((name or "").strip().lower())
        return ZoneInfo(found) if found else None

    def is_past(self, wall: datetime, zone: ZoneInfo) -> bool:
        """Whether clocks have shown this time, jumped over it, or were set back before it."""
        shown = (self.now - timedelta(minutes=back) for back in range(181))
        return any(at.astimezone(zone).replace(tzinfo=None) >= wall for at in shown)

    def clusters(self, feature: Feature) -> tuple[str, str] | None:
        code = self.home(feature)
        own = [one for one in self.definitions.clusters if one.feature == feature.key]
        here = [one for one in own if code and one.territory == code]
        for rollout in (here or [one for one in own if not one.territory])[:1]:
            given = self.context.lists.get(rollout.field, (self.field(rollout.field) or "",))
            names = {name.strip().casefold() for name in given}
            if not names & {name.casefold() for name in rollout.order[: rollout.enabled]}:
                return "NOT_IN_ROLLOUT", rollout.rule.key
        return None

    def target(self, feature: Feature) -> Told:
        best = self.best_offer(feature)
        rule = best.rule.key if best else ""
        if feature.partner_basis:
            rule = self.serving(feature)
        if not feature.enabled:
            return Told(on=False, value=feature.off_value, reason="NOT_IN_ROLLOUT")
        strategies = feature.strategies or (Strategy(name="default"),)
        for strategy in strategies:
            if self.strategy_holds(strategy):
                variant = self.pick(strategy)
                if variant is None:
                    value = True if feature.value_type == "boolean" else feature.off_value
                    return Told(on=True, value=value, reason="LIVE", rule=rule)
                text = variant.payload.value if variant.payload else variant.name
                value = True if feature.value_type == "boolean" else text
                return Told(on=True, value=value, reason="VARIANT", rule=rule, variant=variant.name)
        return Told(on=False, value=feature.off_value, reason="NOT_IN_ROLLOUT")

    def strategy_holds(self, strategy: Strategy) -> bool:
        constraints = list(strategy.constraints)
        segments = {one.id: one for one in self.definitions.segments}
        for number in strategy.segments:
            if number not in segments:
                return False
            constraints += segments[number].constraints
        if not all(self.constraint_holds(one) for one in constraints):
            return False
        return strategy.name == "default" or self.share_holds(strategy)

    def share_holds(self, strategy: Strategy) -> bool:
        if strategy.name == "userWithId":
            users = strategy.parameters.get("userIds", "").split(",")
            return self.context.user_id in [user.strip() for user in users]
        stickiness = strategy.parameters["stickiness"]
        percent = int(strategy.parameters["rollout"])
        identity = self.identity(stickiness)
        if identity is None:
            if stickiness not in ("default", "random"):
                return False
            return self.context.dice(100) <= percent
        return normalized(strategy.parameters["groupId"], identity, 100, 0) <= percent

    def identity(self, stickiness: str) -> str | None:
        if stickiness == "default":
            return self.context.user_id or self.context.session_id
        if stickiness == "random":
            return None
        return self.field(stickiness)

    def field(self, name: str) -> str | None:
        standard = {
            "userId": self.context.user_id,
            "sessionId": self.context.session_id,
            "environment": self.context.environment,
        }
        return standard[name] if name in standard else self.context.properties.get(name)

    def pick(self, strategy: Strategy) -> Variant | None:
        total = sum(variant.weight for variant in strategy.variants)
        if total == 0:
            return None
        identity = self.identity(strategy.parameters["stickiness"])
        if identity is None:
            target = self.context.dice(total)
        else:
            target = normalized(strategy.parameters["groupId"], identity, total, 86028157)
        reached = 0
        for variant in strategy.variants:
            reached += variant.weight
            if reached >= target:
                return variant
        raise AssertionError

    def constraint_holds(self, constraint: Constraint) -> bool:
        answer = self.operator_holds(constraint)
        return answer != constraint.inverted

    def operator_holds(self, constraint: Constraint) -> bool:
        operator = constraint.operator
        if operator.startswith("DATE_"):
            at = datetime.fromisoformat(constraint.value)
            return self.now > at if operator == "DATE_AFTER" else self.now < at
        text = self.field(constraint.context_name)
        if operator == "NOT_IN":
            return text not in constraint.values
        if text is None:
            return False
        if operator == "IN":
            return text in constraint.values
        if operator.startswith("STR_"):
            return text_holds(constraint, text)
        return number_holds(constraint, text)
