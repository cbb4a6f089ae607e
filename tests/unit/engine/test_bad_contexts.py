"""Bad contexts: huge, nested, NaN, surrogates, wrong types, values that cannot be hashed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flags.engine.definitions import Definitions
from tests.unit.engine.bad_contexts import check_bad_contexts, lawful_definitions
from tests.unit.engine.worlds import contexts


@settings(max_examples=60)
@given(
    world=lawful_definitions(),
    crowd=st.lists(contexts(), min_size=3, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_bad_contexts_never_raise_and_never_open_a_legal_block(
    world: Definitions, crowd: list[dict[str, Any]], seed: int
) -> None:
    """Whatever comes beside the evidence, an answer comes back and a legal block holds."""
    assert check_bad_contexts(world, crowd, seed, times=4) == 36
