"""A synthetic world, by default the size of the demo: 43 features, 8 bundles, 36 territories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
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
    Signal,
    Status,
    Strategy,
    Target,
    Territory,
    Variant,
)
from regions.locales.territory import list_countries

APP = "superapp"
ENVIRONMENT = "production"
CODES = (
    *("AE", "AR", "AT", "AU", "BR", "CA", "CH", "CN", "DE", "EG", "ES", "FR"),
    *("GB", "HK", "ID", "IE", "IN", "IT", "JP", "KR", "MO", "MX", "MY", "NL"),
    *("NO", "NZ", "PH", "PL", "PT", "SA", "SE", "SG", "TH", "TW", "US", "VN"),
)
ZONES = ("UTC", "Asia/Dubai", "Asia/Singapore", "Europe/Paris", "America/New_York", "Asia/Tokyo")
EEA = ("AT", "DE", "ES", "FR", "IE", "IT", "NO")
BUNDLES = ("calling", "commerce", "feed", "maps", "mini", "news", "social", "wallet")
STATUSES: tuple[Status, ...] = ("live", "live", "live", "planned", "needs-partner", "withdrawn")
LOCALES = ("en", "zh-Hans", "es-419", "ar", "pt-BR", "fr", "ja", "ko")
FEATURES = 43
STANDARD = frozenset({"userId", "sessionId", "appName", "environment"})
# A further bundle for as many features.
BUNDLE_FEATURES = 100


def build_definitions(*, features: int = FEATURES, territories: int = len(CODES)) -> Definitions:
    """Build a world of this size; three features in ten have a rollout, one in thirty variants."""
    codes = list_codes(territories)
    bundles = list_bundles(features)
    return Definitions(
        app=APP,
        environment=ENVIRONMENT,
        territories=tuple(Territory(code, ZONES[n % len(ZONES)]) for n, code in enumerate(codes)),
        markets=(Market("EEA", 5, tuple(Member(code) for code in EEA)),),
        profiles=(PlatformProfile("modern", (Minimum("android", "11"), Minimum("ios", "15"))),),
        bundles=tuple(Bundle(key, key.title()) for key in bundles),
        features=tuple(
            sorted((build_feature(n, bundles) for n in range(features)), key=lambda f: f.key)
        ),
        offers=tuple(sorted(build_offers(features, bundles, codes), key=lambda o: o.rule.key)),
        orders=tuple(build_order(bundle, code) for bundle in bundles[::8] for code in ("AE", "CN")),
    )


def list_codes(count: int) -> tuple[str, ...]:
    """List territories: the 36 of the demo first, then any others."""
    others = (code for code in list_countries() if code not in CODES)
    return tuple(sorted((*CODES[:count], *islice(others, max(count - len(CODES), 0)))))


def list_bundles(features: int) -> tuple[str, ...]:
    """List the bundles: eight, and more where there are many features."""
    more = (f"bundle{n:03}" for n in range(len(BUNDLES), features // BUNDLE_FEATURES))
    return (*BUNDLES, *more)


def name_feature(number: int, bundles: tuple[str, ...] = BUNDLES) -> str:
    """Return a feature's key."""
    return f"{bundles[number % len(bundles)]}.f{number:02}"


def build_feature(number: int, bundles: tuple[str, ...] = BUNDLES) -> Feature:
    """Build one feature; what it asks for follows from its number."""
    key = name_feature(number, bundles)
    bundle = bundles[number % len(bundles)]
    parameters = {"rollout": "100", "stickiness": "default", "groupId": key}
    variants: tuple[Variant, ...] = ()
    if number % 10 in (0, 3, 6):
        parameters["rollout"] = str(10 + number % 83)
    if number % 30 == 27:
        payload = Payload("json", '{"columns":2,"theme":"wide"}')
        variants = (Variant("wide", 500, payload), Variant("narrow", 500))
    return Feature(
        key=key,
        bundle=bundle,
        description=f"Feature number {number}",
        owner="bench",
        offer_basis="account" if number % 2 else "location",
        law_basis=list_law_basis(number),
        fail_closed=number % 8 == 0,
        profile="modern" if number % 6 == 0 else "",
        requires=(name_feature(number - 1, bundles),) if number % 25 == 12 else (),
        strategies=(
            Strategy(
                "flexibleRollout",
                parameters,
                constraints=build_constraints(number),
                variants=variants,
            ),
        ),
    )


