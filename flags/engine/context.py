"""PURE: who asks, where, when.

Reading a context from a protocol is that protocol's matter; the words are the same in
all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

Dice = Callable[[int], int]
# Fields that hold many texts: a list, or one text with commas.
LIST_FIELDS = ("participantCountries", "consents", "clusters")


class Context(Struct, frozen=True, gc=False):
    """One question.

    `properties` holds every field but the six of Unleash, as texts; `lists` holds
    those of `LIST_FIELDS` as tuples. Empty texts are absent.
    `unreadable` names fields that were given but could not be read. `now` is aware.
    `as_of` tells that `now` was asked for and is not the clock, so that kill switches
    look at their dates. `dice(n)` gives a whole number from 1 to n; it is thrown only
    where Unleash's semantics ask for chance. Nodes remember thousands of contexts: the
    garbage collector need not walk them, for nothing in one refers back to it.
    """

    now: datetime
    dice: Dice
    user_id: str | None = None
    session_id: str | None = None
    remote_address: str | None = None
    app_name: str | None = None
    environment: str | None = None
    properties: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    unreadable: frozenset[str] = frozenset()
    as_of: bool = False
