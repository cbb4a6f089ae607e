"""The engine against the official Rust engine, on generated canonical payloads.

`make fuzz-engine` asks the same of millions.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.engine.definitions import Definitions
from flags.engine.lower import lower
from flags.wire.unleash import render_features
from tests.conformance.compare import FOUND, find_difference, replay
from tests.conformance.crowds import draw_crowd
from tests.conformance.payloads import definitions, write_as_it_is

PEOPLE_PER_PAYLOAD = 20
PAYLOADS = 150
seeds = st.integers(0, 2**32)


@settings(max_examples=PAYLOADS)
@given(world=definitions(), seed=seeds, inline=st.booleans())
def test_the_engine_and_yggdrasil_read_a_payload_alike(
    world: Definitions, seed: int, *, inline: bool
) -> None:
    """Every flag, variant and payload is the same, to the last hash: 12,000 comparisons."""
    crowd = draw_crowd(seed, PEOPLE_PER_PAYLOAD)
    assert find_difference(write_as_it_is(world, inline=inline), crowd) is None


@settings(max_examples=PAYLOADS)
@given(world=definitions(), seed=seeds, inline=st.booleans())
def test_the_engine_and_yggdrasil_read_what_landfall_sends_alike(
    world: Definitions, seed: int, *, inline: bool
) -> None:
    """What lowering and rendering made of a payload is one that all engines read alike."""
    body = render_features([lower(world)], environment="default", inline_segments=inline)
    assert find_difference(body, draw_crowd(seed, PEOPLE_PER_PAYLOAD)) is None


@pytest.mark.parametrize("file", sorted(FOUND.glob("*.json")), ids=lambda file: file.stem)
def test_what_once_differed_differs_no_more(file: Path) -> None:
    """A difference that `make fuzz-engine` saved stays mended."""
    assert replay(file) is None
