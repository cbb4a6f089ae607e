"""PURE: Unleash's own payloads -> Definitions, with every regional gate open.

Reads what servers and the client-specification send, in full or as a series of delta
events. A feature without gates of its own is decided by its targeting alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flags.engine.definitions import (
    Constraint,
    Definitions,
    Dependency,
    Feature,
    Override,
    Payload,
    Segment,
    Strategy,
    Variant,
)


class UnreadablePayload(ValueError):
    """A body that is not a payload of Unleash's."""


def parse_features(
    body: bytes | Mapping[str, Any], *, app: str = "default", environment: str = "default"
) -> Definitions:
    """Return the definitions of a payload, or raise UnreadablePayload.

    Takes `{"features": [...], "segments": [...]}` or `{"events": [...]}`. Segments with the
    same id: the last one counts.
    """
    try:
        state = msgspec.json.decode(body) if isinstance(body, bytes) else body
        features, segments = _apply_events(state) if "events" in state else _read_state(state)
        return Definitions(
            app=app,
            environment=environment,
            features=tuple(_feature(features[name]) for name in sorted(features)),
            segments=tuple(_segment(segments[number]) for number in sorted(segments)),
        )
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadablePayload(f"not a payload of Unleash: {error!r}") from error


Named = dict[str, Any]
Numbered = dict[int, Any]


def _read_state(state: Mapping[str, Any]) -> tuple[Named, Numbered]:
    features = {feature["name"]: feature for feature in state.get("features") or ()}
    segments = {segment["id"]: segment for segment in state.get("segments") or ()}
    return features, segments


def _apply_events(state: Mapping[str, Any]) -> tuple[Named, Numbered]:
    """Apply delta events in order; each upserts or removes one thing."""
    features: Named = {}
    segments: Numbered = {}
    for event in state["events"]:
        kind = event["type"]
        if kind == "hydration":
            features, segments = _read_state(event)
        elif kind == "feature-updated":
            features[event["feature"]["name"]] = event["feature"]
        elif kind == "feature-removed":
            features.pop(event["featureName"], None)
        elif kind == "segment-updated":
            segments[event["segment"]["id"]] = event["segment"]
        elif kind == "segment-removed":
            segments.pop(event["segmentId"], None)
        else:
            raise ValueError(f"unknown event {kind!r}")
    return features, segments


def _feature(given: Mapping[str, Any]) -> Feature:
    return Feature(
        key=given["name"],
        description=given.get("description") or "",
        enabled=bool(given.get("enabled")),
        strategies=tuple(_strategy(one) for one in given.get("strategies") or ()),
        variants=tuple(_variant(one) for one in given.get("variants") or ()),
        dependencies=tuple(
            Dependency(
                feature=one["feature"],
                enabled=one.get("enabled") is not False,
                variants=tuple(one.get("variants") or ()),
            )
            for one in given.get("dependencies") or ()
        ),
    )


def _strategy(given: Mapping[str, Any]) -> Strategy:
    return Strategy(
        name=given["name"],
        parameters={
            name: str(value)
            for name, value in (given.get("parameters") or {}).items()
            if value is not None
        },
        constraints=tuple(_constraint(one) for one in given.get("constraints") or ()),
        segments=tuple(given.get("segments") or ()),
        variants=tuple(_variant(one) for one in given.get("variants") or ()),
    )


def _constraint(given: Mapping[str, Any]) -> Constraint:
    value = given.get("value")
    return Constraint(
        context_name=given["contextName"],
        operator=given["operator"],
        values=tuple(given.get("values") or ()),
        value="" if value is None else str(value),
        inverted=bool(given.get("inverted")),
        case_insensitive=bool(given.get("caseInsensitive")),
    )


def _variant(given: Mapping[str, Any]) -> Variant:
    payload = given.get("payload")
    return Variant(
        name=given["name"],
        weight=int(given["weight"]),
        payload=Payload(type=payload["type"], value=payload["value"]) if payload else None,
        stickiness=given.get("stickiness") or "",
        overrides=tuple(
            Override(context_name=one["contextName"], values=tuple(one["values"]))
            for one in given.get("overrides") or ()
        ),
    )


def _segment(given: Mapping[str, Any]) -> Segment:
    return Segment(
        id=given["id"],
        key=given.get("name") or str(given["id"]),
        constraints=tuple(_constraint(one) for one in given.get("constraints") or ()),
    )
