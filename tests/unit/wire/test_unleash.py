"""The payload of backend SDKs, field by field, and the reading of Unleash's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from flags.engine.definitions import (
    Constraint,
    Feature,
    Override,
    Payload,
    Segment,
    Strategy,
    Variant,
)
from flags.engine.lower import LoweredDefinitions, lower
from flags.wire.states import Narrowing, select, write_state
from flags.wire.unleash import build_feature, render_features
from flags.wire.unleash_import import UnreadablePayload, parse_features
from tests.unit.engine.scopes import NOW, offer, scope, territory
from tests.unit.engine.worlds import definitions
from tests.unit.wire.sdks import write

LONG = tuple(f"value-{number:03}" for number in range(30))
SEGMENT = Segment(
    id=12, key="beta", constraints=(Constraint(context_name="plan", operator="IN", values=LONG),)
)
STRATEGY = Strategy(
    name="flexibleRollout",
    parameters={"rollout": "25", "stickiness": "userId", "groupId": "g"},
    constraints=(Constraint(context_name="age", operator="NUM_GTE", value="18"),),
    segments=(12,),
    variants=(
        Variant(name="a", weight=500, payload=Payload(type="json", value='{"steps":2}')),
        Variant(name="b", weight=500),
    ),
)
CHECKOUT = Feature(key="checkout", description="Pay in the chat", strategies=(STRATEGY,))


def render(lowered: LoweredDefinitions, **options: Any) -> dict[str, Any]:
    """Render and read back."""
    body: dict[str, Any] = json.loads(
        render_features([lowered], environment="production", **options)
    )
    return body


def test_a_feature_is_written_as_the_reference_writes_it() -> None:
    """Every field of Unleash's client API, all parameters as texts."""
    lowered = lower(scope(CHECKOUT, segments=(SEGMENT,)), now=NOW)
    body = render(lowered, revision=7)
    plain = {"inverted": False, "caseInsensitive": False}
    variant = {"weight": 500, "weightType": "variable", "stickiness": "userId"}
    assert body["features"] == [
        {
            "name": "checkout",
            "type": "release",
            "description": "Pay in the chat",
            "enabled": True,
            "project": "superapp",
            "stale": False,
            "impressionData": False,
            "strategies": [
                {
                    "name": "flexibleRollout",
                    "parameters": {"rollout": "25", "stickiness": "userId", "groupId": "g"},
                    "constraints": [
                        {"contextName": "age", "operator": "NUM_GTE", "value": "18", **plain}
                    ],
                    "segments": [12],
                    "variants": [
                        {
                            "name": "a",
                            "payload": {"type": "json", "value": '{"steps":2}'},
                            **variant,
                        },
                        {"name": "b", **variant},
                    ],
                }
            ],
            "variants": [],
        }
    ]
    listed = {"contextName": "plan", "operator": "IN", "values": list(LONG), **plain}
    assert body["segments"] == [{"id": 12, "name": "beta", "constraints": [listed]}]
    assert (body["version"], body["meta"]) == (2, {"revisionId": 7})
    assert body["query"] == {"environment": "production", "inlineSegmentConstraints": False}


def test_old_clients_get_segments_inlined() -> None:
    """Without segments at the top, and without numbers in strategies."""
    body = render(lower(scope(CHECKOUT, segments=(SEGMENT,)), now=NOW), inline_segments=True)
    assert "segments" not in body
    (strategy,) = body["features"][0]["strategies"]
    assert "segments" not in strategy
    assert ["age", "plan"] == [one["contextName"] for one in strategy["constraints"]]


def test_a_long_list_that_strategies_share_is_sent_once() -> None:
    """Its number is none of the scope's own segments."""
    block = offer("blocked-by-law", territory("AE"))
    world = scope(offers=(offer("live", territory("SG")), block), segments=(SEGMENT,))
    body = render(lower(world, now=NOW))
    (feature,) = body["features"]
    assert len(feature["strategies"]) == 3
    numbers = {tuple(way["segments"]) for way in feature["strategies"]}
    assert len(numbers) == 1
    assert [one["id"] for one in body["segments"]] == sorted(*numbers)
    assert 12 not in next(iter(numbers))


