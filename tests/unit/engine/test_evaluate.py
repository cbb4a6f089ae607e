"""Answers always come back, are equal when they are equal, and memory stays bounded."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.engine import compiled
from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import (
    Constraint,
    Feature,
    KillSwitch,
    Payload,
    Place,
    Rule,
    Strategy,
    Target,
    Variant,
)
from flags.engine.evaluate import answer, evaluate, evaluate_all, next_flip
from flags.engine.result import Evaluation, Reason
from regions.zones import EARLIEST, LATEST
from tests.unit.engine.scopes import NOW, VOICE, ask, context, offer, scope, territory

LIVE = offer("live", Place(kind="everywhere"))
REGEX = Feature(
    key="regex",
    strategies=(
        Strategy(
            name="default",
            constraints=(Constraint(context_name="plan", operator="REGEX", value="."),),
        ),
    ),
)


class Keys:
    """A renderer that counts what it is asked to render."""

    def __init__(self, name: str = "keys") -> None:
        self.name = name
        self.asked = 0

    def render(self, evaluation: Evaluation) -> bytes:
        """Write the key when on."""
        self.asked += 1
        return evaluation.feature.encode() if evaluation.on else b""


def test_fragments_are_rendered_once() -> None:
    """Everybody of the class gets the bytes that were made for the first."""
    snapshot = compile_snapshot(scope(offers=(LIVE,)))
    renderer = Keys()
    answers = [answer(snapshot, context(userId=str(user)), renderer) for user in range(10)]
    assert renderer.asked == 1
    assert {b"commerce.collections"} == {b",".join(one.fragments) for one in answers}
    assert len({one.etag for one in answers}) == 1


def test_the_etag_is_strong_quoted_and_follows_the_bytes() -> None:
    """Other fragments give another ETag; another snapshot with the same bytes does not."""
    renderer = Keys()
    world = scope(offers=(LIVE, offer("planned", territory("KR"))))
    snapshot = compile_snapshot(world)
    here = answer(snapshot, context(), renderer)
    there = answer(snapshot, context(accountCountry="KR"), renderer)
    assert here.etag.startswith('"')
    assert here.etag.endswith('"')
    assert here.etag != there.etag
    assert (b"commerce.collections", b"") == (b",".join(here.fragments), b"".join(there.fragments))
    assert here.etag == answer(compile_snapshot(world), context(), renderer).etag


def test_renderers_of_other_names_have_fragments_of_their_own() -> None:
    """A protocol never gets the bytes of another."""
    snapshot = compile_snapshot(scope(offers=(LIVE,)))
    renderers = [Keys(f"r{number}") for number in range(compiled.RENDERERS_MAX + 5)]
    for renderer in [*renderers, renderers[0]]:
        assert answer(snapshot, context(), renderer).fragments == [b"commerce.collections"]


def test_tables_stay_bounded_and_answer_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of distinct people leaves at most twice the purse, as the machine counts it."""
    purse_bytes = 300_000
    monkeypatch.setattr(compiled, "PURSE_BYTES", purse_bytes)
    monkeypatch.setattr(compiled, "PURSE_ANSWER_BYTES", 0)
    share = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "50", "stickiness": "userId", "groupId": "g"},
        constraints=(
            Constraint(context_name="plan", operator="NUM_GT", value="50"),
            Constraint(context_name="school", operator="STR_CONTAINS", values=("1",)),
        ),
    )
    asks = [Constraint(context_name="age", operator="NUM_GT", value=str(n)) for n in range(40)]
    ages = [
        Feature(key=f"a{n}", strategies=(Strategy("default", constraints=(one,)),))
        for n, one in enumerate(asks)
    ]
    snapshot = compile_snapshot(scope(Feature(key="f", strategies=(share,)), *ages))
    people = [
        context(plan=number, school=f"school-{number}", age=number % 41, userId=str(number))
        for number in range(6_000)
    ]
    renderer = Keys()
    tracemalloc.start()
    for person in people:
        answer(snapshot, person, renderer)
        evaluate(snapshot, "f", person)
    gc.collect()
    held_bytes, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert snapshot.purse.turns > 4
    assert held_bytes < 2 * purse_bytes
    assert evaluate(snapshot, "f", people[40]).on is False
    found = {one.feature for one in evaluate_all(snapshot, people[20]) if one.on}
    assert {f"a{number}" for number in range(20)} == found


def test_a_long_text_is_evaluated_and_not_remembered() -> None:
    """One client cannot fill the tables with long texts."""
    snapshot = compile_snapshot(scope(REGEX))
    assert evaluate(snapshot, "regex", context(plan="x" * 1_000)).on is True
    assert sum(len(dial.table) for dial in snapshot.dials) == 0