def list_law_basis(number: int) -> tuple[Signal, ...]:
    """Return a feature's law basis; calls look at everybody in them."""
    if number % 16 == 0:
        return ("location", "participants")
    return ("account", "location") if number % 4 == 0 else ("location",)


def build_constraints(number: int) -> tuple[Constraint, ...]:
    """Ask every fifth feature for a version, some for a language or an age."""
    constraints: list[Constraint] = []
    if number % 5 == 0:
        constraints.append(Constraint("appVersion", "SEMVER_GTE", value=f"8.{number % 3}.0"))
    if number % 20 == 9:
        constraints.append(Constraint("locale", "IN", values=LOCALES[number % 3 :: 2]))
    if number % 20 == 11:
        constraints.append(Constraint("age", "NUM_GTE", value=str(13 + number % 3 * 5)))
    return tuple(constraints)


def build_offers(
    features: int, bundles: tuple[str, ...], codes: tuple[str, ...]
) -> Iterator[Offer]:
    """Build an offer of each bundle in each territory, and a few of single features."""
    for bundle_at, bundle in enumerate(bundles):
        for code_at, code in enumerate(codes):
            status = STATUSES[(bundle_at * 7 + code_at) % len(STATUSES)]
            yield Offer(
                rule=Rule(f"offer-{bundle}-{code}", "Launched by the plan", "bench"),
                target=Target(bundle=bundle),
                place=Place("territory", code),
                status=status,
            )
    for number in range(1, features, 4):
        key = name_feature(number, bundles)
        # Planned for a day in one territory, and live in a market.
        yield Offer(
            rule=Rule(f"offer-{key}-launch", "Launched by the plan", "bench"),
            target=Target(feature=key),
            place=Place("territory", codes[number % len(codes)]),
            status="live",
            starts=date(2027, 1 + number % 12, 1),
        )
        yield Offer(
            rule=Rule(f"offer-{key}-eea", "One decision for the market", "bench"),
            target=Target(feature=key),
            place=Place("market", "EEA"),
            status="live",
        )


def build_order(bundle: str, code: str) -> LegalOrder:
    """Build one order in force."""
    return LegalOrder(
        rule=Rule(f"order-{bundle}-{code}", "Licence needed", "legal"),
        targets=(Target(bundle=bundle),),
        place=Place("territory", code),
        effective=date(2020, 1, 1),
    )


def list_people(count: int) -> list[dict[str, str]]:
    """Return distinct contexts: what Unleash knows, and the properties beside it."""
    people = []
    for number in range(count):
        home = CODES[number % len(CODES)]
        away = CODES[(number // len(CODES)) % len(CODES)]
        people.append(
            {
                "userId": f"user-{number}",
                "sessionId": str(100_000_000 + number),
                "appName": "bench",
                "environment": "default",
                "accountCountry": home,
                "locationCountry": home if number % 4 else away,
                "platform": ("ios", "android", "web")[number % 3],
                "osVersion": ("14.2.0", "15.0.0", "17.5.0", "18.0.1")[number % 4],
                "appVersion": ("7.9.0", "8.0.0", "8.0.70")[number % 3],
                "locale": ("en", "zh-Hans", "es-419", "ar")[number % 4],
                "age": str(12 + number % 60),
            }
        )
    return people


def list_queries(count: int) -> list[str]:
    """Return distinct contexts as queries of `/api/frontend`."""
    return [
        urlencode(
            {
                name if name in STANDARD else f"properties[{name}]": text
                for name, text in person.items()
            }
        )
        for person in list_people(count)
    ]
