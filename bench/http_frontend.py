"""How many answers a second one worker gives to `/api/frontend` (docs/decisions.md 22).

A real granian worker reads from a real Redis; 2,000 distinct contexts ask, and every five
seconds something is published. `wrk` loads it on the same machine. Run it with
`python -m bench.http_frontend`; `--help` tells the options.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

import httpx
import redis
from msgspec.structs import replace

from bench.synthetic import APP, ENVIRONMENT, build_definitions, list_queries
from flags.engine.definitions import Definitions
from flags.publishing.directory_store import DirectoryStore
from flags.publishing.redis_store import RedisStore
from flags.publishing.snapshot import Access, Content, Token, decode_content
from flags.publishing.store import Head, PartKey, StoredPart
from launch.commands import redis_command
from regions import canonical
from regions.translations.bundles import Texts

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(__file__).with_suffix(".lua")
TOKEN = f"{APP}:{ENVIRONMENT}.bench-frontend"
PUBLISH_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of wrk and the worker's own counts say."""

    name: str
    requests_per_second: float
    p50: str
    p99: str
    publishes: int
    errors: int
    share_304: float
    cpu_microseconds: float


class Publisher(threading.Thread):
    """Put a new content part every few seconds, each with one changed offer."""

    def __init__(self, store: RedisStore, world: Definitions, every_seconds: float) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.world = world
        self.every_seconds = every_seconds
        self.revision = 1
        self.stopping = threading.Event()

    def run(self) -> None:
        """Publish until told to stop."""
        while not self.stopping.wait(self.every_seconds):
            self.publish()

    def publish(self) -> None:
        """Put the next revision and announce it."""
        self.revision += 1
        content = Content(change_one_offer(self.world, self.revision), Texts())
        put(self.store, "content", APP, content, self.revision)


def change_one_offer(world: Definitions, turn: int) -> Definitions:
    """Turn the middle offer on and off."""
    at = len(world.offers) // 2
    offer = replace(world.offers[at], status="live" if turn % 2 else "planned")
    return replace(world, offers=(*world.offers[:at], offer, *world.offers[at + 1 :]))


def load_world(folder: str) -> Definitions:
    """Return the synthetic world, or the demo's as a node keeps it in its folder."""
    if not folder:
        return build_definitions()
    part = DirectoryStore(folder).get(PartKey(ENVIRONMENT, APP, "content"))
    if part is None:
        sys.exit(f"There is no content of {APP} in {folder}.")
    return decode_content(part.body).definitions


def put(store: RedisStore, part: str, app: str, value: object, revision: int) -> None:
    """Put and announce one part."""
    body = canonical.encode(value)
    key = PartKey(ENVIRONMENT, app, part)
    head = Head(1, revision, canonical.digest(body))
    store.put_and_announce(StoredPart(key, head, body))


