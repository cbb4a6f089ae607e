"""Evaluating a view of several apps, and remembering what was answered."""

from __future__ import annotations

import asyncio

from flags.delivery.answers import evaluate_view
from flags.delivery.state import State, View
from flags.engine.result import Evaluation
from tests.unit.delivery.world import APP, ENVIRONMENT, build_content, fill
from tests.unit.engine.scopes import context


class Quiet:
    """Shows nothing at all."""

    name = "quiet"

    def render(self, _evaluation: Evaluation) -> bytes:
        """Leave it out."""
        return b""


def test_what_is_left_out_is_no_part_of_an_answer() -> None:
    """The ETag is of the parts that were joined, and of nothing else."""
    state = State()
    asyncio.run(fill(state, build_content(1)))
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    found = evaluate_view(View(ENVIRONMENT, (live, live), 1), context(), Quiet())
    nothing = evaluate_view(View(ENVIRONMENT, (), 1), context(), Quiet())
    assert found == nothing
