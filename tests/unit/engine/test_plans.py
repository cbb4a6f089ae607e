"""Plans, direct evaluation and the slow interpreter: one answer, whichever way it is found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.definitions import Definitions, KillSwitch
from flags.engine.evaluate import answer, evaluate, evaluate_all, evaluate_directly
from flags.engine.result import Evaluation
from flags.wire.context import read_context
from tests.unit.engine.interpreter import Told, interpret
from tests.unit.engine.worlds import contexts, definitions, kills, moments


def read(fields: dict[str, Any], now: datetime, *, thrown: int, as_of: bool) -> Context:
    """Read a context whose dice always show the same."""
    asked = {"currentTime": now.isoformat()} if as_of else {}
    return read_context(
        {**fields, **asked},
        now=now,
        dice=lambda sides: min(thrown, sides),
        environment="production",
        trusted=True,
    )


def tell(evaluation: Evaluation) -> Told:
    """Say an evaluation in the interpreter's words."""
    return Told(
        on=evaluation.on,
        value=evaluation.value,
        reason=evaluation.reason.value,
        rule=evaluation.rule.key if evaluation.rule else "",
        variant=evaluation.variant.name if evaluation.variant else "",
    )


class Lines:
    """A renderer that writes a line per evaluation and leaves features out that are off."""

    name = "lines"

    def render(self, evaluation: Evaluation) -> bytes:
        """Write the key and the value."""
        return f"{evaluation.feature}={evaluation.value}".encode() if evaluation.on else b""


people = st.lists(
    st.tuples(contexts(), moments, st.sampled_from((1, 50, 100)), st.booleans()),
    min_size=1,
    max_size=6,
)


@given(world=definitions(), switches=kills(), crowd=people)
def test_plans_direct_evaluation_and_the_interpreter_agree(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    crowd: list[tuple[dict[str, Any], datetime, int, bool]],
) -> None:
    """A plan made for one person says of the next what the definitions say."""
    snapshot = compile_snapshot(world, switches)
    for fields, now, thrown, as_of in crowd:
        context = read(fields, now, thrown=thrown, as_of=as_of)
        everything = {one.feature: one for one in evaluate_all(snapshot, context)}
        for key in snapshot.feature_keys:
            told = interpret(world, switches, key, context)
            assert told == tell(evaluate(snapshot, key, context))
            assert told == tell(everything[key])
            assert everything[key] == evaluate_directly(snapshot, key, context)


@given(world=definitions(), switches=kills(), crowd=people)
def test_an_answer_renders_exactly_what_is_on(
    world: Definitions,
    switches: tuple[KillSwitch, ...],
    crowd: list[tuple[dict[str, Any], datetime, int, bool]],
) -> None:
    """Fragments are those of the evaluations; the same ones, and no others, share an ETag.

    However a world groups its features: what is published elsewhere leaves an ETag alone.
    """
    told: dict[str, frozenset[bytes]] = {}
    etags: dict[frozenset[bytes], str] = {}
    for snapshot in (compile_snapshot(world, switches), compile_snapshot(world)):
        for fields, now, thrown, as_of in crowd:
            context = read(fields, now, thrown=thrown, as_of=as_of)
            found = answer(snapshot, context, Lines())
            lines = frozenset(b",".join(found.fragments).split(b",")) - {b""}
            assert lines == {Lines().render(one) for one in evaluate_all(snapshot, context)} - {b""}
            assert lines == told.setdefault(found.etag, lines)
            assert found.etag == etags.setdefault(lines, found.etag)


@given(before=definitions(), after=definitions(), switches=kills(), crowd=people)
def test_a_recompiled_snapshot_answers_like_a_fresh_one(
    before: Definitions,
    after: Definitions,
    switches: tuple[KillSwitch, ...],
    crowd: list[tuple[dict[str, Any], datetime, int, bool]],
) -> None:
    """Nothing that is kept from the previous snapshot changes an answer."""
    old = compile_snapshot(before, ())
    for fields, now, thrown, as_of in crowd:
        evaluate_all(old, read(fields, now, thrown=thrown, as_of=as_of))
    snapshot = compile_snapshot(after, switches, compile_snapshot(after, (), old))
    fresh = compile_snapshot(after, switches)
    for fields, now, thrown, as_of in crowd:
        context = read(fields, now, thrown=thrown, as_of=as_of)
        assert evaluate_all(fresh, context) == evaluate_all(snapshot, context)
