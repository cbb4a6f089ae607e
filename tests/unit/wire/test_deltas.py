"""The delta law: what a client had, with the events applied, is what a new client is sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.engine.definitions import Constraint, Definitions, Feature, Segment, Strategy
from flags.engine.lower import LoweredDefinitions, lower
from flags.wire.states import EVERYTHING, Narrowing
from tests.conformance.payloads import definitions as unleash_definitions
from tests.unit.engine.scopes import NOW, offer, scope, territory
from tests.unit.engine.worlds import definitions
from tests.unit.wire.sdks import Memory, narrow, render_delta, render_hydration, write

NARROWINGS = (
    EVERYTHING,
    Narrowing(prefix="a."),
    Narrowing(tags=("bundle:one", "team:growth")),
    Narrowing(apps=("superapp",), prefix="f"),
)
LONG = tuple(f"value-{number:03}" for number in range(30))
SEGMENT = Segment(
    id=12, key="beta", constraints=(Constraint(context_name="plan", operator="IN", values=LONG),)
)
BETA = Feature(key="f.beta", strategies=(Strategy(name="default", segments=(12,)),))
PLAIN = Feature(key="f.plain", strategies=(Strategy(name="default"),))


def make(*features: Feature, **parts: Any) -> LoweredDefinitions:
    """Lower a scope of these features."""
    return lower(scope(*features, **parts), now=NOW)


def follow(*states: list[LoweredDefinitions], narrowing: Narrowing = EVERYTHING) -> list[list[str]]:
    """Have a client follow through states; return the types of events, checking the law."""
    written = write(states[0])
    memory = Memory()
    memory.take(render_hydration(narrow(written, narrowing), 1))
    told = []
    for number, state in enumerate(states[1:], start=2):
        after = write(state, written)
        old, new = narrow(written, narrowing), narrow(after, narrowing)
        told.append(memory.take(render_delta(old, new, number)))
        fresh = Memory()
        fresh.take(render_hydration(narrow(write(state), narrowing), number))
        assert memory.features == fresh.features
        assert memory.segments == fresh.segments
        assert not told[-1] or written.digest != after.digest
        written = after
    return told


@given(
    worlds=st.lists(definitions(), min_size=1, max_size=3), narrowing=st.sampled_from(NARROWINGS)
)
def test_a_client_that_follows_has_what_a_new_one_gets(
    worlds: list[Definitions], narrowing: Narrowing
) -> None:
    """The law holds between any two worlds of regional rules, whatever the query.

    Each is also lowered again for a later day, as a node does when a dated rule has passed.
    """
    days = (NOW, NOW + timedelta(days=3))
    states = [[lower(world, now=now)] for world in worlds for now in days]
    follow(*states, narrowing=narrowing)


@given(worlds=st.lists(unleash_definitions(), min_size=2, max_size=4), two=st.booleans())
def test_the_law_holds_for_everything_that_unleash_knows(
    worlds: list[Definitions], *, two: bool
) -> None:
    """Segments, dependencies, variants; one app or two that share names and numbers."""
    states = []
    for number, world in enumerate(worlds):
        other = replace(worlds[number - 1], app="other")
        states.append([lower(one) for one in ([world, other] if two else [world])])
    follow(*states)


def test_a_segment_stands_before_the_feature_that_newly_uses_it() -> None:
    """And it leaves after the last feature that did."""
    without, using = [make(PLAIN)], [make(PLAIN, BETA, segments=(SEGMENT,))]
    assert follow(without, using, without) == [
        ["segment-updated", "feature-updated"],
        ["feature-removed", "segment-removed"],
    ]


def test_a_parent_stands_before_the_feature_that_depends_on_it() -> None:
    """Whatever their names: an SDK that applies event by event never lacks it."""
    parent, child = Feature(key="z.parent"), Feature(key="a.child", requires=("z.parent",))
    assert follow([make(PLAIN)], [make(PLAIN, parent, child)]) == [["feature-updated"] * 2]


def test_a_segment_is_told_once_for_all_its_features() -> None:
    """Its constraints are its own: features that name it are not told again."""
    shorter = replace(SEGMENT, constraints=(replace(SEGMENT.constraints[0], values=("a",)),))
    assert follow([make(BETA, segments=(SEGMENT,))], [make(BETA, segments=(shorter,))]) == [
        ["segment-updated"]
    ]


def test_a_feature_that_leaves_the_query_is_removed_with_its_old_project() -> None:
    """A tag that is gone, a feature that went to another app, one that is archived."""
    tagged = replace(PLAIN, tags=("team:growth",))
    narrowing = Narrowing(tags=("team:growth",))
    assert follow([make(tagged)], [make(PLAIN)], narrowing=narrowing) == [["feature-removed"]]
    here = narrow(write([make(PLAIN)]), Narrowing(apps=("superapp",)))
    moved = lower(replace(scope(PLAIN), app="miniapp"), now=NOW)
    there = narrow(write([moved]), Narrowing(apps=("superapp",)))
    (event,) = json.loads(render_delta(here, there))["events"]
    assert event == {
        "type": "feature-removed",
        "eventId": 2,
        "featureName": "f.plain",
        "project": "superapp",
    }


def test_what_a_query_leaves_out_is_not_told() -> None:
    """A change elsewhere is no event, and equal states are none."""
    on, off = [make(PLAIN, BETA, segments=(SEGMENT,))], [make(PLAIN)]
    assert follow(on, off, on, narrowing=Narrowing(prefix="f.plain")) == [[], []]
    assert follow(on, on) == [[]]


def test_tags_change_the_state_but_nothing_that_is_sent() -> None:
    """Who asks by tags must hear; who does not, hears nothing."""
    tagged = [make(replace(PLAIN, tags=("team:growth",)))]
    assert write(tagged).digest != write([make(PLAIN)]).digest
    assert follow([make(PLAIN)], tagged) == [[]]
    assert follow([make(PLAIN)], tagged, narrowing=Narrowing(tags=("team:growth",))) == [
        ["feature-updated"]
    ]


def test_a_bundle_is_a_tag() -> None:
    """Every feature has one for its bundle, and parents come along."""
    child = Feature(key="f.child", bundle="shop", requires=("f.plain",))
    narrowed = narrow(write([make(PLAIN, BETA, child)]), Narrowing(tags=("bundle:shop",)))
    assert list(narrowed.features) == ["f.child", "f.plain"]


def test_one_change_of_many_features_is_one_event() -> None:
    """A long list that features share keeps its number, however many come and go."""
    offers = (offer("live", territory("SG")), offer("blocked-by-law", territory("AE")))
    many = [
        Feature(key=f"f{number}", bundle="commerce", offer_basis="account") for number in (1, 2)
    ]
    one, two = [make(many[0], offers=offers)], [make(*many, offers=offers)]
    assert follow(one, two, one) == [["feature-updated"], ["feature-removed"]]


def test_a_number_that_two_apps_use_is_spelled_out() -> None:
    """The second app's features say their constraints themselves."""
    other = replace(SEGMENT, constraints=(replace(SEGMENT.constraints[0], values=("z",)),))
    theirs = lower(replace(scope(replace(BETA, key="g"), segments=(other,)), app="zapp"), now=NOW)
    sent = narrow(write([make(BETA, segments=(SEGMENT,)), theirs]))
    bodies = {name: json.loads(one.body) for name, one in sent.features.items()}
    assert bodies["f.beta"]["strategies"][0]["segments"] == [12]
    assert "segments" not in bodies["g"]["strategies"][0]
    assert bodies["g"]["strategies"][0]["constraints"][0]["values"] == ["z"]
    assert list(sent.segments) == [12]


def test_what_did_not_change_is_not_written_again() -> None:
    """States share the bytes of equal features, and equal scopes whole."""
    first = write([make(PLAIN, BETA, segments=(SEGMENT,))])
    second = write([make(PLAIN)], first)
    assert second.scopes[0].features["f.plain"] is first.scopes[0].features["f.plain"]
    assert write([scope.lowered for scope in first.scopes], first).scopes == first.scopes


@pytest.mark.parametrize("order", [1, -1])
def test_digests_name_what_is_held(order: int) -> None:
    """Equal content has the same digest wherever it was lowered, other content another."""
    features = (PLAIN, BETA)[::order]
    assert write([make(*features)]).digest == write([make(PLAIN, BETA)]).digest
    assert write([make(PLAIN)]).digest != write([make(PLAIN, BETA)]).digest