def test_a_long_list_is_evaluated_and_not_remembered() -> None:
    """Nor with many texts that are short enough alone."""
    guarded = Feature(key="call", law_basis=("participants",), fail_closed=True)
    snapshot = compile_snapshot(scope(guarded))
    crowd = context(participantCountries=["no such country"] * 90)
    assert evaluate(snapshot, "call", crowd).reason is Reason.MISSING_SIGNAL
    assert sum(len(dial.table) for dial in snapshot.dials) == 0


def test_a_text_that_no_pattern_can_read_is_an_error_of_that_feature_alone() -> None:
    """Half a surrogate pair never gets here from a protocol; if it does, nothing is raised."""
    snapshot = compile_snapshot(scope(REGEX, Feature(key="plain")))
    person = replace(context(), properties={"plan": "\ud800"})
    found = {one.feature: one for one in evaluate_all(snapshot, person)}
    assert found["plain"].on is True
    assert (found["regex"].on, found["regex"].reason) == (False, Reason.ERROR)
    assert evaluate(snapshot, "regex", person) == found["regex"]
    assert answer(snapshot, person, Keys()).fragments == [b"plain"]


junk = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats()


@given(fields=st.dictionaries(st.sampled_from(("plan", "platform", "accountCountry")), junk))
def test_a_context_of_wrong_types_never_raises_nor_lifts_a_block(fields: dict[str, Any]) -> None:
    """Protocols hand over texts only; should one not, the block in the rules still holds."""
    block = offer("blocked-by-law", territory("SG"), bundle="calling")
    calls = offer("live", Place(kind="everywhere"), bundle="calling")
    snapshot = compile_snapshot(scope(REGEX, VOICE, offers=(calls, block)))
    person = replace(context(), properties={**fields, "locationCountry": "SG"})
    found = {one.feature: one for one in evaluate_all(snapshot, person)}
    assert found["calling.voice"].on is False
    assert evaluate(snapshot, "regex", person) == found["regex"]


VARIANTS = (
    Variant(name="a", weight=500, payload=Payload(type="number", value="1.5")),
    Variant(name="b", weight=500),
)


@pytest.mark.parametrize(
    ("value_type", "off_value", "payload", "expected"),
    [
        ("boolean", False, "1.5", {"a": True, "b": True}),
        ("string", "off", "1.5", {"a": "1.5", "b": "b"}),
        ("number", 0, "42", {"a": 42.0, "b": 0.0}),
        ("integer", 0, "42", {"a": 42, "b": 0}),
        ("json", {}, '{"limit": 1}', {"a": {"limit": 1}, "b": {}}),
        ("json", [], '["x"]', {"a": ["x"], "b": []}),
    ],
)
def test_a_variant_has_a_value_of_the_features_type(
    value_type: Any, off_value: Any, payload: str, expected: dict[str, Any]
) -> None:
    """The payload is read as the value type; without one a text feature has the name."""
    strategy = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "100", "stickiness": "default", "groupId": "g"},
        variants=(
            Variant(name="a", weight=500, payload=Payload(type="json", value=payload)),
            Variant(name="b", weight=500),
        ),
    )
    feature = Feature(key="f", value_type=value_type, off_value=off_value, strategies=(strategy,))
    answers = [ask(scope(feature), context(userId=str(user))) for user in range(30)]
    assert {Reason.VARIANT} == {one.reason for one in answers}
    found = {one.variant.name: one.value for one in answers if one.variant}
    assert expected == found
    assert [*map(type, expected.values())] == [type(found[name]) for name in expected]


def test_random_stickiness_is_thrown_for_every_question() -> None:
    """What dice say is never kept in a plan."""
    strategy = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "50", "stickiness": "random", "groupId": "g"},
    )
    snapshot = compile_snapshot(scope(Feature(key="f", strategies=(strategy,))))
    thrown = [evaluate(snapshot, "f", context(thrown=sides)).on for sides in (50, 51, 1, 100)]
    assert thrown == [True, False, True, False]


def test_the_next_flip_names_the_territories_that_it_concerns() -> None:
    """Each territory has its own midnight; a constraint on the time concerns everybody."""
    row = offer("live", Place(kind="market", key="ASIA"), starts=date(2026, 11, 22))
    dated = Constraint(
        context_name="currentTime", operator="DATE_BEFORE", value="2026-11-25T00:00:00Z"
    )
    feature = Feature(key="f", strategies=(Strategy(name="default", constraints=(dated,)),))
    world = scope(feature, replace(VOICE, bundle="commerce", law_basis=()), offers=(row,))
    snapshot = compile_snapshot(world)
    seoul = datetime(2026, 11, 21, 15, tzinfo=UTC)
    singapore = datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert next_flip(snapshot, NOW) == (seoul, frozenset({"KR"}))
    assert next_flip(snapshot, seoul) == (singapore, frozenset({"SG"}))
    assert next_flip(snapshot, singapore) == (datetime(2026, 11, 25, tzinfo=UTC), frozenset())
    assert next_flip(snapshot, datetime(2026, 11, 25, tzinfo=UTC)) is None


