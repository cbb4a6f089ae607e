"""Cold work: what one token may ask of a node before others have their turn.

The first person of a class costs a hundred times what the next one does, and the first
server of a query has its definitions rendered. A token that asks for ever new ones would take
the loop for itself, so its questions wait a little once it has had its share, and those of
other tokens come in between. What an answer took is put on its token's account only where
something had to be made for it: a large answer to a known class costs nobody their turn.
Nobody waits whose answer is kept, and nobody at all where a node has one token to serve.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sized
from http import HTTPStatus

from flags.delivery.http import Refusal
from flags.delivery.state import Known, View

# What a whole nation takes after a start (docs/engine.md: some thousand classes), then half of
# the time. The wait is short and the crowd large, so that no app's own people are refused.
BURST_SECONDS = 5.0
SHARE = 0.5
WAIT_MOST_SECONDS = 0.25
WAITING_MOST = 4_000


class Turns:
    """What tokens owe for cold work; `found` are the tokens that were shown of late."""

    def __init__(self, found: Sized) -> None:
        """Start with no debts."""
        self.found = found
        self.owed: dict[str, tuple[float, float]] = {}
        self.waiting = 0

    def charge(self, known: Known, seconds: float, now: float) -> None:
        """Put what a cold answer took on its token's account."""
        digest = known.token.digest
        self.owed[digest] = (self.read_debt(digest, now) + seconds, now)

    def read_debt(self, digest: str, now: float) -> float:
        """Return what a token owes, in seconds; a share of the time pays for it."""
        debt, since = self.owed.get(digest, (0.0, now))
        return max(debt - SHARE * (now - since), 0.0)

    def find_wait(self, known: Known, now: float) -> float:
        """Return how long a question of a token has to wait, in seconds; mostly 0."""
        digest = known.token.digest
        if digest not in self.owed:
            return 0.0
        debt = self.read_debt(digest, now)
        if not debt:
            del self.owed[digest]
        if debt <= BURST_SECONDS or len(self.found) < 2:  # noqa: PLR2004 - others than this one
            return 0.0
        return min((debt - BURST_SECONDS) / SHARE, WAIT_MOST_SECONDS)

    async def take(self, known: Known) -> None:
        """Wait for a token's turn; refuse where too many wait already."""
        seconds = self.find_wait(known, time.monotonic())
        if not seconds:
            return
        if self.waiting >= WAITING_MOST:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "This token asks as more kinds of people than its share of this node allows.",
                retry_after_seconds=2,
            )
        self.waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self.waiting -= 1


def count_made(view: View | None) -> int:
    """Count the classes and bodies that were made for a view; an answer that adds one is cold."""
    if view is None:
        return 0
    made = len(view.bodies)
    for live in view.lives:
        made += live.snapshot.made
    return made
