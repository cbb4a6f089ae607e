"""Landfall as it runs in production: one granian worker that reads from a real Redis."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx

from bench.http.load import Ask, Side
from bench.http_frontend import ROOT, change_one_offer, put, running, wait
from bench.synthetic import APP
from flags.engine.definitions import Definitions
from flags.publishing.redis_store import RedisStore
from flags.publishing.snapshot import Access, Content, Token
from launch.commands import redis_command
from regions.translations.bundles import Texts

BACKEND = f"{APP}:production.bench-backend"
FRONTEND = f"{APP}:production.bench-frontend"
# As docs/operators.md has it.
GRANIAN = (
    *("--interface", "asgi", "--http", "1", "--backlog", "4096"),
    *("--backpressure", "16384", "--workers-kill-timeout", "5"),
)
# They belong to a connection, or granian sets them itself.
HOP = frozenset({"date", "server", "connection"})


@contextmanager
def serving(folder: Path, world: Definitions) -> Iterator[Side]:
    """Publish a world, start one worker, wait until it is ready."""
    socket_url = f"unix://{folder / 'redis.sock'}"
    with running(redis_command(folder)):
        store = RedisStore(socket_url)
        wait(store.client.ping)
        tokens = (
            Token(digest=sha256(BACKEND.encode()).hexdigest(), app=APP, kind="backend"),
            Token(digest=sha256(FRONTEND.encode()).hexdigest(), app=APP, kind="frontend"),
        )
        put(store, "access", "*", Access(apps=(APP,), tokens=tokens), 1)
        put(store, "content", APP, Content(world, Texts()), 1)
        environ = {"REDIS_URL": socket_url, "LANDFALL_DATA_DIR": str(folder)}
        with granian("config.edge:application", environ, "/readyz") as side:
            side.change = Publisher(store, world).publish
            yield side


class Publisher:
    """Puts the next revision, with one offer turned on or off."""

    def __init__(self, store: RedisStore, world: Definitions) -> None:
        """Continue after the first revision."""
        self.store = store
        self.world = world
        self.revision = 1

    def publish(self) -> None:
        """Put and announce a revision."""
        self.revision += 1
        content = Content(change_one_offer(self.world, self.revision), Texts())
        put(self.store, "content", APP, content, self.revision)


@contextmanager
def constant(folder: Path, like: Side, ask: Ask, size_bytes: int) -> Iterator[Side]:
    """Start the same worker over one fixed answer: the headers of `like`, and so many bytes."""
    base = f"http://127.0.0.1:{like.port}"
    answer = httpx.get(base + ask.path, headers={"Authorization": FRONTEND})
    headers = [pair for pair in answer.headers.multi_items() if pair[0].lower() not in HOP]
    headers = [(name, str(size_bytes)) if name == "content-length" else (name, text)
               for name, text in headers]  # fmt: skip
    (folder / "body").write_bytes(answer.content[:1].ljust(size_bytes, b" "))
    environ = {"BENCH_BODY": str(folder / "body"), "BENCH_HEADERS": json.dumps(headers)}
    with granian("bench.http.constant:application", environ, "/") as side:
        side.name = "the same worker, one constant answer"
        yield side


@contextmanager
def granian(target: str, environ: dict[str, str], ready: str) -> Iterator[Side]:
    """Run one worker on a free port for as long as the block lasts."""
    port = find_port()
    command = [sys.executable, "-m", "granian", target, "--port", str(port), *GRANIAN]
    command += ["--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ)
    try:
        wait(lambda: httpx.get(f"http://127.0.0.1:{port}{ready}").is_success)
        yield Side("Landfall", port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def find_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
