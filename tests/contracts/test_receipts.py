"""Nodes say what they serve, and are believed for five seconds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from flags.publishing.nodes import list_receipts, make_receipt, write_receipt
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import Head, PartKey
from tests.redis_server import RedisServer

CONTENT = PartKey(environment="production", app="superapp", part="content")
STAGING = PartKey(environment="staging", app="superapp", part="content")
HEADS = {
    CONTENT: Head(epoch=1, revision=7, digest=""),
    STAGING: Head(epoch=1, revision=2, digest=""),
}


@pytest.fixture
def store() -> Iterator[RedisStore]:
    """Give an empty Redis."""
    with RedisServer() as server:
        yield RedisStore(server.url)


def test_receipt_comes_back(store: RedisStore) -> None:
    """Every node's receipt is listed for its environment, by name."""
    for node in ("web-2", "web-1"):
        write_receipt(store, make_receipt(node, "production", HEADS))
    found = list_receipts(store, "production")
    assert [receipt.node for receipt in found] == ["web-1", "web-2"]
    assert found[0].parts == {"superapp/content": (1, 7)}
    assert list_receipts(store, "staging") == []


@pytest.mark.parametrize(
    ("epoch", "revision", "expected"), [(1, 7, True), (1, 6, True), (1, 8, False), (2, 1, False)]
)
def test_receipt_tells_whether_a_revision_is_live(
    *, epoch: int, revision: int, expected: bool
) -> None:
    """A node has a revision when it serves that or a newer one."""
    receipt = make_receipt("web-1", "production", HEADS)
    assert receipt.has(CONTENT, epoch=epoch, revision=revision) is expected
    assert not receipt.has(
        PartKey(environment="production", app="other", part="content"), epoch=1, revision=1
    )


@pytest.mark.parametrize("text", ["", "x", '{now} {"node": 7}', b"{now} \xff", "{now} [[["])
def test_a_receipt_that_cannot_be_read_hides_no_other(store: RedisStore, text: str | bytes) -> None:
    """Pass over what a node of another version wrote."""
    write_receipt(store, make_receipt("web-1", "production", HEADS))
    body = text.encode() if isinstance(text, str) else text
    now = str(store.client.time()[0]).encode()
    store.client.hset("landfall:nodes:production", "web-2", body.replace(b"{now}", now))
    assert [entry.node for entry in list_receipts(store, "production")] == ["web-1"]


def test_silent_node_is_not_listed(store: RedisStore) -> None:
    """A receipt older than five seconds is stale, and forgotten after an hour."""
    write_receipt(store, make_receipt("web-1", "production", HEADS))
    write_receipt(store, make_receipt("web-2", "production", HEADS))
    name = "landfall:nodes:production"
    receipt = msgspec.json.encode(make_receipt("web-1", "production", HEADS)).decode()
    now = int(store.client.time()[0])
    store.client.hset(name, "web-1", f"{now - 7} {receipt}")
    store.client.hset(name, "web-3", f"{now - 4000} {receipt}")
    assert [entry.node for entry in list_receipts(store, "production")] == ["web-2"]
    assert sorted(store.client.hkeys(name)) == [b"web-1", b"web-2"]
