"""PURE: the bytes of server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

encode = msgspec.json.Encoder().encode

KEEP_ALIVE = b": keep-alive\n\n"
BYE = b"event: bye\ndata: {}\n\n"


def render_retry(milliseconds: int) -> bytes:
    """Tell EventSource how long to wait before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def render_event(name: bytes, event_id: bytes, data: bytes) -> bytes:
    """Return an event; `data` is one line."""
    return b"id: " + event_id + b"\nevent: " + name + b"\ndata: " + data + b"\n\n"


def render_hint(
    *,
    event_id: str,
    revision: int,
    environment: str,
    app: str,
    territories: Sequence[str] = (),
    at_seconds: int,
) -> bytes:
    """Return the hint that answers may have changed; no territories concern everybody.

    `type`, `etag` and `lastModified` (Unix seconds) are what OFREP's event stream asks
    for, so that one stream serves both; event names other than `message` are ignored
    there.
    """
    data = {
        "type": "refetchEvaluation",
        "revision": revision,
        "environment": environment,
        "app": app,
        "territories": territories,
        "etag": event_id,
        "lastModified": at_seconds,
    }
    return b"id: " + event_id.encode() + b"\nevent: message\ndata: " + encode(data) + b"\n\n"
