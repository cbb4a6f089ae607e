"""Unleash's own engine follows deltas: it answers as one that was sent everything."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # no types

from flags.engine.definitions import Definitions
from flags.engine.lower import lower
from flags.wire.unleash import render_features
from tests.conformance.crowds import draw_crowd
from tests.conformance.payloads import definitions
from tests.conformance.sdk import Sdk, write_context
from tests.unit.wire.sdks import narrow, render_delta, render_hydration, write

PAYLOADS = 60
PEOPLE = 8


def mix(before: Definitions, after: Definitions, kept: int) -> Definitions:
    """Return a world in which some features stay as they were, as most do in one change."""
    old = {feature.key: feature for feature in before.features}
    features = tuple(
        old.get(feature.key, feature) if number < kept else feature
        for number, feature in enumerate(after.features)
    )
    return replace(after, features=features)


@settings(max_examples=PAYLOADS)
@given(
    worlds=st.lists(definitions(), min_size=2, max_size=4),
    kept=st.integers(0, 3),
    seed=st.integers(0, 2**32),
)
def test_an_engine_that_follows_answers_as_a_new_one(
    worlds: list[Definitions], kept: int, seed: int
) -> None:
    """Through generated worlds: every feature, for a crowd, without one warning."""
    following = UnleashEngine()
    state = write([lower(worlds[0])])
    assert not following.take_state(render_hydration(narrow(state)).decode())
    before = worlds[0]
    for number, world in enumerate(worlds[1:], start=2):
        before = mix(before, world, kept)
        lowered = lower(before)
        after = write([lowered], state)
        message = render_delta(narrow(state), narrow(after), number)
        assert not following.take_state(message.decode())
        old, new = Sdk.of(following), Sdk(render_features([lowered], environment="default"))
        for person in draw_crowd(seed, PEOPLE):
            context = write_context(person.fields, person.now)
            for feature in lowered.features:
                assert new.judge(feature.key, context) == old.judge(feature.key, context)
        state = after
