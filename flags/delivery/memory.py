"""Keep the garbage collector's pauses away from the serving loop (docs/decisions.md 1).

A full collection walks every object of the process: 60 ms in a web node, during which
nobody is answered. What is served lives long, so it is taken out of the collector's sight.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping

from flags.delivery.live import Live
from flags.engine.compiled import CompiledFeature

# Rules and the gates that ask them refer to each other, so counting references alone does
# not free a replaced scope: once in a while everything is looked at again. A swap leaves 325
# objects (46 kB) for each feature that it replaced: this is 30 MB.
FEATURES_PER_COLLECTION = 640
# What a swap leaves besides, counted as so many features.
FEATURES_PER_SWAP = 5
# Whom the swap concerns is told first, and asks again before everything stops.
COLLECT_AFTER_SECONDS = 0.3


class Memory:
    """Weighs what swaps leave behind; it is collected when it has become much."""

    def __init__(self) -> None:
        self.left = 0
        self.served: dict[tuple[str, str], Mapping[str, CompiledFeature]] = {}
        self.timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Collect what the start left and keep the rest out of later collections."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def note_swap(self, live: Live) -> None:
        """Freeze what is served now; soon free what is served no longer, if it is much."""
        scope = (live.environment, live.app)
        before, now = self.served.get(scope, {}), live.snapshot.features
        self.served[scope] = now
        self.left += FEATURES_PER_SWAP
        self.left += sum(now.get(key) is not feature for key, feature in before.items())
        gc.freeze()
        if self.left >= FEATURES_PER_COLLECTION and self.timer is None:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(COLLECT_AFTER_SECONDS, self.collect)

    def collect(self) -> None:
        """Free what swaps have left."""
        self.left, self.timer = 0, None
        self.start()
