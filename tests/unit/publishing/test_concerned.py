"""Whoever a change concerns is asked: versions, ages, groups, cities and dates of its own."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import (
    AgeRule,
    Cap,
    ClusterRollout,
    ConsentRule,
    Constraint,
    Definitions,
    LifeCycle,
    Minimum,
    Partner,
    Place,
    PlatformProfile,
    Rule,
    Schedule,
    Target,
    Window,
)
from flags.engine.diff import diff_answers, list_pairs
from flags.publishing.concerned import PEOPLE_MAX, list_concerned
from flags.publishing.prove import read_sample
from tests.unit.engine.scopes import COLLECTIONS, NOW, RICH, offer, scope, territory

WORLD = scope(COLLECTIONS, offers=(offer("live", territory("SG")),))
RULE = Rule(key="r")
TARGET = Target(feature=COLLECTIONS.key)
EVERYWHERE = Place("everywhere")
GROUPS = ClusterRollout(rule=RULE, feature=COLLECTIONS.key, order=("first", "second"), enabled=1)
PARTNER = Partner(rule=RULE, features=(COLLECTIONS.key,), territory="SG", city="jurong")
NEEDY = replace(WORLD, features=(replace(COLLECTIONS, partner_basis="account"),))
SUNSET = LifeCycle(rule=RULE, target=TARGET, place=EVERYWHERE, sunset=date(2027, 3, 1))
SCHEDULE = Schedule(
    rule=RULE,
    features=(COLLECTIONS.key,),
    anchor="account",
    windows=(Window(starts=datetime(2026, 11, 1), ends=datetime(2026, 12, 1)),),  # noqa: DTZ001
)


def ask(before: Definitions, after: Definitions) -> set[tuple[str, str, str]]:
    """Return who of the made-up people is told what before and after."""
    people = [
        (label, read_sample(asked, after, NOW))
        for label, asked in list_concerned(list_pairs(before, after), before, after)
    ]
    shifts = diff_answers(compile_snapshot(before), compile_snapshot(after), people)
    return {
        (label, one.before.reason.value, one.after.reason.value)
        for one in shifts
        for label in one.people
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            WORLD,
            replace(WORLD, profiles=(PlatformProfile(key="rich", minimums=RICH.minimums[:1]),)),
            {("SG on android, newest", "LIVE", "UNSUPPORTED_PLATFORM")},
        ),
        (
            WORLD,
            replace(
                WORLD,
                profiles=(
                    PlatformProfile(key="rich", minimums=(Minimum("ios", os_version="16.1"),)),
                ),
            ),
            {("SG on ios, osVersion 16.0.999", "LIVE", "UNSUPPORTED_PLATFORM")},
        ),
        (
            WORLD,
            replace(WORLD, ages=(AgeRule(rule=RULE, target=TARGET, place=EVERYWHERE, minimum=18),)),
            {("SG of age 17", "LIVE", "AGE")},
        ),
        (
            WORLD,
            replace(
                WORLD,
                consents=(
                    ConsentRule(rule=RULE, target=TARGET, place=EVERYWHERE, consent="location"),
                ),
            ),
            {("SG without consent location", "LIVE", "CONSENT_REQUIRED")},
        ),
        (
            replace(WORLD, clusters=(GROUPS,)),
            replace(WORLD, clusters=(replace(GROUPS, enabled=2),)),
            {("SG in second", "NOT_IN_ROLLOUT", "LIVE")},
        ),
        (
            NEEDY,
            replace(NEEDY, partners=(replace(PARTNER, wallets=("SGD",)),)),
            {("SG in jurong with SGD", "NEEDS_PARTNER_HERE", "LIVE")},
        ),
        (
            replace(NEEDY, partners=(replace(PARTNER, wallets=("SGD",)),)),
            replace(NEEDY, partners=(replace(PARTNER, wallets=("MYR",)),)),
            {
                ("SG in jurong with SGD", "LIVE", "NEEDS_PARTNER_HERE"),
                ("SG in jurong with MYR", "NEEDS_PARTNER_HERE", "LIVE"),
            },
        ),
        (
            replace(NEEDY, partners=(PARTNER,)),
            replace(
                NEEDY,
                partners=(replace(PARTNER, requirements=(Constraint("plan", "IN", ("paid",)),)),),
            ),
            {("SG in jurong without plan", "LIVE", "REQUIREMENTS_NOT_MET")},
        ),
        (
            WORLD,
            replace(
                WORLD,
                caps=(Cap(rule=RULE, target=TARGET, place=EVERYWHERE, limit=5, full=True),),
            ),
            {("SG new", "LIVE", "CAP_REACHED")},
        ),
        (
            WORLD,
            replace(WORLD, life_cycles=(SUNSET,)),
            {("SG enrolled at 2027-03-01T00:01+08:00", "LIVE", "SUNSET")},
        ),
        (
            WORLD,
            replace(WORLD, schedules=(SCHEDULE,)),
            {
                ("SG enrolled at 2026-10-31T23:59+08:00", "LIVE", "NOT_STARTED"),
                ("SG enrolled at 2026-12-01T00:01+08:00", "LIVE", "ENDED"),
            },
        ),
    ],
    ids=[
        "a platform goes",
        "a version rises",
        "an age",
        "a consent",
        "the next group",
        "a partner",
        "a wallet",
        "a requirement",
        "a full cap",
        "a sunset to come",
        "a schedule",
    ],
)
def test_somebody_on_the_other_side_of_a_change_is_asked(
    before: Definitions, after: Definitions, expected: set[tuple[str, str, str]]
) -> None:
    """Each change is noticed by the people it was made for."""
    assert expected == expected & ask(before, after)


def test_a_feature_with_another_profile_is_asked_for_by_platform() -> None:
    """The platforms of both profiles are compared, though neither changed."""
    poor = PlatformProfile(key="poor", minimums=RICH.minimums[:1])
    world = replace(WORLD, profiles=(poor, RICH))
    moved = replace(world, features=(replace(COLLECTIONS, profile="poor"),))
    assert ("SG on android, newest", "LIVE", "UNSUPPORTED_PLATFORM") in ask(world, moved)


def test_many_changes_share_a_bounded_number_of_people() -> None:
    """However much changed, no more than 300 are made up, and every change has somebody."""
    rollouts = tuple(
        replace(
            GROUPS,
            rule=Rule(key=f"r{number}"),
            order=tuple(f"g{number}-{one}" for one in range(4)),
            enabled=4,
        )
        for number in range(120)
    )
    after = replace(WORLD, clusters=rollouts)
    labels = [label for label, _asked in list_concerned(list_pairs(WORLD, after), WORLD, after)]
    assert (PEOPLE_MAX, True) == (len(labels), "SG in g119-0" in labels)


def test_nothing_changed_concerns_nobody() -> None:
    """Without a change nobody is made up."""
    assert [] == list_concerned(list_pairs(WORLD, WORLD), WORLD, WORLD)
