"""Whom a change concerns."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from flags.delivery.concerned import EVERYBODY, list_concerned
from flags.engine.definitions import Definitions, Offer, Partner, Place, Rule
from tests.unit.delivery.world import build_definitions, build_kill, build_order

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
