"""Explanations tell the same gates in the same order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.dates import list_dates
from flags.engine.definitions import (
    Definitions,
    Feature,
    KillSwitch,
    Place,
    PlatformRetirement,
    Rule,
    Schedule,
    Status,
    Target,
    Window,
)
from flags.engine.display import DISPLAYS
from flags.engine.evaluate import evaluate
from flags.engine.explain import NOTHING_ASKS, explain, tell
from flags.engine.gates import GATES
from flags.engine.result import Reason
from flags.wire.context import read_context
from tests.unit.engine.scopes import COLLECTIONS, NOW, context, offer, scope, territory
from tests.unit.engine.worlds import contexts, definitions, kills, moments

ORDER = [name for name, _build in GATES]


def test_every_gate_is_told_in_order() -> None:
    """The closed gate carries reason, rule, signal and what was read; later ones are not asked."""
    world = scope(
        offers=(
            offer("live", Place(kind="everywhere")),
            offer("blocked-by-law", territory("AE"), key="ae-law"),
        )
    )
    steps = explain(compile_snapshot(world), "commerce.collections", context(locationCountry="AE"))
    assert ORDER == [step.gate for step in steps]
    states = ["open", "open", "open", "closed", *["not reached"] * (len(ORDER) - 4)]
    assert states == [step.state for step in steps]
    law = steps[3]
    assert (Reason.BLOCKED_BY_LAW, "location") == (law.reason, law.signal)
    assert law.rule is not None
    assert law.rule.key == "ae-law"
    assert law.read == {"account": "SG", "location": "AE"}


def test_a_feature_that_is_on_is_told_to_the_end() -> None:
    """The last gate names the offer and the signal that opened it."""
    world = scope(offers=(offer("live", territory("SG")),))
    steps = explain(compile_snapshot(world), "commerce.collections", context())
    assert {"open"} == {step.state for step in steps}
    last = steps[-1]
    assert (Reason.LIVE, "account") == (last.reason, last.signal)
    assert last.rule is not None
    assert last.rule.key == "live@SG"


def test_an_unknown_feature_is_told_by_the_first_gate() -> None:
    """Nothing else is asked."""
    steps = explain(compile_snapshot(scope()), "no.such", context())
    assert ORDER == [step.gate for step in steps]
    assert ("closed", Reason.UNKNOWN_FEATURE) == (steps[0].state, steps[0].reason)
    assert {"not reached"} == {step.state for step in steps[1:]}


@given(
    world=definitions(),
    switches=kills(),
    fields=contexts(),
    at=moments,
    thrown=st.sampled_from((1, 50, 100)),
)
def test_an_explanation_ends_where_the_evaluation_does(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    fields: dict[str, object],
    at: datetime,
    thrown: int,
) -> None:
    """The reason of the last gate that was reached is the evaluation's, rule and all."""
    snapshot = compile_snapshot(world, switches)
    person = read_context(
        fields,
        now=at,
        dice=lambda sides: min(thrown, sides),
        environment="production",
        trusted=True,
    )
    for key in snapshot.feature_keys:
        told = tell(snapshot, key, person)
        last = [step for step in told.steps if step.reason is not None][-1]
        asked = evaluate(snapshot, key, person)
        assert (asked.on, asked.value, asked.reason) == (told.on, told.value, told.reason)
        detail = asked.variant.name if asked.variant else asked.detail
        assert (asked.reason, asked.rule, asked.signal, detail) == (
            last.reason,
            last.rule,
            last.signal,
            last.detail,
        )


def test_gates_that_ask_nothing_are_told_too() -> None:
    """An open gate that was never built for the feature says so."""
    steps = explain(compile_snapshot(scope(Feature(key="free"))), "free", context())
    quiet = [step.gate for step in steps if step.note == NOTHING_ASKS]
    assert ORDER[:-1] == quiet


@pytest.mark.parametrize(
    ("offered", "dates", "zone"),
    [
        (
            {"starts": date(2026, 1, 1), "ends": date(2027, 1, 1)},
            {"starts": "2026-01-01", "ends": "2027-01-01"},
            "Asia/Singapore",
        ),
        ({"starts": date(2026, 1, 1)}, {"starts": "2026-01-01"}, "Asia/Singapore"),
        ({}, {}, ""),
    ],
)
def test_the_dates_of_the_rule_that_decided_are_told(
    offered: dict[str, Any], dates: dict[str, str], zone: str
) -> None:
    """They are days of the territory, and its zone stands beside them."""
    world = scope(offers=(offer("planned", territory("SG"), **offered),))
    last = next(
        step
        for step in explain(compile_snapshot(world), "commerce.collections", context())
        if step.state == "closed"
    )
    assert ("offer", dates, zone) == (last.gate, last.dates, last.zone)


