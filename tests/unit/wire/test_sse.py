"""Server-sent events byte by byte."""

from __future__ import annotations

import json

from flags.wire.sse import KEEP_ALIVE, render_hint, render_retry


def test_a_hint_is_one_message_that_ofrep_understands() -> None:
    """Serve our clients and OFREP's from one event."""
    event = render_hint(
        event_id="1.47",
        revision=47,
        environment="production",
        app="superapp",
        territories=("MY", "SG"),
        at_seconds=1795177467,
    )
    head, kind, data = event.decode().removesuffix("\n\n").split("\n")
    assert (head, kind) == ("id: 1.47", "event: message")
    expected = {
        "type": "refetchEvaluation",
        "revision": 47,
        "environment": "production",
        "app": "superapp",
        "territories": ["MY", "SG"],
        "etag": "1.47",
        "lastModified": 1795177467,
    }
    assert expected == json.loads(data.removeprefix("data: "))


def test_comments_and_pauses_are_whole_events() -> None:
    """End each write with an empty line, so that nothing is left half said."""
    assert KEEP_ALIVE.startswith(b":")
    assert KEEP_ALIVE.endswith(b"\n\n")
    assert render_retry(1500) == b"retry: 1500\n\n"
