"""The gate partner: who makes a feature real in a city, for which wallets, until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Constraint, Definitions, Feature, Partner, Rule, Territory
from flags.engine.evaluate import evaluate, next_flip
from flags.engine.explain import explain
from flags.engine.lower import LoweredFeature, lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import NOW, ask, context, offer, scope, territory

PAY = Feature(
    key="wallet.cross-border-merchant",
    bundle="wallet",
    offer_basis="account",
    law_basis=("account", "location"),
    fail_closed=True,
    partner_basis="location",
)
RIDES = Feature(key="mini.rides", bundle="mini", offer_basis="location", partner_basis="location")
TRACKING = Feature(key="business.order-tracking", partner_basis="account")
ZONES = {
    "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin",
    "HK": "Asia/Hong_Kong",
    "MY": "Asia/Kuala_Lumpur",
    "PH": "Asia/Manila",
    "US": "America/New_York",
}
WALLET_OFFERS = (
    offer("live", territory("CN"), bundle="wallet"),
    offer("live", territory("HK"), bundle="wallet"),
    offer("needs-partner", territory("US"), bundle="wallet"),
)
RIDE_OFFERS = (
    offer("live", territory("CN"), bundle="mini"),
    offer("needs-partner", territory("MY"), bundle="mini"),
    offer("planned", territory("PH"), bundle="mini"),
)


def partner(key: str, feature: Feature, code: str, **more: Any) -> Partner:
    """Build a partner of one feature in a territory."""
    return Partner(rule=Rule(key=key), features=(feature.key,), territory=code, **more)


def world(feature: Feature, *partners: Partner, **parts: Any) -> Definitions:
    """Build a scope with the territories of these scenarios."""
    found = scope(feature, partners=partners, **parts)
    zones = tuple(Territory(code=code, zone=zone) for code, zone in sorted(ZONES.items()))
    return replace(found, territories=zones)


CASINO = partner("lv-casino-group", PAY, "US", city="las-vegas", wallets=("CNY",))
MALLS = partner("my-malls", PAY, "MY", city="kuala-lumpur", wallets=("CNY", "HKD"))


@pytest.mark.parametrize(
    ("account", "here", "city", "wallet", "expected"),
    [
        ("CN", "US", "las-vegas", "CNY", (Reason.LIVE, "lv-casino-group")),
        ("US", "US", "las-vegas", "USD", (Reason.NEEDS_PARTNER, "needs-partner@US")),
        ("CN", "US", "reno", "CNY", (Reason.NEEDS_PARTNER_HERE, "")),
        ("HK", "US", "las-vegas", "HKD", (Reason.NEEDS_PARTNER_HERE, "")),
        ("CN", "MY", "kuala-lumpur", "CNY", (Reason.LIVE, "my-malls")),
        ("CN", "MY", "las-vegas", "CNY", (Reason.NEEDS_PARTNER_HERE, "")),
        ("CN", "US", " Las-Vegas ", "cny", (Reason.LIVE, "lv-casino-group")),
        ("CN", "US", None, "CNY", (Reason.NEEDS_PARTNER_HERE, "")),
        ("CN", "US", "las-vegas", None, (Reason.NEEDS_PARTNER_HERE, "")),
        ("CN", None, "las-vegas", "CNY", (Reason.MISSING_SIGNAL, "")),
    ],
)
def test_s01_s02_a_tourist_pays_where_a_partner_takes_the_wallet(
    *, account: str, here: str | None, city: str | None, wallet: str | None, expected: Any
) -> None:
    """The offer looks at the account, the partner at where the person is; it is credited."""
    person = context(accountCountry=account, locationCountry=here, city=city, walletCurrency=wallet)
    found = ask(world(PAY, CASINO, MALLS, offers=WALLET_OFFERS), person)
    assert expected == (found.reason, found.rule.key if found.rule else "")
    if found.reason in (Reason.LIVE, Reason.NEEDS_PARTNER_HERE):
        assert "location" == found.signal


CITY_RIDES = partner("kl-rides", RIDES, "MY", city="Kuala-Lumpur")
NATIONAL_RIDES = partner("cn-rides", RIDES, "CN")


@pytest.mark.parametrize(
    ("here", "city", "expected"),
    [
        ("MY", "kuala-lumpur", Reason.LIVE),
        ("MY", "george-town", Reason.NEEDS_PARTNER_HERE),
        ("PH", "manila", Reason.PLANNED),
        ("CN", "chengdu", Reason.LIVE),
        ("CN", None, Reason.LIVE),
        ("ZW", "kuala-lumpur", Reason.NOT_OFFERED),
    ],
)
def test_s12_food_and_rides_need_a_partner_in_the_city(
    here: str, city: str | None, expected: Reason
) -> None:
    """Needs-partner at the very basis is for the partner gate to say; a star is every city."""
    definitions = world(RIDES, CITY_RIDES, NATIONAL_RIDES, offers=RIDE_OFFERS)
    assert expected is ask(definitions, context(locationCountry=here, city=city)).reason


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (RIDES, Reason.NEEDS_PARTNER_HERE),
        (replace(RIDES, partner_basis=""), Reason.NEEDS_PARTNER),
        (replace(RIDES, partner_basis="account"), Reason.NEEDS_PARTNER),
    ],
)
def test_without_a_partner_both_gates_close(feature: Feature, expected: Reason) -> None:
    """Only where the bases are the same does the offer gate leave the answer to the other."""
    definitions = world(feature, offers=RIDE_OFFERS)
    assert expected is ask(definitions, context(locationCountry="MY")).reason
    unspoken = world(replace(feature, default_status="needs-partner"))
    assert expected is ask(unspoken, context(locationCountry="MY")).reason


def test_s12_a_city_goes_off_when_the_contract_ends() -> None:
    """The instant is a flip of the territory's own clock: no publish is needed."""
    ends = datetime(2026, 11, 22)  # noqa: DTZ001  # a wall time
    dated = replace(CITY_RIDES, ends=ends)
    definitions = world(RIDES, dated, offers=RIDE_OFFERS)
    midnight = datetime(2026, 11, 21, 16, tzinfo=UTC)
    fields: dict[str, Any] = {"locationCountry": "MY", "city": "kuala-lumpur"}
    snapshot = compile_snapshot(definitions)
    answers = [
        evaluate(snapshot, RIDES.key, context(midnight + timedelta(seconds=seconds), **fields))
        for seconds in (-1, 0, -1)
    ]
    reasons = [Reason.LIVE, Reason.NEEDS_PARTNER_HERE, Reason.LIVE]
    assert reasons == [one.reason for one in answers]
    # Those who are there are told, and nobody else.
    assert (midnight, frozenset({"MY"})) == next_flip(snapshot, NOW)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("CN", (Reason.LIVE, "carrier-cn")),
        ("DE", (Reason.LIVE, "carrier-de")),
        ("US", (Reason.NEEDS_PARTNER_HERE, "")),
        (None, (Reason.NEEDS_PARTNER_HERE, "")),
    ],
)
def test_s30_parcels_are_tracked_by_a_carrier_of_the_account(
    account: str | None, expected: tuple[Reason, str]
) -> None:
    """A feature that is offered everywhere can need a partner all the same."""
    carriers = [partner(f"carrier-{code.lower()}", TRACKING, code) for code in ("CN", "DE")]
    found = ask(world(TRACKING, *carriers), context(accountCountry=account))
    assert expected == (found.reason, found.rule.key if found.rule else "")


