"""How far a change came that no client has seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pytest_django import Settings

from flags.models import PublishRefusal, Snapshot
from flags.operations.probes import prepare_canary
from flags.probing.diagnosis import ask_address, diagnose
from flags.publishing.nodes import make_receipt, write_receipt
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import Head, PartKey
from regions.governance.models import Environment
from regions.governance.policy import CANARY
from regions.models import App
from tests.product import free_port
from tests.redis_server import RedisServer
from tests.unit.world import NOW, Do


@contextmanager
def answering(status: int, headers: dict[str, str]) -> Iterator[str]:
    """Run a server that answers always the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"X-Landfall-Revision": "7"}, "answers with revision 7."),
        (200, {}, "answers, but not as Landfall does; is it the right address?"),
        (401, {}, "answers with status 401."),
        (302, {"Location": "http://elsewhere.invalid/"}, "answers with status 302."),
    ],
)
def test_an_address_is_asked_as_a_client_would(
    status: int, headers: dict[str, str], expected: str
) -> None:
    """Say what the address answers."""
    with answering(status, headers) as url:
        assert f"{url} {expected}" == ask_address(url, token="secret")


def test_an_address_where_nobody_listens_is_told() -> None:
    """Say why it cannot be reached, and nothing of the token."""
    url = f"http://127.0.0.1:{free_port()}"
    told = ask_address(url, token="secret")
    assert told.startswith(f"{url} cannot be reached: ")
    assert "Connection refused" in told
    assert "secret" not in told


@pytest.fixture
def canary(world: Do, settings: Settings) -> Iterator[RedisStore]:
    """Have a canary that waits to be published, and an empty Redis."""
    prepare_canary("production", now=NOW)
    with RedisServer() as server:
        settings.REDIS_URL = server.url
        yield RedisStore(server.url)


def look() -> str:
    """Diagnose the newest change, at an address where nobody listens."""
    number = Environment.objects.get(key="production").change_seq
    told = diagnose(
        "production", change_seq=number, committed_at=NOW, url="http://127.0.0.1:1", token="t"
    )
    return told.partition(" http://")[0]


def publish_canary() -> None:
    """Have the newest change published as revision 4, two seconds after it was made."""
    production = Environment.objects.get(key="production")
    Snapshot.objects.create(
        environment=production,
        app=App.objects.get(key=CANARY),
        part="content",
        epoch=1,
        revision=4,
        change_seq=production.change_seq,
        digest="",
        body=b"",
        created_at=NOW + timedelta(seconds=2),
    )
    Environment.objects.filter(pk=production.pk).update(published_seq=production.change_seq)


def report(store: RedisStore, **revisions: int) -> None:
    """Have nodes say which revision they serve."""
    key = PartKey(environment="production", app=CANARY, part="content")
    for node, revision in revisions.items():
        heads = {key: Head(epoch=1, revision=revision, digest="")}
        write_receipt(store, make_receipt(node, "production", heads))


def test_a_change_that_nobody_published_is_told(canary: RedisStore) -> None:
    """Name the worker, or why the publish was refused."""
    assert (
        "The change was saved, but not published: no worker took it, or publishing stalls."
        == look()
    )
    production = Environment.objects.get(key="production")
    PublishRefusal.objects.create(
        environment=production,
        change_seq=production.change_seq,
        scope="shop/production",
        reason="A promise is broken.",
        at=NOW,
    )
    assert "The change was saved, but its publish was refused: A promise is broken." == look()


def test_nodes_that_do_not_serve_it_are_named(canary: RedisStore) -> None:
    """Tell no node, those behind, and that all have it, from each other."""
    publish_canary()
    told = "It was published after 2.0 s as revision 4"
    assert f"{told}, but no node has reported within 5 s." == look()
    report(canary, web=4, edge=3)
    assert f"{told}, but not every node serves it: edge does not." == look()
    report(canary, edge=5)
    assert f"{told}, and every node serves it." == look()


def test_a_redis_that_is_away_is_told(canary: RedisStore, settings: Settings) -> None:
    """Say that the nodes are unknown."""
    publish_canary()
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert look().endswith("Redis does not answer, so the nodes that serve it are unknown.")