def test_the_end_of_a_kill_switch_is_no_flip() -> None:
    """It holds whatever the clock says, so nobody need be told."""
    kill = KillSwitch(
        rule=Rule(key="k"),
        target=Target(feature="f"),
        since=NOW,
        expires=NOW + timedelta(hours=1),
    )
    snapshot = compile_snapshot(scope(Feature(key="f")), (kill,))
    assert next_flip(snapshot, NOW) is None
    assert evaluate(snapshot, "f", context(NOW + timedelta(days=1))).on is False


def test_an_answer_changes_at_the_flip_and_not_before() -> None:
    """Time is an attribute: a plan is never stale, only no longer the one looked up."""
    snapshot = compile_snapshot(
        scope(offers=(offer("live", territory("SG"), starts=date(2026, 11, 21)),))
    )
    flip = datetime(2026, 11, 20, 16, tzinfo=UTC)

    def at(second: int) -> Context:
        return context(flip.replace(minute=59, second=second, hour=15) if second else flip)

    assert [False, True, False, True] == [
        evaluate(snapshot, "commerce.collections", at(second)).on for second in (58, 0, 59, 0)
    ]


def test_unreadable_evidence_is_not_overlooked_at_a_glance() -> None:
    """Two people whose readable texts are equal differ when one sent more than that."""
    snapshot = compile_snapshot(
        scope(VOICE, offers=(offer("live", Place("everywhere"), bundle="calling"),))
    )
    plain = context(locationCountry=None, gpsCountry="SG")
    garbled = context(locationCountry={"not": "a text"}, gpsCountry="SG")
    assert plain.properties == garbled.properties
    found = [evaluate(snapshot, "calling.voice", one) for one in (plain, garbled, plain)]
    assert [Reason.LIVE, Reason.MISSING_SIGNAL, Reason.LIVE] == [one.reason for one in found]
    bodies = [answer(snapshot, one, Keys()).fragments for one in (plain, garbled, plain)]
    assert [[b"calling.voice"], [], [b"calling.voice"]] == bodies


@pytest.mark.parametrize(
    "user", [None, "", "7", "ü", "\ud800"], ids=["nobody", "empty", "ascii", "utf-8", "half"]
)
def test_a_sweep_over_many_hashes_picks_what_each_feature_says(user: str | None) -> None:
    """Also where there is nobody to recognise, or no text that could be hashed."""
    share = {"rollout": "50", "stickiness": "userId", "groupId": "g"}
    everybody = {**share, "rollout": "100", "stickiness": "default"}

    def feature(key: str, parameters: dict[str, str], *variants: Variant) -> Feature:
        strategy = Strategy("flexibleRollout", parameters, variants=variants)
        return Feature(key=key, strategies=(strategy,))

    snapshot = compile_snapshot(
        scope(
            *[feature(f"f{number}", {**share, "groupId": f"g{number}"}) for number in range(9)],
            feature("v", everybody, *VARIANTS),
            feature("w", share, *VARIANTS),
            Feature(key="x", requires=("f1",)),
        )
    )
    person = replace(context(sessionId="s"), user_id=user)
    expected = {key for key in snapshot.feature_keys if evaluate(snapshot, key, person).on}
    found = b",".join(answer(snapshot, person, Keys()).fragments).decode()
    assert expected == set(found.split(",")) - {""}


@pytest.mark.parametrize("edge", [EARLIEST, LATEST, LATEST - timedelta.resolution])
def test_a_question_at_the_end_of_time_lifts_no_block_for_anybody(edge: datetime) -> None:
    """Rules without an end hold to the last instant, and what was asked there misleads nobody."""
    offers = (
        offer("live", Place("everywhere"), bundle="calling"),
        offer("blocked-by-law", territory("AE"), bundle="calling"),
    )
    snapshot = compile_snapshot(scope(VOICE, offers=offers))
    there: dict[str, Any] = {"locationCountry": "AE"}
    reasons = [evaluate(snapshot, VOICE.key, context(now, **there)).reason for now in (edge, NOW)]
    assert [Reason.BLOCKED_BY_LAW] * 2 == reasons
