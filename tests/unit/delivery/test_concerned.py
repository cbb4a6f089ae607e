"""Whom a change concerns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.delivery.concerned import EVERYBODY, list_concerned
from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import (
    AgeRule,
    Cap,
    ClusterRollout,
    ConsentRule,
    Definitions,
    Feature,
    KillSwitch,
    LifeCycle,
    Offer,
    Partner,
    Place,
    Rule,
    Schedule,
    Strategy,
    Target,
    Window,
)
from flags.engine.evaluate import evaluate_all
from flags.engine.signals import resolve
from flags.wire.context import read_context
from tests.unit.delivery.world import build_definitions, build_kill, build_order
from tests.unit.engine import worlds as drawn

OLD = build_definitions()
PARTNER = Partner(rule=Rule(key="mall"), features=("pay",), territory="MY")


def with_place(place: Place) -> Definitions:
    """Move the one offer to another place."""
    offer: Offer = replace(OLD.offers[0], place=place)
    return replace(OLD, offers=(offer,))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (OLD, ()),
        (build_definitions(pay_in="planned"), ("SG",)),
        (with_place(Place("territory", "MY")), ("MY", "SG")),
        (with_place(Place("subdivision", "US-CA")), ("SG", "US")),
        (with_place(Place("market", "ASEAN")), ("MY", "SG")),
        (with_place(Place("market", "NOWHERE")), EVERYBODY),
        (with_place(Place("everywhere")), EVERYBODY),
        (replace(OLD, orders=(build_order("MY"),)), ("MY",)),
        (replace(OLD, partners=(PARTNER,)), ("MY",)),
        (replace(OLD, features=OLD.features[1:]), EVERYBODY),
    ],
)
def test_a_changed_rule_concerns_its_place(new: Definitions, expected: tuple[str, ...]) -> None:
    """Name the territories of changed offers, orders and partners, everybody for the rest."""
    assert expected == list_concerned(OLD, new)


def test_a_law_that_looks_at_the_people_of_a_call_concerns_everybody() -> None:
    """Hint everybody: anyone may be in a call with somebody there."""
    calls = replace(OLD.features[2], law_basis=("account", "participants"))
    old = replace(OLD, features=(*OLD.features[:2], calls))
    assert list_concerned(old, replace(old, orders=(build_order("MY"),))) == EVERYBODY


def test_a_kill_concerns_its_territory() -> None:
    """Tell a kill by its territory; one without concerns everybody."""
    assert list_concerned(OLD, OLD, (), (build_kill(territory="SG"),)) == ("SG",)
    assert list_concerned(OLD, OLD, (build_kill(territory="SG"),), ()) == ("SG",)
    assert list_concerned(OLD, OLD, (), (build_kill(),)) == EVERYBODY


MINE = Place("territory", "MY")
LIVE_IN_MY = Offer(rule=Rule(key="o"), target=Target(feature="pay"), place=MINE, status="live")
PLANNED = Offer(
    rule=Rule(key="p"), target=Target(feature="pay"), place=Place("everywhere"), status="planned"
)


def with_targeting(*offers: Offer, **fields: Any) -> tuple[Definitions, Definitions]:
    """Return two worlds in which one feature has another percentage."""
    worlds = []
    for rollout in ("10", "20"):
        strategy = Strategy("flexibleRollout", {"rollout": rollout}, segments=(1,))
        pay = Feature(key="pay", strategies=(strategy,), **{"offer_basis": "account", **fields})
        worlds.append(replace(OLD, features=(pay,), offers=offers))
    return worlds[0], worlds[1]


@pytest.mark.parametrize(
    ("worlds", "expected"),
    [
        (with_targeting(LIVE_IN_MY), ("MY",)),
        (with_targeting(LIVE_IN_MY, PLANNED), ("MY",)),
        (with_targeting(LIVE_IN_MY, replace(PLANNED, status="live")), EVERYBODY),
        (with_targeting(LIVE_IN_MY, offer_basis="none"), EVERYBODY),
        (with_targeting(LIVE_IN_MY, default_status="live"), EVERYBODY),
    ],
)
def test_targeting_concerns_those_who_can_have_the_feature(
    worlds: tuple[Definitions, Definitions], expected: tuple[str, ...]
) -> None:
    """Everywhere else an earlier gate is closed."""
    assert expected == list_concerned(*worlds)


@pytest.mark.parametrize(
    ("field", "row", "expected"),
    [
        ("ages", AgeRule(Rule("r"), Target(feature="pay"), MINE, 18), ("MY",)),
        ("consents", ConsentRule(Rule("r"), Target(feature="pay"), MINE, "x"), ("MY",)),
        ("life_cycles", LifeCycle(Rule("r"), Target(feature="pay"), MINE), ("MY",)),
        ("caps", Cap(Rule("r"), Target(feature="pay"), MINE, 5), ("MY",)),
        ("clusters", ClusterRollout(Rule("r"), "pay", ("a",), 1, territory="MY"), ("MY",)),
        ("clusters", ClusterRollout(Rule("r"), "pay", ("a",), 1), EVERYBODY),
        ("schedules", Schedule(Rule("r"), ("pay",), "account"), EVERYBODY),
    ],
)
def test_placed_rows_of_every_kind_concern_their_place(
    field: str, row: Any, expected: tuple[str, ...]
) -> None:
    """Name the place of a row that came, and of one that went."""
    new = replace(OLD, **{field: (row,)})
    assert list_concerned(OLD, new) == expected
    assert list_concerned(new, OLD) == expected


def test_a_territory_s_own_window_concerns_that_territory() -> None:
    """Windows of a territory replace the common ones there, and nowhere else."""
    common = Schedule(Rule("r"), ("pay",), "account", windows=(Window(),))
    own = replace(common, windows=(Window(), Window("SG")))
    old, new = (replace(OLD, schedules=(row,)) for row in (common, own))
    assert list_concerned(old, new) == ("SG",)
    assert list_concerned(old, replace(OLD, schedules=(replace(own, market="M"),))) == EVERYBODY


people = st.lists(
    st.tuples(drawn.contexts(), drawn.moments, st.sampled_from((1, 50, 100))),
    min_size=1,
    max_size=6,
)


def read(fields: dict[str, Any], now: datetime, *, thrown: int) -> Context:
    """Read a context whose dice always show the same."""
    return read_context(
        fields,
        now=now,
        dice=lambda sides: min(thrown, sides),
        environment="production",
        trusted=True,
    )


FIELDS = (
    *("offers", "orders", "ages", "consents", "life_cycles", "caps"),
    *("partners", "clusters", "schedules", "segments"),
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Definitions, Definitions]:
    """Draw a world and what one edit or two make of it."""
    old, other = draw(drawn.definitions()), draw(drawn.definitions())
    new = old
    for name in draw(st.lists(st.sampled_from((*FIELDS, "targeting")), min_size=1, max_size=2)):
        if name == "targeting":
            at = draw(st.integers(0, len(old.features) - 1))
            given = draw(st.lists(drawn.strategies(), max_size=2))
            feature = replace(old.features[at], strategies=tuple(given))
            new = replace(new, features=(*old.features[:at], feature, *old.features[at + 1 :]))
        else:
            # One row goes, and perhaps another comes.
            rows = list(getattr(new, name))
            if rows:
                rows.pop(draw(st.integers(0, len(rows) - 1)))
            rows += [draw(st.sampled_from(getattr(other, name)))] if getattr(other, name) else []
            kept = {getattr(row, "rule", row): row for row in rows}
            new = replace(new, **{name: tuple(kept.values())})
    return old, new


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worlds=changes(), old_kills=drawn.kills(), new_kills=drawn.kills(), people=people)
def test_whoever_gets_another_answer_is_concerned(
    worlds: tuple[Definitions, Definitions],
    old_kills: tuple[KillSwitch, ...],
    new_kills: tuple[KillSwitch, ...],
    people: list[tuple[dict[str, Any], datetime, int]],
) -> None:
    """Whatever changed: who is in none of the territories named gets the same answers."""
    old, new = worlds
    before, after = compile_snapshot(old, old_kills), compile_snapshot(new, new_kills)
    concerned = list_concerned(old, new, old_kills, new_kills)
    event(f"{len(concerned)} territories")
    if not concerned or before.warnings != after.warnings:
        return
    for fields, now, thrown in people:
        context = read(fields, now, thrown=thrown)
        seen = resolve(context)
        if seen.account is None and seen.location is None:
            continue
        if not {seen.account, seen.location, seen.storefront}.isdisjoint(concerned):
            continue
        assert evaluate_all(before, context) == evaluate_all(after, context), seen
