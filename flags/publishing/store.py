"""Where published parts are kept between the publisher and the nodes.

One protocol, several rooms: Redis and memory here, the database in
`flags.queries.snapshots`, a directory of last known good parts. No Django here, since
an edge imports it.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class PartKey(Struct, frozen=True, order=True):
    """Which part of which scope; `app` is `*` for the part `access`."""

    environment: str
    app: str
    part: str


class Head(Struct, frozen=True, order=True):
    """How new a part is; compared as (epoch, revision)."""

    epoch: int
    revision: int
    digest: str


class StoredPart(Struct, frozen=True):
    """A published part with its bytes; `digest` is the SHA-256 of `body`."""

    key: PartKey
    head: Head
    body: bytes


class Source(Protocol):
    """Something that published parts can be read from; raises OSError when it cannot."""

    name: str

    def heads(self) -> dict[PartKey, Head]:
        """Return how new each part is, without any body."""
        ...

    def get(self, key: PartKey) -> StoredPart | None:
        """Return the newest part, or None when there is none."""
        ...

    def get_blob(self, sha256: str) -> bytes | None:
        """Return an immutable text bundle, or None when it is unknown."""
        ...


class SnapshotStore(Source, Protocol):
    """A source that parts can also be put into."""

    def put(self, part: StoredPart) -> bool:
        """Keep the part unless one at least as new is there; tell whether it was kept."""
        ...

    def put_blob(self, sha256: str, body: bytes) -> None:
        """Keep an immutable text bundle; the same hash always has the same bytes."""
        ...


class Hint(Struct, frozen=True):
    """What is announced: a part is new; `territories` empty means everybody is concerned."""

    key: PartKey
    head: Head
    territories: tuple[str, ...] = ()