SWAP = datetime(2016, 11, 27, 4)  # noqa: DTZ001  # a wall time
PROVIDER_X = partner("ride-x", RIDES, "CN", ends=SWAP)
PROVIDER_Y = partner(
    "ride-y",
    RIDES,
    "CN",
    starts=SWAP,
    requirements=(
        Constraint(context_name="phoneCountry", operator="IN", values=("CN",)),
        Constraint(context_name="paymentMethod", operator="IN", values=("cn-card", "cn-wallet")),
    ),
)
NATIVE = {"phoneCountry": "CN", "paymentMethod": "cn-wallet"}


@pytest.mark.parametrize(
    ("seconds", "fields", "expected"),
    [
        (-1, {}, (Reason.LIVE, "ride-x", "")),
        (0, {}, (Reason.REQUIREMENTS_NOT_MET, "ride-y", "phoneCountry,paymentMethod")),
        (0, {"phoneCountry": "CN"}, (Reason.REQUIREMENTS_NOT_MET, "ride-y", "paymentMethod")),
        (0, NATIVE, (Reason.LIVE, "ride-y", "")),
        (-1, NATIVE, (Reason.LIVE, "ride-x", "")),
    ],
)
def test_s43_a_partner_is_swapped_at_a_time_of_day(
    seconds: int, fields: dict[str, str], expected: tuple[Reason, str, str]
) -> None:
    """At four in the morning there, another provider serves those who meet its terms."""
    now = datetime(2016, 11, 26, 20, tzinfo=UTC) + timedelta(seconds=seconds)
    definitions = world(RIDES, PROVIDER_X, PROVIDER_Y, offers=RIDE_OFFERS)
    visitor: dict[str, Any] = {
        "accountCountry": "US",
        "phoneCountry": "US",
        "locationCountry": "CN",
    }
    found = ask(definitions, context(now, **{**visitor, **fields}))
    assert expected == (found.reason, found.rule.key if found.rule else "", found.detail)


def test_a_partner_without_terms_comes_before_a_refusal() -> None:
    """What is lacking is told only when nobody else serves the person."""
    strict = replace(PROVIDER_Y, starts=None, city="chengdu")
    definitions = world(RIDES, NATIONAL_RIDES, strict, offers=RIDE_OFFERS)
    person = context(locationCountry="CN", city="chengdu")
    assert "cn-rides" == getattr(ask(definitions, person).rule, "key", "")
    alone = ask(world(RIDES, strict, offers=RIDE_OFFERS), person)
    assert Reason.REQUIREMENTS_NOT_MET is alone.reason