def main() -> None:
    """Run the benchmark and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--contexts", type=int, default=2_000)
    parser.add_argument("--parts", default="", help="a node's folder last-known-good")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    folder = Path(tempfile.mkdtemp(prefix="lfbench"))
    options.queries = list_queries(options.contexts)
    options.world = load_world(options.parts)
    try:
        with running(redis_command(folder)), running_worker(folder, options.world) as port:
            rows = [
                measure("200 for everybody", port, folder, options, known=False),
                measure("clients send ETags", port, folder, options, known=True),
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_table(rows)


def measure(
    name: str,
    port: int,
    folder: Path,
    options: argparse.Namespace,
    *,
    known: bool,
) -> Figures:
    """Load the worker while something is published, and read the figures."""
    queries: list[str] = options.queries
    etags = fetch_etags(port, queries) if known else [""] * len(queries)
    lines = [f"{query}\t{etag}" for query, etag in zip(queries, etags, strict=True)]
    (folder / "contexts.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    store = RedisStore(f"unix://{folder / 'redis.sock'}")
    publisher = Publisher(store, options.world, PUBLISH_EVERY_SECONDS)
    publisher.revision = max(head.revision for head in store.heads().values())
    before, cpu_before = read_counts(port), read_cpu_seconds(port)
    publisher.start()
    command = ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency"]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}"]
    environ = os.environ | {"BENCH_CONTEXTS": str(folder / "contexts.tsv"), "BENCH_TOKEN": TOKEN}
    said = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    publisher.stopping.set()
    publisher.join()
    after = read_counts(port)
    counts = {status: count - before.get(status, 0) for status, count in after.items()}
    answered = sum(counts.values()) or 1
    broken = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", said)))
    bad = sum(count for status, count in counts.items() if status not in {"200", "304"})
    return Figures(
        name=name,
        requests_per_second=float(find(r"Requests/sec:\s+([\d.]+)", said)),
        p50=find(r"50%\s+(\S+)", said),
        p99=find(r"99%\s+(\S+)", said),
        publishes=int(options.seconds // PUBLISH_EVERY_SECONDS),
        errors=bad + broken,
        share_304=counts.get("304", 0) / answered,
        cpu_microseconds=1e6 * (read_cpu_seconds(port) - cpu_before) / answered,
    )


def find(pattern: str, text: str) -> str:
    """Return the first group of a pattern in what wrk said."""
    found = re.search(pattern, text)
    if found is None:
        raise LookupError(f"wrk did not say {pattern!r}:\n{text}")
    return found[1]


def fetch_etags(port: int, queries: list[str]) -> list[str]:
    """Ask everything once, to know the ETags that clients would send."""
    with httpx.Client(headers={"Authorization": TOKEN}) as client:
        base = f"http://127.0.0.1:{port}/api/frontend?"
        return [client.get(base + query).headers["ETag"] for query in queries]


def read_counts(port: int) -> dict[str, int]:
    """Return how often the worker gave each status on this route."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    found = re.findall(r'landfall_requests_total\{route="frontend",status="(\d+)"\} (\d+)', text)
    return {status: int(count) for status, count in found}


def read_cpu_seconds(port: int) -> float:
    """Return how long the worker has computed, in all its threads."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return float(find(r"landfall_cpu_seconds ([\d.]+)", text))


@contextmanager
def running_worker(folder: Path, world: Definitions) -> Iterator[int]:
    """Publish the world, start one worker on a free port, wait until it is ready."""
    store = RedisStore(f"unix://{folder / 'redis.sock'}")
    wait(store.client.ping)
    token = Token(digest=sha256(TOKEN.encode()).hexdigest(), app=APP, kind="frontend")
    put(store, "access", "*", Access(apps=(APP,), tokens=(token,)), 1)
    put(store, "content", APP, Content(world, Texts()), 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {
        "REDIS_URL": f"unix://{folder / 'redis.sock'}",
        "LANDFALL_DATA_DIR": str(folder),
    }
    command = [sys.executable, "-m", "granian", "config.edge:application"]
    command += ["--interface", "asgi", "--port", str(port), "--no-ws", "--log-level", "warning"]
    with running(command, environ):
        wait(lambda: bool(httpx.get(f"http://127.0.0.1:{port}/readyz").is_success))
        yield port


@contextmanager
def running(
    command: list[str], environ: dict[str, str] | None = None, log: IO[bytes] | None = None
) -> Iterator[int]:
    """Run a process for as long as the block lasts; its number is given."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | (environ or {}), stdout=log, stderr=log
    )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def wait(look: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if look():
                return
        except (OSError, redis.RedisError, httpx.HTTPError):
            pass
        time.sleep(0.1)
    sys.exit(f"What is measured did not start within {seconds} s.")


def print_table(rows: list[Figures]) -> None:
    """Print the figures as a Markdown table, with the machine's load beside them."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}\n")
    print("| case | requests/s | p50 | p99 | publishes | errors | 304 | CPU us/request |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        print(
            f"| {row.name} | {row.requests_per_second:,.0f} | {row.p50} | {row.p99} "
            f"| {row.publishes} | {row.errors} | {row.share_304:.0%} "
            f"| {row.cpu_microseconds:.0f} |"
        )


if __name__ == "__main__":
    main()