def test_a_prefix_narrows_features_and_keeps_their_parents() -> None:
    """A dependency that is not sent would never be met."""
    world = scope(
        Feature(key="base"),
        Feature(key="shop.list", requires=("base",)),
        Feature(key="wallet"),
    )
    body = render(lower(world, now=NOW), narrowing=Narrowing(prefix="shop."))
    assert [one["name"] for one in body["features"]] == ["base", "shop.list"]


def test_one_feature_is_written_alone() -> None:
    """With its segments inlined, since nothing is beside it."""
    lowered = lower(scope(CHECKOUT, segments=(SEGMENT,)), now=NOW)
    found = build_feature([lowered], "checkout")
    assert found is not None
    assert len(found["strategies"][0]["constraints"]) == 2
    assert build_feature([lowered], "no.such") is None


def test_rendering_yields_at_every_feature() -> None:
    """A serving loop may breathe between features, however many there are."""
    lowered = lower(scope(*[replace(CHECKOUT, key=f"f{n}") for n in range(20)]), now=NOW)
    writing = write_state([lowered])
    assert sum(1 for _step in writing) >= 20
    assert sum(1 for _step in select(write([lowered]))) >= 20


def test_equal_definitions_give_equal_bytes() -> None:
    """Edge hashes bodies."""
    world = scope(CHECKOUT, segments=(SEGMENT,))
    bodies = {render_features([lower(world, now=NOW)], environment="p") for _ in range(2)}
    assert len(bodies) == 1


@given(world=definitions())
def test_every_payload_keeps_the_rules_that_no_sdk_rejects(world: Any) -> None:
    """What no SDK rejects: texts, present keys, no empty lists, known segments."""
    body = render(lower(world))
    numbers = {segment["id"] for segment in body["segments"]}
    names = [feature["name"] for feature in body["features"]]
    assert names == sorted(set(names))
    for feature in body["features"]:
        assert feature["enabled"] is bool(feature["strategies"])
        for way in feature["strategies"]:
            assert all(isinstance(text, str) and text for text in way["parameters"].values())
            assert {"groupId", "stickiness"} <= set(way["parameters"])
            assert set(way.get("segments", ())) <= numbers
            assert all(isinstance(one["weight"], int) for one in way["variants"])
            for one in way["constraints"]:
                assert (
                    one["operator"] != "NOT_IN"
                    or one["contextName"] in ("userId", "plan")
                    or (one["contextName"] == "accountCountry")
                )
                assert one.get("values") or one.get("value")


def test_an_imported_payload_becomes_definitions() -> None:
    """Legacy variants with overrides and dependencies are read too."""
    body = {
        "features": [
            {
                "name": "f",
                "enabled": True,
                "strategies": [{"name": "default"}],
                "variants": [
                    {
                        "name": "v",
                        "weight": 1,
                        "overrides": [{"contextName": "userId", "values": ["7"]}],
                    }
                ],
                "dependencies": [{"feature": "parent", "enabled": False}],
            }
        ]
    }
    (feature,) = parse_features(json.dumps(body).encode()).features
    assert feature.strategies == (Strategy(name="default"),)
    assert feature.variants[0].overrides == (Override(context_name="userId", values=("7",)),)
    assert feature.dependencies[0].enabled is False


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"features": [{}]}',
        b'{"features": [{"name": "f", "strategies": [7]}]}',
        b'{"events": [{"type": "no-such"}]}',
    ],
)
def test_a_body_that_is_no_payload_is_refused(body: bytes) -> None:
    """One kind of error, whatever is wrong."""
    with pytest.raises(UnreadablePayload):
        parse_features(body)
