"""An SDK's memory of definitions, written anew from the protocol, to check what is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flags.delivery.live import run
from flags.engine.lower import LoweredDefinitions
from flags.wire.deltas import hydrate, list_events, render_events
from flags.wire.states import EVERYTHING, Narrowing, Selection, WrittenState, select, write_state


def write(
    lowered: Sequence[LoweredDefinitions], previous: WrittenState | None = None
) -> WrittenState:
    """Write a state in one go."""
    return run(write_state(lowered, previous))


def narrow(state: WrittenState, narrowing: Narrowing = EVERYTHING) -> Selection:
    """Narrow a state in one go."""
    return run(select(state, narrowing))


def render_hydration(selection: Selection, event_id: int = 1) -> bytes:
    """Return the bytes that a new client gets."""
    return render_events(hydrate(selection, event_id=event_id))


def render_delta(old: Selection, new: Selection, event_id: int = 2) -> bytes:
    """Return the bytes that a client of the old selection gets."""
    return render_events(list_events(old, new, event_id=event_id))


@dataclass
class Memory:
    """What an SDK has after some messages; every step is checked as a strict SDK would."""

    features: dict[str, Any] = field(default_factory=dict)
    segments: dict[int, Any] = field(default_factory=dict)
    event_id: int = 0

    def take(self, body: bytes) -> list[str]:
        """Apply a message event by event; return their types."""
        assert b"\n" not in body
        events = json.loads(body)["events"]
        for event in events:
            self.apply(event)
        return [event["type"] for event in events]

    def apply(self, event: dict[str, Any]) -> None:
        """Apply one event; what a feature uses stands before it."""
        kind = event["type"]
        assert 0 <= self.event_id <= event["eventId"] < 2**32
        self.event_id = event["eventId"]
        if kind == "hydration":
            self.features = {one["name"]: one for one in event["features"]}
            self.segments = {one["id"]: one for one in event["segments"]}
        elif kind == "feature-updated":
            assert self.features.get(event["feature"]["name"]) != event["feature"]
            parents = {one["feature"] for one in event["feature"].get("dependencies", ())}
            assert parents <= set(self.features), event
            self.features[event["feature"]["name"]] = event["feature"]
        elif kind == "feature-removed":
            gone = self.features.pop(event["featureName"])
            assert gone["project"] == event["project"]
        elif kind == "segment-updated":
            assert self.segments.get(event["segment"]["id"]) != event["segment"]
            self.segments[event["segment"]["id"]] = event["segment"]
        elif kind == "segment-removed":
            del self.segments[event["segmentId"]]
        else:
            raise AssertionError(f"{kind} would break SDKs")
        assert self.used() <= set(self.segments), event

    def used(self) -> set[int]:
        """Return the numbers of the segments that features use."""
        return {
            number
            for feature in self.features.values()
            for way in feature["strategies"]
            for number in way.get("segments", ())
        }
