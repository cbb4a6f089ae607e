"""The last states of what a kind of token may see, so that changes can be told as changes.

Nothing here knows HTTP. A state is known by the digest of what it holds: nodes that learnt of
it in other revisions, or came back to it, agree.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from flags.delivery.live import Steps
from flags.engine.lower import LoweredDefinitions
from flags.wire.deltas import hydrate, list_events, render_events
from flags.wire.states import Narrowing, Selection, WrittenState, select, write_state

# As many as Unleash keeps. Whoever missed more is sent everything.
KEPT_STATES = 20
KEPT_SELECTIONS = 128
KEPT_DELTAS = 64
KEPT_HYDRATIONS = 8

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(eq=False, slots=True)
class History:
    """States of one view after another, by digest, the newest last; bounded in every way."""

    states: dict[str, WrittenState] = field(default_factory=dict)
    selections: dict[tuple[str, Narrowing], Selection] = field(default_factory=dict)
    hydrations: dict[Hashable, bytes] = field(default_factory=dict)
    deltas: dict[Hashable, bytes] = field(default_factory=dict)

    def note(self, lowered: Sequence[LoweredDefinitions]) -> Steps[WrittenState]:
        """Write a state and remember it as the newest, unless it is known."""
        newest = None
        for state in reversed(self.states.values()):
            if state.is_of(lowered):
                return state
            newest = newest or state
        state = yield from write_state(lowered, newest)
        self.states.pop(state.digest, None)
        self.states[state.digest] = state
        while len(self.states) > KEPT_STATES:
            oldest = next(iter(self.states))
            del self.states[oldest]
            for key in [key for key in self.selections if key[0] == oldest]:
                del self.selections[key]
        return state

    def select(self, state: WrittenState, narrowing: Narrowing) -> Steps[Selection]:
        """Narrow a state, once."""
        key = (state.digest, narrowing)
        found = self.selections.get(key)
        if found is None:
            found = yield from select(state, narrowing)
            keep(self.selections, key, found, KEPT_SELECTIONS)
        return found

    def hydrate(self, state: WrittenState, narrowing: Narrowing, revision: int) -> Steps[bytes]:
        """Return everything as one event, rendered once."""
        key = (state.digest, narrowing, revision)
        body = self.hydrations.get(key)
        if body is None:
            selection = yield from self.select(state, narrowing)
            body = render_events(hydrate(selection, event_id=revision))
            keep(self.hydrations, key, body, KEPT_HYDRATIONS)
        return body

    def tell(
        self, since: str, state: WrittenState, narrowing: Narrowing, revision: int
    ) -> Steps[bytes | None]:
        """Return the events since a state, rendered once; None when that state is not known.

        Empty bytes when the query gets the same of both.
        """
        if since == state.digest:
            return b""
        known = self.states.get(since)
        if known is None:
            return None
        key = (since, state.digest, narrowing, revision)
        body = self.deltas.get(key)
        if body is None:
            old = yield from self.select(known, narrowing)
            new = yield from self.select(state, narrowing)
            events = list_events(old, new, event_id=revision)
            yield
            body = render_events(events) if events else b""
            keep(self.deltas, key, body, KEPT_DELTAS)
        return body


def keep(table: dict[Key, Value], key: Key, value: Value, bound: int) -> None:
    """Keep a value as the newest; what is beyond the bound goes, the oldest first."""
    table[key] = value
    while len(table) > bound:
        del table[next(iter(table))]
