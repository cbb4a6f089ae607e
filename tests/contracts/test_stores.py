"""What every store of published parts promises, whatever it is made of."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from flags.publishing.directory_store import DirectoryStore
from flags.publishing.memory_store import MemoryStore
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import DamagedPart, Head, PartKey, SnapshotStore, StoredPart
from regions import canonical
from tests.redis_server import RedisServer

CONTENT = PartKey(environment="production", app="superapp", part="content")
ACCESS = PartKey(environment="production", app="*", part="access")
BLOB = b'{"wallet.title":"Wallet"}'


def make_part(
    *, key: PartKey = CONTENT, epoch: int = 1, revision: int = 1, text: str = "a"
) -> StoredPart:
    """Build a content part that names one text bundle."""
    hashes = {"wallet": canonical.digest(BLOB)}
    body = canonical.encode({"note": text, "texts": {"locales": {"en": {"bundles": hashes}}}})
    head = Head(epoch=epoch, revision=revision, digest=canonical.digest(body))
    return StoredPart(key=key, head=head, body=body)


def find_free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_memory(_tmp_path: Path) -> Iterator[SnapshotStore]:
    """Give a store in memory."""
    yield MemoryStore()


def make_directory(tmp_path: Path) -> Iterator[SnapshotStore]:
    """Give a store in a directory that does not exist yet."""
    yield DirectoryStore(tmp_path / "last-known-good")


def make_redis_on_socket(_tmp_path: Path) -> Iterator[SnapshotStore]:
    """Give a store in a Redis on a unix socket."""
    with RedisServer() as server:
        yield RedisStore(server.url)


def make_redis_on_tcp(_tmp_path: Path) -> Iterator[SnapshotStore]:
    """Give a store in a Redis on a port."""
    with RedisServer(port=find_free_port()) as server:
        yield RedisStore(server.url)


MAKERS = [make_memory, make_directory, make_redis_on_socket, make_redis_on_tcp]


@pytest.fixture(params=MAKERS, ids=[maker.__name__.removeprefix("make_") for maker in MAKERS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SnapshotStore]:
    """Give one store of each kind, empty."""
    maker = cast("Callable[[Path], Iterator[SnapshotStore]]", request.param)
    yield from maker(tmp_path)


def test_nothing_is_found_in_an_empty_store(store: SnapshotStore) -> None:
    """An empty store has no heads, no part and no bundle, and that is no error."""
    assert store.heads() == {}
    assert store.get(CONTENT) is None
    assert store.get_blob(canonical.digest(BLOB)) is None


def test_a_part_comes_back_as_it_was_put(store: SnapshotStore) -> None:
    """Key, head and bytes survive the way in and out."""
    part = make_part()
    assert store.put(part) is True
    assert store.get(CONTENT) == part


def test_heads_tell_every_part_without_bodies(store: SnapshotStore) -> None:
    """Heads name each part and how new it is."""
    content, access = make_part(), make_part(key=ACCESS, revision=2)
    store.put(content)
    store.put(access)
    assert store.heads() == {CONTENT: content.head, ACCESS: access.head}


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ((1, 1), (1, 2), True),
        ((1, 9), (1, 10), True),
        ((1, 9), (2, 1), True),
        ((1, 2), (1, 2), False),
        ((1, 2), (1, 1), False),
        ((2, 1), (1, 9), False),
        ((1, 2**40), (1, 2**40 + 1), True),
    ],
)
def test_only_a_newer_part_replaces_another(
    store: SnapshotStore, *, first: tuple[int, int], second: tuple[int, int], kept: bool
) -> None:
    """The order is epoch, then revision; an equal or older part is refused whatever it holds."""
    old = make_part(epoch=first[0], revision=first[1], text="old")
    new = make_part(epoch=second[0], revision=second[1], text="new")
    store.put(old)
    assert store.put(new) is kept
    assert store.get(CONTENT) == (new if kept else old)


def test_a_part_with_a_wrong_digest_is_refused(store: SnapshotStore) -> None:
    """Bytes that are not what their head says are not kept."""
    part = make_part()
    damaged = StoredPart(key=part.key, head=part.head, body=part.body + b" ")
    with pytest.raises(DamagedPart, match="production/superapp/content"):
        store.put(damaged)
    assert store.heads() == {}


def test_a_text_bundle_comes_back_while_a_part_names_it(store: SnapshotStore) -> None:
    """A bundle that was stored before the part that names it is found afterwards."""
    sha256 = canonical.digest(BLOB)
    store.put_blob(sha256, BLOB)
    store.put(make_part())
    assert store.get_blob(sha256) == BLOB


def test_a_text_bundle_is_immutable(store: SnapshotStore) -> None:
    """Other bytes are refused under a hash; the same bytes may be put again."""
    sha256 = canonical.digest(BLOB)
    store.put_blob(sha256, BLOB)
    store.put_blob(sha256, BLOB)
    with pytest.raises(DamagedPart, match="text bundle"):
        store.put_blob(sha256, b"{}")
    assert store.get_blob(sha256) == BLOB
