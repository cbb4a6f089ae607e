"""Commands about caps."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import Group, User

from flags.engine import definitions as made
from flags.models import Cap
from flags.operations.caps import RemoveCap, SetCap
from flags.queries.definitions import load_definitions
from regions.governance.commands import Refused
from regions.governance.execute import PermissionRefused, execute
from regions.governance.models import AuditEntry
from regions.governance.policy import APPROVERS, PRODUCT_MANAGERS
from tests.unit.world import NOW, Do


def a_cap(**differences: object) -> SetCap:
    """Return a command for a cap that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "feature": "pay.card",
        "territory": "SG",
        "limit": 2,
        "reason": "the regulator counts",
        "owner": "pay-team",
    }
    if "bundle" in differences:
        del values["feature"]
    return SetCap(**{**values, **differences})  # type: ignore[arg-type]


def test_a_cap_is_set_changed_and_removed(world: Do) -> None:
    """The row of the same slot and first day is changed; all is in the audit."""
    world(a_cap())
    world(a_cap(limit=5, frees_place=False, review_date=date(2027, 5, 1)))
    row = Cap.objects.get()
    assert (5, False, 0, "pay.card SG") == (row.limit, row.frees_place, row.enrolled, str(row))
    assert not world(a_cap(limit=5, frees_place=False, review_date=date(2027, 5, 1))).changed
    world(RemoveCap(app="shop", environment="production", rule_id=row.pk))
    entries = AuditEntry.objects.filter(object_type="cap").order_by("id")
    assert [("created", "pay.card@SG"), ("updated", "pay.card@SG"), ("deleted", "pay.card@SG")] == [
        (entry.action, entry.object_key) for entry in entries
    ]
    assert not Cap.objects.exists()


def test_the_first_day_of_a_cap_changes_by_its_number(world: Do) -> None:
    """Naming the row moves its dates instead of adding another cap."""
    world(a_cap(starts_date=date(2027, 1, 1)))
    world(a_cap(starts_date=date(2027, 2, 1), rule_id=Cap.objects.get().pk))
    assert date(2027, 2, 1) == Cap.objects.get().starts_date


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (a_cap(starts_date=date(2027, 1, 15)), "overlapping_rule", r"\[2027-01-01, 2027-02-01\)"),
        (a_cap(limit=0, territory=""), "out_of_range", "this limit is 0"),
        (a_cap(limit=10**12, territory=""), "out_of_range", "this limit is 1000000000000"),
        (a_cap(market="EEA"), "one_place", "SG and EEA"),
        (a_cap(feature=""), "one_target", "neither was given"),
        (a_cap(territory="UK"), "unknown_country", "write GB"),
        (a_cap(market="NATO", territory=""), "unknown_market", "NATO"),
        (a_cap(reason=" ", territory=""), "reason_missing", "needs a reason"),
        (a_cap(owner="", territory=""), "owner_missing", "needs an owner"),
        (a_cap(territory="", rule_id=999), "unknown_rule", "999"),
        (
            a_cap(starts_date=date(2027, 3, 2), ends_date=date(2027, 3, 2), territory=""),
            "dates_order",
            "2027-03-02",
        ),
        (RemoveCap(app="shop", environment="production", rule_id=999), "unknown_rule", "999"),
    ],
)
def test_a_cap_that_cannot_be_is_refused(
    world: Do, command: SetCap | RemoveCap, code: str, told: str
) -> None:
    """Each refusal names the object, the limit and the value seen, and stores nothing."""
    world(a_cap(starts_date=date(2027, 1, 1), ends_date=date(2027, 2, 1)))
    with pytest.raises(Refused, match=told) as caught:
        world(command)
    assert (code, 1) == (caught.value.code, Cap.objects.count())


@pytest.mark.parametrize(
    "other",
    [
        a_cap(territory="IT"),
        a_cap(territory="", market="EEA"),
        a_cap(territory=""),
        a_cap(bundle="pay"),
        a_cap(environment="staging"),
    ],
)
def test_caps_of_other_slots_do_not_overlap(world: Do, other: SetCap) -> None:
    """Another target, place or environment is another cap."""
    world(a_cap())
    world(other)
    assert 2 == Cap.objects.count()


def test_definitions_tell_whether_a_cap_is_full(world: Do) -> None:
    """The engine is told of full or not, never how many people enrolled."""
    world(a_cap(starts_date=date(2026, 1, 1)))
    (loaded,) = load_definitions("shop", "production").caps
    assert made.Rule("pay.card@SG#2026-01-01", "the regulator counts", "pay-team") == loaded.rule
    assert (made.Target("pay.card"), made.Place("territory", "SG"), 2, False) == (
        loaded.target,
        loaded.place,
        loaded.limit,
        loaded.full,
    )
    for enrolled, full in ((1, False), (2, True), (3, True)):
        Cap.objects.update(enrolled=enrolled)
        assert full is load_definitions("shop", "production").caps[0].full
    assert () == load_definitions("shop", "staging").caps


@pytest.mark.parametrize(("group", "may"), [(PRODUCT_MANAGERS, True), (APPROVERS, False)])
def test_product_managers_set_caps(world: Do, group: str, *, may: bool) -> None:
    """Nobody else does."""
    person = User.objects.create(username="somebody")
    person.groups.add(Group.objects.get_or_create(name=group)[0])
    if may:
        assert execute(a_cap(), actor=person, now=NOW).changed
    else:
        with pytest.raises(PermissionRefused, match="caps"):
            execute(a_cap(), actor=person, now=NOW)
