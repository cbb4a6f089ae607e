"""The warm path: no query, no Redis call, no Django."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from babel import localedata

from flags.delivery.app import build
from flags.delivery.pollers import Feed
from flags.delivery.state import State
from tests.unit.delivery.world import BACKEND, FRONTEND, PREVIEW, Client, build_store

ROOT = Path(__file__).resolve().parents[3]

REQUESTS = [
    ("GET", "/api/client/features", BACKEND),
    ("GET", "/api/client/delta", BACKEND),
    ("GET", "/api/frontend?userId=7&sessionId=1&properties[accountCountry]=SG", FRONTEND),
    ("POST", "/api/frontend", FRONTEND),
    ("POST", "/ofrep/v1/evaluate/flags", FRONTEND),
    ("POST", "/ofrep/v1/evaluate/flags/pay", FRONTEND),
    ("GET", "/api/variant?locale=zh-Hans", FRONTEND),
    ("GET", "/api/variant?locale=zh-Hans&properties[accountCountry]=SG", FRONTEND),
    # From outside the scope's territories, where CLDR has a locale of its own.
    ("GET", "/api/variant?locale=en&properties[accountCountry]=BI", FRONTEND),
    ("GET", "/api/variant?locale=pt-MZ", FRONTEND),
    ("POST", "/api/variant", FRONTEND),
    ("GET", "/api/variant/schema", ""),
    ("POST", "/api/explain", PREVIEW),
    ("POST", "/api/diff", PREVIEW),
    ("POST", "/api/client/metrics", BACKEND),
    ("GET", "/healthz", ""),
    ("GET", "/readyz", ""),
    ("GET", "/metrics", ""),
]


async def answer_warm(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fill a node from a store, forbid all sources and sockets, and ask everything."""
    store = build_store()
    feed = Feed(State(), [store])
    await feed.start()
    feed.stop()
    for poller in feed.pollers:
        await asyncio.to_thread(poller.thread.join, 5)

    def forbid(*_arguments: object, **_options: object) -> None:
        raise AssertionError("A warm request must not look anything up.")

    client = Client(build(feed.state))
    with monkeypatch.context() as forbidden:
        for name in ("heads", "get", "get_blob"):
            forbidden.setattr(store, name, forbid)
        for name in ("connect", "connect_ex", "send", "sendall"):
            forbidden.setattr(socket.socket, name, forbid)
        forbidden.setattr(threading.Thread, "start", forbid)
        forbidden.setattr(localedata, "load", forbid)
        return [await ask(client, *request) for request in REQUESTS]


async def ask(client: Client, method: str, target: str, token: str) -> int:
    """Send one request with the least body that its route takes."""
    body: dict[str, object] = {
        "appName": "shop",
        "bucket": None,
        "context": {},
        "feature": "pay",
        "contexts": [{}, {}],
    }
    sent = body if method == "POST" else None
    return (await client.send(method, target, token=token, json_body=sent)).status


def test_warm_requests_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer everything from memory: no source, no socket, no thread."""
    statuses = asyncio.run(answer_warm(monkeypatch))
    assert {200, 202} == set(statuses), statuses


@pytest.mark.parametrize("module", ["flags.delivery.app", "config.node"])
def test_delivery_starts_without_django_or_celery(module: str) -> None:
    """Load neither framework: an edge must run without them."""
    code = (
        f"import sys, {module}\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('django', 'celery')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
