"""PURE: what a snapshot remembers of people, bounded in bytes.

All tables of a snapshot spend from one purse. When it is empty, every table turns: what was
asked for since the last turn becomes old, and what was old already is forgotten. So what is
asked for often stays, and no more than twice the purse is ever held.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# Of one snapshot, until its tables turn; in all, twice as much is held. So much for each
# feature in each territory (twice what people of all of them were measured to take), within
# these limits.
PURSE_BYTES = 64 * 2**20
PURSE_MOST_BYTES = 256 * 2**20
PURSE_ANSWER_BYTES = 3_000
# Estimates, each a little above what CPython 3.11 takes.
SLOT_BYTES = 100
PLAN_BYTES = 300
OPEN_BYTES = 800
OUTCOME_BYTES = 600
FRAGMENT_BYTES = 300
POINTER_BYTES = 8


class Purse:
    """Counts estimated bytes; the tables that spend them turn when all are spent."""

    __slots__ = ("_forget", "limit_bytes", "spent_bytes", "tables", "turns")

    def __init__(self, limit_bytes: int, forget: Callable[[], None] = lambda: None) -> None:
        """Start with nothing spent; `forget` is called at each turn."""
        self.limit_bytes = limit_bytes
        self.spent_bytes = 0
        self.turns = 0
        self.tables: list[Table[Any, Any]] = []
        self._forget = forget

    def adopt(self, table: Table[Any, Any]) -> None:
        """Have a table spend from this purse, with what it holds already."""
        table.purse = self
        self.tables.append(table)
        self.spent_bytes += table.young_bytes

    def spend(self, size_bytes: int) -> None:
        """Count bytes; turn when the limit is passed."""
        self.spent_bytes += size_bytes
        if self.spent_bytes > self.limit_bytes:
            self.turns += 1
            self.spent_bytes = 0
            for table in self.tables:
                table.turn()
            self._forget()


class Table(Generic[K, V]):
    """A memory in two generations: what was not asked for in a while is forgotten."""

    __slots__ = ("_each_bytes", "old", "purse", "young", "young_bytes")

    def __init__(self) -> None:
        """Start empty, with a purse of its own until a snapshot adopts it."""
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}
        self.young_bytes = 0
        self._each_bytes = 0
        self.purse = Purse(PURSE_BYTES)

    def get(self, key: K) -> V | None:
        """Return what is remembered, moving it to the young generation."""
        value = self.young.get(key)
        if value is None and (value := self.old.get(key)) is not None:
            self.put(key, value, self._each_bytes)
        return value

    def put(self, key: K, value: V, size_bytes: int) -> None:
        """Remember a value and spend what it weighs."""
        self.young[key] = value
        self.spend(size_bytes)

    def spend(self, size_bytes: int) -> None:
        """Spend more on something that is remembered already."""
        self.young_bytes += size_bytes
        self.purse.spend(size_bytes)

    def turn(self) -> None:
        """Forget the old; the young are old from now on, and weigh their average."""
        self._each_bytes = self.young_bytes // max(len(self.young), 1)
        self.old = self.young
        self.young = {}
        self.young_bytes = 0

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self.young) + len(self.old)


def weigh(value: Any) -> int:
    """Return the bytes of a text, a number, or a tuple of them, with a slot in a table."""
    return SLOT_BYTES + _weigh(value)


def _weigh(value: Any) -> int:
    size = sys.getsizeof(value)
    return size + sum(map(_weigh, value)) if isinstance(value, tuple | frozenset) else size
