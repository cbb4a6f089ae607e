"""A synthetic world the size of the demo: 43 features, 8 bundles, 36 territories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from flags.engine.definitions import (
    Bundle,
    Constraint,
    Definitions,
    Feature,
    LegalOrder,
    Market,
    Member,
    Minimum,
    Offer,
    Payload,
    Place,
    PlatformProfile,
    Rule,
    Status,
    Strategy,
    Target,
    Territory,
    Variant,
)

APP = "superapp"
ENVIRONMENT = "production"
CODES = (
    *("AE", "AR", "AT", "AU", "BR", "CA", "CH", "CN", "DE", "EG", "ES", "FR"),
    *("GB", "HK", "ID", "IE", "IN", "IT", "JP", "KR", "MO", "MX", "MY", "NL"),
    *("NO", "NZ", "PH", "PL", "PT", "SA", "SE", "SG", "TH", "TW", "US", "VN"),
)
BUNDLES = ("calling", "commerce", "feed", "maps", "mini", "news", "social", "wallet")
STATUSES: tuple[Status, ...] = ("live", "live", "live", "planned", "needs-partner", "withdrawn")
FEATURES = 43


def build_definitions() -> Definitions:
    """Build the world."""
    return Definitions(
        app=APP,
        environment=ENVIRONMENT,
        territories=tuple(Territory(code, "UTC") for code in CODES),
        markets=(
            Market("EEA", 5, tuple(Member(c) for c in ("AT", "DE", "ES", "FR", "IE", "IT", "NO"))),
        ),
        profiles=(PlatformProfile("modern", (Minimum("android", "11"), Minimum("ios", "15"))),),
        bundles=tuple(Bundle(key, key.title()) for key in BUNDLES),
        features=tuple(sorted((build_feature(n) for n in range(FEATURES)), key=lambda f: f.key)),
        offers=tuple(build_offers()),
        orders=(build_order(),),
    )


def build_feature(number: int) -> Feature:
    """Build one feature; every third has a rollout, every seventh variants."""
    key = f"{BUNDLES[number % len(BUNDLES)]}.f{number:02}"
    parameters = {"rollout": "100", "stickiness": "default", "groupId": key}
    constraints: tuple[Constraint, ...] = ()
    variants: tuple[Variant, ...] = ()
    if number % 3 == 0:
        parameters["rollout"] = str(10 + number)
    if number % 5 == 0:
        constraints = (Constraint("appVersion", "SEMVER_GTE", value="8.0.0"),)
    if number % 7 == 0:
        payload = Payload("json", '{"columns":2,"theme":"wide"}')
        variants = (Variant("wide", 500, payload), Variant("narrow", 500))
    return Feature(
        key=key,
        bundle=BUNDLES[number % len(BUNDLES)],
        description=f"Feature number {number}",
        owner="bench",
        offer_basis="account" if number % 2 else "location",
        law_basis=("account", "location") if number % 4 == 0 else ("location",),
        fail_closed=number % 8 == 0,
        profile="modern" if number % 6 == 0 else "",
        strategies=(
            Strategy("flexibleRollout", parameters, constraints=constraints, variants=variants),
        ),
    )


def build_offers() -> Iterator[Offer]:
    """Build an offer of each bundle in each territory, in key order."""
    for bundle_at, bundle in enumerate(BUNDLES):
        for code_at, code in enumerate(CODES):
            status = STATUSES[(bundle_at * 7 + code_at) % len(STATUSES)]
            yield Offer(
                rule=Rule(f"offer-{bundle}-{code}", "Launched by the plan", "bench"),
                target=Target(bundle=bundle),
                place=Place("territory", code),
                status=status,
            )


def build_order() -> LegalOrder:
    """Build one order in force."""
    return LegalOrder(
        rule=Rule("order-calls", "Licence needed", "legal"),
        targets=(Target(bundle="calling"),),
        place=Place("territory", "AE"),
        effective=date(2020, 1, 1),
    )


def list_queries(count: int) -> list[str]:
    """Return distinct contexts as queries of `/api/frontend`."""
    queries = []
    for number in range(count):
        home = CODES[number % len(CODES)]
        away = CODES[(number // len(CODES)) % len(CODES)]
        fields = {
            "userId": f"user-{number}",
            "sessionId": str(100_000_000 + number),
            "appName": "bench",
            "environment": "default",
            "properties[accountCountry]": home,
            "properties[locationCountry]": home if number % 4 else away,
            "properties[platform]": ("ios", "android", "web")[number % 3],
            "properties[osVersion]": ("14.2", "15.0", "17.5", "18.0.1")[number % 4],
            "properties[appVersion]": ("7.9.0", "8.0.0", "8.0.70")[number % 3],
            "properties[locale]": ("en", "zh-Hans", "es-419", "ar")[number % 4],
            "properties[age]": str(12 + number % 60),
        }
        queries.append(urlencode(fields))
    return queries
