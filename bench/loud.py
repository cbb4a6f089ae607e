"""An edge whose every change brings 1.5 MB more to each stream; for `bench.slow_streams` only."""

from __future__ import annotations

import asyncio
from functools import partial

from bench.slow_streams import EVENT_BYTES, EVENTS, PAUSE_SECONDS
from config.edge import application
from flags.delivery.listener import Event
from flags.delivery.state import Change
from flags.delivery.voices import HINTS

__all__ = ["application"]

hub = application.app.service.hub
padding = b": " + b"x" * EVENT_BYTES + b"\n\n"


def shout(change: Change) -> None:
    """Send events of 50 KB one after the other to everybody."""
    loop = asyncio.get_running_loop()
    for turn in range(EVENTS):
        event = Event(padding, partial(HINTS.catch_up, change))
        loop.call_later(turn * PAUSE_SECONDS, send, event)


def send(event: Event) -> None:
    """Send an event to everybody who listens now."""
    hub.send(event, list(hub.listeners))


hub.state.on_change.append(shout)
