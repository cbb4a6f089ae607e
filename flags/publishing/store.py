"""Where published parts are kept between the publisher and the nodes.

One protocol, several rooms: Redis and memory here, the database in
`flags.queries.snapshots`, a directory of last known good parts. No Django here, since
an edge imports it.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from regions import canonical


class StoreUnavailable(OSError):
    """A store or source cannot be reached now; the parts that a caller has stay good."""


class DamagedPart(OSError):
    """Bytes do not have the digest that they are known by; they are never served."""

    def __init__(self, what: str, expected: str, seen: str) -> None:
        super().__init__(f"{what} should have the SHA-256 {expected}, but has {seen}.")


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

    def is_newer_than(self, other: Head | None) -> bool:
        """Compare by epoch, then revision; anything is newer than nothing."""
        return other is None or (self.epoch, self.revision) > (other.epoch, other.revision)


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


class Keepsake(SnapshotStore, Protocol):
    """A store that outlives its process, and knows how old what it keeps is."""

    def note_heard(self) -> None:
        """Note that a source confirmed just now what is kept."""
        ...

    def age_seconds(self) -> float:
        """Return how long ago a source confirmed what is kept, at most."""
        ...


class Hint(Struct, frozen=True):
    """What is announced: a part is new; `territories` empty means everybody is concerned."""

    key: PartKey
    head: Head
    territories: tuple[str, ...] = ()


def check_part(part: StoredPart) -> StoredPart:
    """Return the part itself, or raise DamagedPart when its body is not what it says."""
    seen = canonical.digest(part.body)
    if seen != part.head.digest:
        key = part.key
        raise DamagedPart(f"{key.environment}/{key.app}/{key.part}", part.head.digest, seen)
    return part


def check_blob(sha256: str, body: bytes) -> bytes:
    """Return the bundle itself, or raise DamagedPart when its hash is another."""
    seen = canonical.digest(body)
    if seen != sha256:
        raise DamagedPart("A text bundle", sha256, seen)
    return body
