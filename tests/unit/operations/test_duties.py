"""Commands about ages and consents: what a law asks of people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flags.models import AgeRule, ConsentRule
from flags.operations.ages import RemoveAgeRule, SetAgeRule
from flags.operations.consents import RemoveConsentRule, SetConsentRule
from regions.governance.commands import Command, Refused
from regions.governance.models import AuditEntry
from tests.unit.world import Do

START = {"app": "shop", "reason": "law", "owner": "legal-team"}


def an_age(**differences: Any) -> SetAgeRule:
    """Return a command for an age rule that differs from the plain one only as said."""
    target = {} if {"feature", "bundle"} & differences.keys() else {"bundle": "pay"}
    return SetAgeRule(**{**START, **target, "territory": "SG", "minimum": 18, **differences})


def a_consent(**differences: Any) -> SetConsentRule:
    """Return a command for a consent rule that differs from the plain one only as said."""
    plain = {**START, "bundle": "pay", "territory": "SG", "consent": "profiling"}
    return SetConsentRule(**{**plain, **differences})


def test_setting_a_rule_again_changes_its_row(world: Do) -> None:
    """The row of the same slot and first day is changed, with both sides in the audit."""
    world(an_age())
    receipt = world(an_age(minimum=16, source="Act 7", review_date=date(2027, 5, 1)))
    entry = AuditEntry.objects.filter(object_type="age-rule").latest("id")
    before, after = entry.before or {}, entry.after or {}
    assert ["updated"] == [change.action for change in receipt.changes]
    assert ("pay@SG", 18, 16, "2027-05-01") == (
        entry.object_key,
        before["minimum"],
        after["minimum"],
        after["review_date"],
    )
    assert not world(an_age(minimum=16, source="Act 7", review_date=date(2027, 5, 1))).changed


def test_a_law_holds_in_every_environment(world: Do) -> None:
    """A rule belongs to the app, so that staging asks for it too."""
    receipt = world(an_age())
    assert {"production", "staging"} <= receipt.change_seqs.keys()


def test_an_age_changes_over_time(world: Do) -> None:
    """13, then 16, then 13 again: ends are excluded, so the rows follow each other."""
    first, second = date(2018, 5, 25), date(2024, 4, 11)
    world(an_age(minimum=13, ends_date=first))
    world(an_age(minimum=16, starts_date=first, ends_date=second))
    world(an_age(minimum=13, starts_date=second))
    ages = AgeRule.objects.order_by("id").values_list("minimum", flat=True)
    assert [13, 16, 13] == list(ages)


def test_the_first_day_of_a_rule_changes_by_its_number(world: Do) -> None:
    """The named row moves instead of a second one."""
    world(an_age())
    world(a_consent())
    age, consent = AgeRule.objects.get(), ConsentRule.objects.get()
    later = date(2027, 1, 1)
    world(an_age(starts_date=later, rule_id=age.pk))
    world(a_consent(starts_date=later, rule_id=consent.pk))
    assert (later, later) == (
        AgeRule.objects.get().starts_date,
        ConsentRule.objects.get().starts_date,
    )


@pytest.mark.parametrize(
    "other",
    [
        an_age(territory="IT"),
        an_age(territory="", market="EEA"),
        an_age(territory=""),
        an_age(feature="pay.card"),
        a_consent(),
    ],
)
def test_rules_of_other_slots_do_not_overlap(world: Do, other: Command) -> None:
    """Another target or place is another slot, and a consent is no age."""
    world(an_age())
    world(other)
    assert 2 == AgeRule.objects.count() + ConsentRule.objects.count()


def test_several_consents_are_asked_for_at_once(world: Do) -> None:
    """Another consent at the same place is another slot."""
    world(a_consent())
    world(a_consent(consent="location"))
    assert 2 == ConsentRule.objects.count()


def test_rules_are_taken_back_by_their_number(world: Do) -> None:
    """A removed rule is gone, and the audit keeps what it was."""
    world(an_age())
    world(a_consent())
    found = [
        world(RemoveAgeRule(app="shop", rule_id=AgeRule.objects.get().pk)),
        world(RemoveConsentRule(app="shop", rule_id=ConsentRule.objects.get().pk)),
    ]
    changes = [receipt.changes[0] for receipt in found]
    assert [("deleted", 18), ("deleted", None)] == [
        (change.action, (change.before or {}).get("minimum")) for change in changes
    ]
    assert (0, 0) == (AgeRule.objects.count(), ConsentRule.objects.count())


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (an_age(minimum=-1), "out_of_range", "minimum"),
        (an_age(minimum=151), "out_of_range", "minimum"),
        (an_age(minimum=True), "out_of_range", "minimum"),
        (an_age(reason=" "), "reason_missing", "reason"),
        (an_age(owner=""), "owner_missing", "owner"),
        (an_age(market="EEA"), "one_place", "territory"),
        (an_age(feature="pay.card", bundle="pay"), "one_target", "feature"),
        (an_age(feature="nope"), "unknown_feature", "feature"),
        (an_age(territory="uk"), "unknown_country", "territory"),
        (an_age(rule_id=99), "unknown_rule", "rule_id"),
        (
            an_age(starts_date=date(2027, 1, 1), ends_date=date(2027, 1, 1)),
            "dates_order",
            "ends_date",
        ),
        (a_consent(consent=""), "bad_key", "consent"),
        (a_consent(consent="a,b"), "bad_key", "consent"),
        (a_consent(consent="Profiling"), "bad_key", "consent"),
        (a_consent(rule_id=99), "unknown_rule", "rule_id"),
        (RemoveAgeRule(app="shop", rule_id=99), "unknown_rule", "rule_id"),
        (RemoveConsentRule(app="shop", rule_id=99), "unknown_rule", "rule_id"),
    ],
)
def test_rules_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault; nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
    assert (0, 0) == (AgeRule.objects.count(), ConsentRule.objects.count())


@pytest.mark.parametrize("build", [an_age, a_consent])
@pytest.mark.parametrize(
    "dates",
    [
        {"starts_date": date(2027, 1, 15)},
        {"starts_date": date(2026, 1, 1), "ends_date": date(2027, 1, 15)},
        {},
    ],
)
def test_overlapping_rules_are_refused(world: Do, build: Any, dates: dict[str, date]) -> None:
    """A rule that overlaps another of its slot is refused, and the other one is named."""
    world(build(starts_date=date(2027, 1, 1), ends_date=date(2027, 2, 1)))
    with pytest.raises(Refused, match=r"\[2027-01-01, 2027-02-01\)") as caught:
        world(build(**dates))
    assert ("overlapping_rule", "starts_date") == (caught.value.code, caught.value.field)
