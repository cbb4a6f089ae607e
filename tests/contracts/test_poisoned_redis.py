"""Keys in Redis that somebody else wrote: passed over, and healed by the next put."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from flags.publishing import deliver
from flags.publishing.redis_store import CHANNEL, RedisStore
from flags.publishing.store import DamagedPart, Head, Hint, PartKey, StoredPart
from regions import canonical
from tests.contracts.test_stores import ACCESS, BLOB, CONTENT, make_part
from tests.redis_server import RedisServer

NAME = "landfall:part:production:superapp:content"


@pytest.fixture
def store() -> Iterator[RedisStore]:
    """Give a store that holds one good part."""
    with RedisServer() as server:
        store = RedisStore(server.url)
        store.put(make_part(key=ACCESS))
        yield store


@pytest.mark.parametrize("name", ["nonsense", "a:b", "a:b:c:d", b"\xff:\xff:content"])
def test_a_name_that_is_none_hides_no_other_part(store: RedisStore, name: str) -> None:
    """Read the other parts as if the name were not there."""
    store.client.sadd("landfall:parts", name)
    assert set(store.heads()) == {ACCESS}


@pytest.mark.parametrize(
    "fields",
    [
        {"epoch": "x", "revision": "2", "digest": "d", "body": "b"},
        {"epoch": "1", "revision": "2.5e", "digest": "d", "body": "b"},
        {"epoch": "9" * 5000, "revision": "9" * 5000, "digest": "0" * 64, "body": "b"},
        {"epoch": "1", "revision": "1", "digest": b"\xff", "body": "b"},
        {"epoch": "", "revision": "", "digest": "", "body": ""},
    ],
)
def test_a_head_that_cannot_be_read_is_put_again(store: RedisStore, fields: dict[Any, Any]) -> None:
    """Take it for absent, also when a part is put in its place."""
    store.client.sadd("landfall:parts", "production:superapp:content")
    store.client.hset(NAME, mapping=fields)
    assert set(store.heads()) == {ACCESS}
    assert store.get(CONTENT) is None
    part = make_part(revision=2)
    assert store.put(part)
    assert store.get(CONTENT) == part


def test_a_key_of_another_type_is_put_again(store: RedisStore) -> None:
    """Replace what is no part at all."""
    store.client.sadd("landfall:parts", "production:superapp:content")
    store.client.set(NAME, "text")
    assert set(store.heads()) == {ACCESS}
    part = make_part()
    assert store.put(part)
    assert store.get(CONTENT) == part


@pytest.mark.parametrize("body", [b"\xff", b'{"key":"\xff"}', b"[[[", b'{"key":1}'])
def test_an_announcement_that_is_none_ends_no_listener(store: RedisStore, body: bytes) -> None:
    """Hear the next one all the same."""
    heard: SimpleQueue[Hint] = SimpleQueue()
    connected, stop = threading.Event(), threading.Event()
    thread = store.listen(heard.put, stop, on_connected=connected.set)
    assert connected.wait(5)
    store.client.publish(CHANNEL, body)
    part = make_part()
    store.put_and_announce(part)
    assert heard.get(timeout=5) == Hint(key=part.key, head=part.head)
    stop.set()
    thread.join(5)


def test_a_damaged_text_is_put_again(store: RedisStore) -> None:
    """Write the right bytes over the wrong ones: their name says which are right."""
    sha256 = canonical.digest(BLOB)
    store.client.set(f"landfall:blob:{sha256}", b"damaged")
    store.put_blob(sha256, BLOB)
    assert store.get_blob(sha256) == BLOB


@pytest.mark.parametrize(
    "fields",
    [
        {"epoch": "1", "revision": "999", "digest": "0" * 64, "body": "poison"},
        {"epoch": "1", "revision": "7", "digest": "0" * 64, "body": "poison"},
    ],
)
def test_the_sweep_replaces_what_does_not_match_its_digest(
    store: RedisStore,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[Any, Any],
) -> None:
    """Let no damaged part stand in the way of every later one, however new it says it is."""
    saved = make_part(revision=7)
    _pretend_saved(monkeypatch, store, saved)
    store.put_blob(canonical.digest(BLOB), BLOB)
    store.put(saved)
    store.client.hset(NAME, mapping=fields)
    assert deliver.put_lacking() == 1
    assert store.get(CONTENT) == saved


def test_the_sweep_leaves_what_is_newer_and_whole(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never take revisions back, though the database seems to have been restored."""
    newer = make_part(revision=9, text="newer")
    store.put(newer)
    _pretend_saved(monkeypatch, store, make_part(revision=7))
    assert deliver.put_lacking() == 0
    assert store.get(CONTENT) == newer


def test_a_damaged_row_keeps_no_other_part_from_redis(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pass over a part that the database holds damaged."""
    good, damaged = make_part(key=ACCESS, revision=2), make_part()
    _pretend_saved(monkeypatch, store, good)

    def find(key: PartKey) -> StoredPart:
        if key == good.key:
            return good
        raise DamagedPart(str(key), "a", "b")

    monkeypatch.setattr(deliver, "find_part", find)
    heads = {PartKey("a", "a", "content"): damaged.head, good.key: good.head}
    monkeypatch.setattr(deliver, "load_heads", lambda: heads)
    deliver.put_lacking()
    assert store.get(ACCESS) == good


def _pretend_saved(monkeypatch: pytest.MonkeyPatch, store: RedisStore, part: StoredPart) -> None:
    """Have the database hold this part alone."""
    heads: dict[PartKey, Head] = {part.key: part.head}
    monkeypatch.setattr(deliver, "live_store", lambda: store)
    monkeypatch.setattr(deliver, "load_heads", lambda: heads)
    monkeypatch.setattr(deliver, "find_part", {part.key: part}.get)
    monkeypatch.setattr(deliver, "find_blob", {canonical.digest(BLOB): BLOB}.get)
