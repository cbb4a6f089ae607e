"""Keep the garbage collector's pauses away from the serving loop (docs/decisions.md 1).

A full collection walks every object of the process: 60 ms in a web node, during which
nobody is answered. What is served lives long, so it is taken out of the collector's sight.
"""

from __future__ import annotations

import gc

from flags.delivery.live import Live

# Rules and the gates that ask them refer to each other, so counting references alone does
# not free a replaced scope: once in a while everything is looked at again. A swap leaves
# 1,500 objects behind on the demo, and 14,000 (2 MB) where every rule has changed.
SWAPS_PER_COLLECTION = 32


class Memory:
    """Counts the swaps of a node; what a swap left behind is collected with many others."""

    def __init__(self) -> None:
        self.swaps = 0

    def start(self) -> None:
        """Collect what the start left and keep the rest out of later collections."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def note_swap(self, _live: Live) -> None:
        """Freeze what is served now; at every 32nd swap free what is served no longer."""
        self.swaps += 1
        if self.swaps % SWAPS_PER_COLLECTION == 0:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
