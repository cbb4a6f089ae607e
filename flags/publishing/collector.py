"""Keep the garbage collector out of a publish.

A full collection walks every object of the process, Django's and the compiled snapshots', while
somebody waits for a change to arrive. It is done between two publishes instead.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

# What a publish replaced refers to itself in circles; it is looked for once in a while.
PUBLISHES_PER_COLLECTION = 32

_publishes = count(1)


@contextmanager
def without_collector() -> Iterator[None]:
    """Collect nothing in this process while the block runs."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle_memory() -> None:
    """Collect now, and keep what is left out of later collections."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def tidy_up() -> None:
    """Collect what a publish left, at every 32nd also what was kept before."""
    if next(_publishes) % PUBLISHES_PER_COLLECTION == 0:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
