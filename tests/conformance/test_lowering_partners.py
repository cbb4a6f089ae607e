"""Partners alone: worlds in which nothing else decides, so that every rule of theirs is met."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Constraint, Definitions, Feature, Partner, Rule
from flags.engine.evaluate import evaluate, evaluate_directly
from flags.engine.lower import lower
from flags.wire.unleash import render_features
from tests.conformance.sdk import Sdk
from tests.conformance.test_lowering import quiet_moments, read
from tests.unit.engine.interpreter import interpret
from tests.unit.engine.worlds import NOON, TERRITORIES, WALLETS, in_the_morning

KEY = "rides"
CODES = ("AU", "SG")
CITIES = ("mit", "NYU")
DAYS = (None, None, date(2026, 11, 19), date(2026, 11, 21))
PRO = Constraint(context_name="plan", operator="IN", values=("pro",))
ADULT = Constraint(context_name="age", operator="NUM_GTE", value="18")
LATER = Constraint(
    context_name="currentTime", operator="DATE_AFTER", value="2026-11-20T00:00:00.000Z"
)


@st.composite
def partners(draw: st.DrawFn) -> tuple[Partner, ...]:
    """Draw up to five partners of the one feature."""
    found = []
    for number in range(draw(st.integers(1, 5))):
        starts, ends = draw(st.sampled_from(DAYS)), draw(st.sampled_from((None, *DAYS)))
        found.append(
            Partner(
                rule=Rule(key=f"p{number}"),
                features=(KEY,),
                territory=draw(st.sampled_from(CODES)),
                city=draw(st.sampled_from(("*", *CITIES, *CITIES))),
                wallets=tuple(draw(st.lists(st.sampled_from(WALLETS), max_size=2, unique=True))),
                starts=in_the_morning(starts),
                ends=datetime.combine(ends, time(18)) if ends else None,
                requirements=tuple(
                    draw(st.lists(st.sampled_from((PRO, ADULT, LATER)), max_size=2, unique=True))
                    if draw(st.booleans())
                    else ()
                ),
            )
        )
    return tuple(found)


@st.composite
def worlds(draw: st.DrawFn) -> Definitions:
    """Draw a scope of one feature that is offered everywhere, or waits for its partners."""
    basis = draw(st.sampled_from(("account", "location", "storefront")))
    feature = Feature(
        key=KEY,
        offer_basis=draw(st.sampled_from((basis, "none"))),
        default_status=draw(st.sampled_from(("live", "needs-partner"))),
        partner_basis=basis,  # type: ignore[arg-type]
        fail_closed=draw(st.booleans()),
    )
    return Definitions(
        app="superapp",
        environment="production",
        territories=TERRITORIES,
        features=(feature,),
        partners=draw(partners()),
    )


def people(codes: tuple[str, ...], cities: tuple[str, ...], wallets: tuple[str, ...]) -> Any:
    """Draw people out of these."""
    countries = ("accountCountry", "locationCountry", "storefrontCountry")
    return st.fixed_dictionaries(
        dict.fromkeys(countries, st.sampled_from(codes)),
        optional={
            "city": st.sampled_from(cities),
            "walletCurrency": st.sampled_from(wallets),
            "plan": st.sampled_from(("pro", "free")),
            "age": st.sampled_from(("17", "18")),
        },
    )


canonical_people = people(CODES, (*CITIES, "other"), (*WALLETS, "USD"))
odd_people = people((*CODES, "XX", "sgp", "ZW"), ("nyu ", "Mit", "", "*"), ("cny ", "hkd", "*", ""))


@given(world=worlds(), crowd=st.lists(st.tuples(canonical_people, quiet_moments), max_size=20))
def test_people_who_are_known_well_hear_the_same_from_everybody(
    world: Definitions, crowd: list[tuple[dict[str, Any], datetime]]
) -> None:
    """Plans, gates, interpreter and SDKs agree, since partners are lowered exactly."""
    snapshot = compile_snapshot(world)
    lowered = lower(world, now=None)
    sdk = Sdk(render_features([lowered], environment="production"))
    assert [True] == [one.exact for one in lowered.features]
    for fields, now in crowd:
        person = read(fields, now)
        found = evaluate(snapshot, KEY, person)
        told = interpret(world, (), KEY, person)
        assert found == evaluate_directly(snapshot, KEY, person)
        rule = found.rule.key if found.rule else ""
        assert (told.on, told.reason, told.rule) == (found.on, found.reason, rule)
        assert found.on == sdk.is_on(KEY, fields, now)


@given(
    world=worlds(),
    crowd=st.lists(st.tuples(st.one_of(odd_people, canonical_people), quiet_moments), max_size=20),
    since=st.none() | st.just(NOON),
)
def test_people_who_say_odd_things_get_no_more_from_sdks(
    world: Definitions, crowd: list[tuple[dict[str, Any], datetime]], since: datetime | None
) -> None:
    """Whatever is sent, an SDK is never looser; plans, gates and interpreter agree."""
    snapshot = compile_snapshot(world)
    sdk = Sdk(render_features([lower(world, now=since)], environment="production"))
    for fields, now in crowd:
        person = read(fields, now)
        found = evaluate(snapshot, KEY, person)
        assert found == evaluate_directly(snapshot, KEY, person)
        assert interpret(world, (), KEY, person).reason == found.reason
        if (since is None or now >= since) and sdk.is_on(KEY, fields, now):
            assert found.on
