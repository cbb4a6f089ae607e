"""A timer for the next token that expires, so that its streams end then and not a while after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from flags.delivery.state import State

# Long waits are taken in steps, since a clock may be set meanwhile.
STEP_SECONDS = 60.0


class ExpiryTimer:
    """Call `on_expiry` when a token of the state expires; armed anew when the tokens change."""

    def __init__(self, state: State, on_expiry: Callable[[], None]) -> None:
        self.state = state
        self.on_expiry = on_expiry
        self.waiting: asyncio.TimerHandle | None = None
        state.on_access.append(self.arm)

    def arm(self) -> None:
        """Wait for the earliest expiry that is still to come; must run on the loop."""
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None
        now = datetime.now(UTC)
        coming = [
            expires
            for known in self.state.tokens.values()
            if (expires := known.token.expires) is not None and expires > now
        ]
        if coming:
            seconds = (min(coming) - now).total_seconds()
            loop = asyncio.get_running_loop()
            self.waiting = loop.call_later(min(seconds, STEP_SECONDS), self.fire)

    def fire(self) -> None:
        """End what has expired, and wait for the next."""
        self.on_expiry()
        self.arm()
