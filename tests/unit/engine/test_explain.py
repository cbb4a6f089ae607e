"""Explanations tell the same gates in the same order."""

from __future__ import annotations

import pytest
from hypothesis import given

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Definitions, Place
from flags.engine.evaluate import evaluate
from flags.engine.explain import explain
from flags.engine.gates import GATES
from flags.engine.result import Reason
from flags.wire.context import read_context
from tests.unit.engine.scopes import NOW, context, offer, scope, territory
from tests.unit.engine.worlds import contexts, definitions

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


@given(world=definitions(), fields=contexts())
def test_an_explanation_ends_where_the_evaluation_does(
    world: Definitions, fields: dict[str, object]
) -> None:
    """The reason of the last gate that was reached is the evaluation's."""
    snapshot = compile_snapshot(world)
    person = read_context(
        fields, now=NOW, dice=lambda _sides: 1, environment="production", trusted=True
    )
    for key in snapshot.feature_keys:
        told = [step for step in explain(snapshot, key, person) if step.reason is not None]
        evaluation = evaluate(snapshot, key, person)
        assert (evaluation.reason, evaluation.rule) == (told[-1].reason, told[-1].rule)


@pytest.mark.parametrize("key", ["commerce.collections", "no.such"])
def test_explaining_never_raises(key: str) -> None:
    """Not even for a person of whom nothing is known."""
    nobody = read_context({}, now=NOW, dice=lambda _sides: 1, environment="")
    assert len(explain(compile_snapshot(scope()), key, nobody)) == len(GATES)