def test_a_kill_switch_tells_since_when() -> None:
    """Its instants are given, not days of a place."""
    switch = KillSwitch(
        rule=Rule(key="kill-1"),
        target=Target(feature="commerce.collections"),
        since=NOW,
        expires=NOW + timedelta(days=7),
        territory="SG",
    )
    steps = explain(compile_snapshot(scope(), (switch,)), "commerce.collections", context())
    expected = {"since": "2026-11-20T12:00:00+00:00", "expires": "2026-11-27T12:00:00+00:00"}
    assert (expected, "") == (steps[1].dates, steps[1].zone)


def test_a_retired_platform_tells_its_days_in_the_accounts_zone() -> None:
    """Its days begin where the account is; what was read is told field by field."""
    world = scope(
        retirements=(
            PlatformRetirement(
                rule=Rule(key="symbian"), platform="symbian", closed_to_new=date(2017, 1, 1)
            ),
        )
    )
    person = context(platform="Symbian")
    steps = explain(compile_snapshot(world), "commerce.collections", person)
    last = next(step for step in steps if step.state == "closed")
    assert ({"closedToNew": "2017-01-01"}, "Asia/Singapore") == (last.dates, last.zone)
    assert ("symbian", "false") == (last.read["platform"], last.read["enrolled"])


def test_a_schedule_tells_the_window_of_the_territory() -> None:
    """The territory's own window is told, else the one for all; those of others never."""
    schedule = Schedule(
        rule=Rule(key="new-year"),
        features=("a",),
        anchor="account",
        windows=(
            Window(starts=datetime(2027, 2, 5), ends=datetime(2027, 2, 20)),  # noqa: DTZ001
            Window(territory="KR", starts=datetime(2027, 2, 6)),  # noqa: DTZ001
        ),
    )
    snapshot = compile_snapshot(scope(schedules=(schedule,)))
    told = [list_dates(snapshot, "schedule", schedule.rule, code) for code in ("SG", "KR")]
    expected = [
        {"starts": "2027-02-05T00:00:00", "ends": "2027-02-20T00:00:00"},
        {"starts": "2027-02-06T00:00:00"},
    ]
    assert expected == told


def test_what_a_rollout_hashed_is_told() -> None:
    """A person who is left out can see the place among a hundred and the percentage."""
    world = scope(offers=(offer("live", territory("SG"), rollout=5),))
    steps = explain(compile_snapshot(world), "commerce.collections", context())
    last = next(step for step in steps if step.state == "closed")
    assert Reason.NOT_IN_ROLLOUT == last.reason
    assert last.read["rollout commerce.collections 5%"] == "27"


def test_a_needed_feature_is_told_with_its_reason() -> None:
    """What REQUIRES_OFF names is explained by the reason that the needed feature gives."""
    world = scope(Feature(key="group", requires=("video",)), Feature(key="video", enabled=False))
    steps = explain(compile_snapshot(world), "group", context())
    last = next(step for step in steps if step.state == "closed")
    assert ("requires", {"video": "NOT_IN_ROLLOUT"}) == (last.gate, last.read)


@pytest.mark.parametrize(
    ("own", "offered", "text_key", "display"),
    [
        ("wallet.unavailable", "planned", "wallet.unavailable", "notify"),
        ("", "needs-partner", "reason.NEEDS_PARTNER", "disabled"),
        ("", "not-offered", "reason.NOT_OFFERED", "hidden"),
        ("wallet.unavailable", "live", "reason.LIVE", "shown"),
    ],
)
def test_the_words_and_the_display_are_told(
    own: str, offered: Status, text_key: str, display: str
) -> None:
    """A feature's own text is for when it is off; how it is shown follows the reason."""
    world = scope(replace(COLLECTIONS, text_key=own), offers=(offer(offered, territory("SG")),))
    told = tell(compile_snapshot(world), "commerce.collections", context())
    assert (text_key, display) == (told.text_key, told.display)


def test_every_reason_has_a_display() -> None:
    """No reason is left without a word on how it is shown."""
    assert set(Reason) == set(DISPLAYS)


@pytest.mark.parametrize("key", ["commerce.collections", "no.such"])
def test_explaining_never_raises(key: str) -> None:
    """Not even for a person of whom nothing is known."""
    nobody = read_context({}, now=NOW, dice=lambda _sides: 1, environment="")
    assert len(explain(compile_snapshot(scope()), key, nobody)) == len(GATES)
