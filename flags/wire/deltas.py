"""PURE: what changed between two selections, as the events of Unleash's delta and streaming.

The law that the tests hold: what a client has, with the events applied, is what a client that
comes new is sent. Within a message nothing names a segment that is not there: segments come
first and leave last, and parents come before the features that depend on them.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from flags.wire.states import Selection
from regions import canonical

Event = dict[str, Any]


def list_events(old: Selection, new: Selection, *, event_id: int) -> list[Event]:
    """List the events that lead from one selection to another, empty when they are equal.

    All carry the number of the new state, which SDKs read as 32 bits. What left the selection
    is removed under its old project.
    """
    changed = [name for name, sent in new.features.items() if _body_of(old, name) != sent.body]
    changed.sort(key=lambda name: (new.features[name].depends, name))
    events: list[Event] = [
        {"type": "segment-updated", "eventId": event_id, "segment": Raw(body)}
        for number, body in new.segments.items()
        if old.segments.get(number) != body
    ]
    events += [
        {"type": "feature-updated", "eventId": event_id, "feature": Raw(new.features[name].body)}
        for name in changed
    ]
    events += [
        {
            "type": "feature-removed",
            "eventId": event_id,
            "featureName": name,
            "project": sent.app,
        }
        for name, sent in old.features.items()
        if name not in new.features
    ]
    events += [
        {"type": "segment-removed", "eventId": event_id, "segmentId": number}
        for number in old.segments
        if number not in new.segments
    ]
    return events


def _body_of(selection: Selection, name: str) -> bytes:
    sent = selection.features.get(name)
    return sent.body if sent is not None else b""


def hydrate(selection: Selection, *, event_id: int) -> list[Event]:
    """Return the one event that replaces all that a client has."""
    return [
        {
            "type": "hydration",
            "eventId": event_id,
            "features": [Raw(sent.body) for sent in selection.features.values()],
            "segments": [Raw(body) for body in selection.segments.values()],
        }
    ]


def render_events(events: list[Event]) -> bytes:
    """Return the body of `GET /api/client/delta`, one line."""
    return canonical.encode({"events": events})
