"""A small published world in a real Redis, and real edge processes that serve it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from flags.publishing.redis_store import RedisStore
from flags.publishing.store import StoredPart
from tests.product import ROOT, eventually, free_port
from tests.redis_server import RedisServer
from tests.unit.delivery.world import build_access, build_content, build_part, build_texts


def put(redis: RedisServer, *parts: StoredPart) -> None:
    """Put parts with their texts and announce them, as a publish does."""
    store = RedisStore(redis.url)
    for sha256, body in build_texts()[1].items():
        store.put_blob(sha256, body)
    for part in parts:
        store.put_and_announce(part)


def put_world(redis: RedisServer) -> None:
    """Put the world's first revision."""
    put(redis, build_part("access", build_access(), 1), build_content(1))


@dataclass
class Node:
    """An edge process; use it as a context manager, it is ready inside."""

    folder: Path
    environ: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, ready: bool = True) -> Self:
        """Start the process as docs/operators.md says."""
        dropped = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE", "REDIS_URL"}
        environ = {name: text for name, text in os.environ.items() if name not in dropped}
        environ |= {"LANDFALL_DATA_DIR": str(self.folder), "LANDFALL_DEMO": "1", **self.environ}
        command = [sys.executable, "-m", "granian", "config.edge:application"]
        command += ["--interface", "asgi", "--port", str(self.port), "--no-ws"]
        command += ["--backpressure", "16384", "--log-level", "warning", "--http", "1"]
        command += ["--http1-buffer-size", "65536"]
        command += ["--workers-kill-timeout", "5"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ)
        path = "/readyz" if ready else "/healthz"
        eventually(lambda: httpx.get(self.base + path).is_success, within_seconds=20)
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal the process and return its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def count(self, name: str) -> float:
        """Return a figure of the node, 0 when it has none."""
        for line in httpx.get(f"{self.base}/metrics").text.splitlines():
            if line.partition(" ")[0] == name:
                return float(line.rpartition(" ")[2])
        return 0.0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()
