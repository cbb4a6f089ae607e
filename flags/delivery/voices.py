"""What streams say: one voice per kind of stream, the same object for all who hear the same.

Who listens, limits and queues are `streams`' matter; a voice only turns changes into bytes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from flags.delivery.state import Change, View
from flags.engine.evaluate import last_flip
from flags.wire.sse import KEEP_ALIVE, render_hint


class Voice(Protocol):
    """What a group of listeners hears.

    Voices are compared and hashed: listeners with equal voices, tokens of the same app and
    the same territories are told the same bytes, rendered once.
    """

    @property
    def spreads(self) -> bool:
        """Tell whether a change may be told over some seconds: those told will ask back."""

    def greet(self, view: View, change: Change, last_event_id: bytes) -> bytes:
        """Return the first bytes of a stream, from where `view` stands, which is `change`.

        `last_event_id` is what the client heard last, empty for a new one, or anything.
        """

    def tell(self, change: Change) -> bytes:
        """Return a change as an event; empty when this voice has nothing to say about it.

        The state has the new answers already.
        """

    def catch_up(self, change: Change) -> bytes:
        """Return what stands for all that a slow client did not take; `change` is the newest.

        Empty ends the stream: the client comes back and is greeted with what it needs.
        """


@dataclass(frozen=True, slots=True)
class HintVoice:
    """Says that answers may have changed, and carries none.

    `reach` holds the territories that may be named, empty for all: a token for some need
    not tell what happens elsewhere.
    """

    spreads: bool = True
    reach: frozenset[str] = frozenset()

    def greet(self, view: View, change: Change, last_event_id: bytes) -> bytes:
        """Say where things stand, unless the client knows: any other id hears it anew."""
        del view
        return KEEP_ALIVE if last_event_id == name_change(change).encode() else self.tell(change)

    def tell(self, change: Change) -> bytes:
        """Return a change as a hint."""
        return render_hint(
            event_id=name_change(change),
            revision=change.revision,
            environment=change.environment,
            app=change.app,
            territories=[
                code for code in change.territories if not self.reach or code in self.reach
            ],
            at_seconds=int(time.time()),
        )

    def catch_up(self, change: Change) -> bytes:
        """Return one hint for everybody: those before it may have been for other territories."""
        return self.tell(replace(change, territories=()))


HINTS = HintVoice()


def name_change(change: Change) -> str:
    """Return a change's id: its epoch and revision, and the last flip in Unix seconds.

    Who missed a flip has the revision already: without the flip, nobody would tell them.
    """
    name = f"{change.epoch}.{change.revision}"
    if change.flipped_at is None:
        return name
    return f"{name}.{int(change.flipped_at.timestamp())}"


def current_change(view: View, app: str, now: datetime) -> Change:
    """Return where a view stands, as the first event of a stream."""
    epoch = max((live.epoch for live in view.lives), default=0)
    flips = [at for live in view.lives if (at := last_flip(live.snapshot, now)) is not None]
    return Change(view.environment, app, epoch, view.revision, flipped_at=max(flips, default=None))