def test_a_partner_of_the_city_is_credited_first() -> None:
    """Whoever is nearer is who the person meets, whatever the keys are called."""
    nearer = partner("zz", RIDES, "CN", city="chengdu")
    definitions = world(RIDES, NATIONAL_RIDES, nearer, offers=RIDE_OFFERS)
    found = [
        ask(definitions, context(locationCountry="CN", city=city)) for city in ("chengdu", "x")
    ]
    assert ["zz", "cn-rides"] == [one.rule.key if one.rule else "" for one in found]


def test_terms_that_cannot_be_read_break_their_feature_alone() -> None:
    """It is off and named, like one with a bad constraint in its targeting."""
    broken = Constraint(context_name="age", operator="NUM_GT", value="old")
    definitions = world(RIDES, replace(NATIONAL_RIDES, requirements=(broken,)), offers=RIDE_OFFERS)
    found = ask(definitions, context(locationCountry="CN"))
    assert (Reason.ERROR, "bad_constraint") == (found.reason, found.detail)


def test_an_explanation_tells_place_city_and_wallet() -> None:
    """What was read of the person stands beside the reason."""
    snapshot = compile_snapshot(world(PAY, CASINO, offers=WALLET_OFFERS))
    fields: dict[str, Any] = {"accountCountry": "CN", "locationCountry": "US", "city": "Reno"}
    steps = explain(snapshot, PAY.key, context(**fields, walletCurrency="CNY"))
    (step,) = [one for one in steps if one.gate == "partner"]
    assert ("closed", Reason.NEEDS_PARTNER_HERE) == (step.state, step.reason)
    assert {"location": "US", "city": "reno", "walletCurrency": "cny"} == step.read


def lowered(definitions: Definitions) -> LoweredFeature:
    """Lower the one feature."""
    return lower(definitions, now=NOW).features[0]


def ways(feature: LoweredFeature) -> list[dict[str, tuple[str, ...]]]:
    """Return what each strategy asks, by field."""
    return [
        {one.context_name: one.values or (one.value,) for one in way.constraints}
        for way in feature.strategies
    ]


def test_sdks_get_one_strategy_for_cities_and_one_for_territories_that_are_alike() -> None:
    """A chain in three cities, or in two countries, is one strategy; dead contracts none."""
    over = datetime(2026, 1, 1)  # noqa: DTZ001  # a wall time
    chain = [partner(f"c{city}", RIDES, "MY", city=city) for city in ("a", "b", "c")]
    nations = [partner(f"n{code}", RIDES, code) for code in ("CN", "DE")]
    gone = partner("gone", RIDES, "US", ends=over)
    offers = tuple(offer("live", territory(code), bundle="mini") for code in sorted(ZONES))
    found = lowered(world(RIDES, *chain, *nations, gone, offers=offers))
    assert found.exact
    assert [
        {"locationCountry": ("MY",), "city": ("a", "b", "c")},
        {"locationCountry": ("CN", "DE")},
    ] == sorted(ways(found), key=len, reverse=True)


def test_sdks_get_the_wallets_of_a_city_together() -> None:
    """Two shops in one city take what either takes; what every city takes is not repeated."""
    shops = [
        partner("s1", PAY, "US", city="x", wallets=("CNY",)),
        partner("s2", PAY, "US", city="x", wallets=("HKD",)),
        partner("s3", PAY, "US", wallets=("CNY",)),
        partner("s4", PAY, "US", city="y", wallets=("CNY",)),
    ]
    found = lowered(world(PAY, *shops, offers=WALLET_OFFERS))
    assert [
        {"accountCountry": ("CN", "HK"), "locationCountry": ("US",), "walletCurrency": ("CNY",)},
        {
            "accountCountry": ("CN", "HK"),
            "locationCountry": ("US",),
            "city": ("x",),
            "walletCurrency": ("CNY", "HKD"),
        },
    ] == sorted(ways(found), key=len)


def test_sdks_follow_a_contract_to_its_end_and_ask_for_its_terms() -> None:
    """An SDK that is cut off turns the city off in time, and asks what the partner asks."""
    ends = datetime(2026, 11, 22, 4)  # noqa: DTZ001  # a wall time
    strict = replace(PROVIDER_Y, ends=ends)
    (way,) = ways(lowered(world(RIDES, strict, offers=RIDE_OFFERS)))
    assert {
        "locationCountry": ("CN",),
        "phoneCountry": ("CN",),
        "paymentMethod": ("cn-card", "cn-wallet"),
        "currentTime": ("2026-11-21T20:00:00.000Z",),
    } == way


@pytest.mark.parametrize(
    "terms",
    [
        Constraint(context_name="plan", operator="REGEX", value="\\d"),
        Constraint(context_name="environment", operator="IN", values=("production",)),
    ],
)
def test_a_partner_whose_terms_sdks_read_differently_is_left_out(terms: Constraint) -> None:
    """The feature is stricter in SDKs, and says which partner is missing."""
    odd = partner("odd", RIDES, "CN", requirements=(terms,))
    found = lowered(world(RIDES, odd, offers=RIDE_OFFERS))
    assert (False, ("the partner odd cannot be sent",)) == (found.enabled, found.notes)
