"""Ten thousand event streams on one worker: how soon a change arrives, and what they cost.

A real granian worker reads from a real Redis; clients on bare sockets, in processes of their
own, listen half in Malaysia only and half in Brazil only. Run it with
`python -m bench.streams`; `--help` tells the options.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from msgspec.structs import replace

from bench.http_frontend import put, running, wait
from bench.synthetic import APP, ENVIRONMENT, build_definitions
from flags.engine.definitions import Definitions
from flags.publishing.redis_store import RedisStore
from flags.publishing.snapshot import Access, Content, Token
from launch.commands import redis_command
from regions.translations.bundles import Texts

ROOT = Path(__file__).resolve().parent.parent
TOKEN = f"{APP}:{ENVIRONMENT}.bench-frontend"
GROUPS = ("MY", "BR")
CLIENT_PROCESSES = 2
DESCRIPTORS = 20_000
PROBE = "/api/frontend?userId=u-1&properties[accountCountry]=MY&properties[locationCountry]=MY"


class Worker:
    """A granian worker on a free port that can be killed and started again."""

    def __init__(self, folder: Path, application: str, port: int) -> None:
        self.folder = folder
        self.application = application
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        environ = os.environ | {
            "REDIS_URL": f"unix://{self.folder / 'redis.sock'}",
            "LANDFALL_DATA_DIR": str(self.folder),
            "LANDFALL_STREAMS_PER_ADDRESS": "100000",
            "LANDFALL_STREAMS_PER_PROCESS": "12000",
        }
        command = [sys.executable, "-m", "granian", self.application, "--interface", "asgi"]
        command += ["--port", str(self.port), "--no-ws", "--log-level", "warning", "--http", "1"]
        command += ["--http1-buffer-size", "65536"]
        command += ["--backlog", "4096", "--backpressure", "16384", "--workers-kill-timeout", "8"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ)
        wait(lambda: bool(httpx.get(f"{self.base}/readyz").is_success))

    @property
    def pid(self) -> int:
        """Return the process that serves, which is the only child of granian's own."""
        assert self.process is not None
        own = self.process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii").split()
        return next(int(pid) for pid in children if b"granian" in command_line(int(pid)))

    def rss_bytes(self) -> int:
        """Return how much of its memory is in use."""
        fields = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """Return how long it has computed, in all its threads."""
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def figure(self, name: str) -> float:
        """Return one of its own figures, 0 when it has none."""
        for line in httpx.get(f"{self.base}/metrics").text.splitlines():
            if line.partition(" ")[0] == name:
                return float(line.rpartition(" ")[2])
        return 0.0

    def kill(self) -> None:
        """Kill it as a crash does, and the process that would start it again."""
        assert self.process is not None
        pid = self.pid
        self.process.kill()
        os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> float:
        """Ask it to stop; return how long that took."""
        assert self.process is not None
        if self.process.poll() is not None:
            return 0.0
        before = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - before


def command_line(pid: int) -> bytes:
    """Return how a process was started."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


class Crowd:
    """Clients in processes of their own."""

    def __init__(self, port: int, clients: int, *, mute: bool = False) -> None:
        self.clients = clients
        self.processes = []
        count = 1 if clients <= 1_000 else CLIENT_PROCESSES
        for _ in range(count):
            command = [sys.executable, "-m", "bench.stream_clients", "--port", str(port)]
            command += ["--token", TOKEN, "--clients", str(clients // count)]
            command += ["--mute"] if mute else []
            self.processes.append(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )

    def ask(self, *words: object) -> list[Any]:
        """Give all processes a command and return what each answers."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(" ".join(map(str, words)) + "\n")
            process.stdin.flush()
        return [self.hear(process) for process in self.processes]

    def hear(self, process: subprocess.Popen[str]) -> Any:
        """Return a process's next answer."""
        assert process.stdout is not None
        return json.loads(process.stdout.readline())

    def report(self, revision: int, seconds: float) -> dict[str, list[float]]:
        """Return when each group's clients heard of a revision."""
        found: dict[str, list[float]] = {group: [] for group in GROUPS}
        wanted = self.clients // len(GROUPS) // len(self.processes)
        for answer in self.ask("report", revision, wanted, seconds):
            for group, times in answer.items():
                found[group] += times
        return found

    def close(self) -> None:
        """End all clients."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=20)


class Asker(threading.Thread):
    """Ask `/api/frontend` over and over, to see what answering suffers."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.stopping = threading.Event()
        self.answers: list[tuple[float, float]] = []

    def run(self) -> None:
        """Ask every two milliseconds until told to stop."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stopping.wait(0.002):
            before = time.monotonic()
            connection.request("GET", PROBE, headers={"Authorization": TOKEN})
            connection.getresponse().read()
            self.answers.append((before, time.monotonic() - before))


@dataclass
class Figures:
    """What one number of clients came to."""

    clients: int
    kilobytes: float = 0.0
    open_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    missing: int = 0
    strangers: int = 0
    cpu_milliseconds: float = 0.0
    quiet_p99: float = 0.0
    busy_p99: float = 0.0


class Publisher:
    """Put revisions of content, each with one changed offer."""

    def __init__(self, folder: Path) -> None:
        self.store = RedisStore(f"unix://{folder / 'redis.sock'}")
        self.world = build_definitions()
        self.revision = 0

    def start(self) -> None:
        """Put the token and the first revision."""
        wait(self.store.client.ping)
        token = Token(digest=sha256(TOKEN.encode()).hexdigest(), app=APP, kind="frontend")
        put(self.store, "access", "*", Access(apps=(APP,), tokens=(token,)), 1)
        self.publish("MY")

    def publish(self, territory: str) -> float:
        """Publish a change of one territory; return when it was about to be put."""
        self.revision += 1
        self.world = change_offer(self.world, territory, self.revision)
        before = time.monotonic()
        put(self.store, "content", APP, Content(self.world, Texts()), self.revision)
        return before


def change_offer(world: Definitions, territory: str, turn: int) -> Definitions:
    """Turn the first offer of a territory on or off."""
    at = next(n for n, offer in enumerate(world.offers) if offer.place.key == territory)
    status = "live" if turn % 2 else "withdrawn"
    offer = replace(world.offers[at], status=status)
    return replace(world, offers=(*world.offers[:at], offer, *world.offers[at + 1 :]))


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of all does not exceed, in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(math.ceil(share * len(ordered)), len(ordered)) - 1] if ordered else 0


def measure(worker: Worker, publisher: Publisher, clients: int, changes: int) -> Figures:
    """Open streams, publish changes of Malaysia, and see who heard when."""
    figures = Figures(clients)
    before = worker.rss_bytes()
    crowd = Crowd(worker.port, clients)
    try:
        answers = crowd.ask("open", 120)
        if sum(answer["open"] for answer in answers) != clients:
            sys.exit(f"Only {answers} of {clients} streams opened.")
        figures.open_seconds = max(answer["seconds"] for answer in answers)
        time.sleep(2)
        figures.kilobytes = (worker.rss_bytes() - before) / clients / 1000
        asker = Asker(worker.port)
        asker.start()
        time.sleep(2)
        cpu = worker.cpu_seconds()
        windows = []
        for _ in range(changes):
            began = publisher.publish("MY")
            heard = crowd.report(publisher.revision, 20)
            times = [at - began for at in heard["MY"]]
            figures.latencies += times
            figures.last.append(max(times, default=math.inf))
            figures.missing += clients // 2 - len(times)
            windows.append((began, began + max(times, default=0.0)))
            time.sleep(0.5)
            for answer in crowd.ask("report", publisher.revision, 0, 0):
                figures.strangers += len(answer.get("BR", ())) + len(heard["BR"])
        figures.cpu_milliseconds = 1000 * (worker.cpu_seconds() - cpu) / changes
        asker.stopping.set()
        asker.join()
        note_answers(figures, asker.answers, windows)
    finally:
        crowd.close()
    return figures


def note_answers(
    figures: Figures, answers: list[tuple[float, float]], windows: list[tuple[float, float]]
) -> None:
    """Tell answers given while a change went out from those in between."""
    busy: list[float] = []
    quiet: list[float] = []
    for at, seconds in answers:
        inside = any(began <= at + seconds and at <= ended for began, ended in windows)
        (busy if inside else quiet).append(seconds)
    figures.busy_p99, figures.quiet_p99 = percentile(busy, 0.99), percentile(quiet, 0.99)


def leave(worker: Worker) -> float:
    """Return how long after a mass departure nothing is left of it."""
    before = time.monotonic()
    while worker.figure("landfall_streams") and time.monotonic() < before + 60:
        time.sleep(0.1)
    return time.monotonic() - before


def storm(worker: Worker, clients: int) -> tuple[float, float, float]:
    """Kill the worker under its clients; return when all were back, and how long the end took."""
    crowd = Crowd(worker.port, clients)
    try:
        crowd.ask("open", 120)
        worker.kill()
        killed = time.monotonic()
        for process in crowd.processes:
            assert process.stdin is not None
            process.stdin.write("back 60\n")
            process.stdin.flush()
        worker.start()
        ready = time.monotonic() - killed
        answers = [crowd.hear(process) for process in crowd.processes]
        since = [at for answer in answers for at in answer["since"]]
        if len(since) != clients:
            print(f"only {len(since)} of {clients} came back")
        return ready, max(since) - killed, worker.end()
    finally:
        crowd.close()


def main() -> None:
    """Run the benchmark and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", default="500,2000,10000")
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--port", type=int, default=8305)
    parser.add_argument("--no-storm", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lfbench"))
    counts = [int(text) for text in options.clients.split(",")]
    worker = Worker(folder, "config.edge:application", options.port)
    try:
        with running(redis_command(folder)):
            publisher = Publisher(folder)
            publisher.start()
            print_head()
            for clients in counts:
                worker.start()
                print_row(measure(worker, publisher, clients, options.changes))
                gone, ended = leave(worker), worker.end()
                print(
                    f"all left: nothing of them after {gone:.1f} s; "
                    f"SIGTERM: exit after {ended:.1f} s",
                    flush=True,
                )
            if not options.no_storm:
                worker.start()
                ready, back, ended = storm(worker, counts[-1])
                print(
                    f"\nkill -9 under {counts[-1]} streams: ready after {ready:.1f} s, all back "
                    f"after {back:.1f} s; SIGTERM under all: exit after {ended:.1f} s"
                )
    finally:
        worker.end()
        shutil.rmtree(folder, ignore_errors=True)


def print_head() -> None:
    """Print the head of the table."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}\n")
    print(
        "| clients | KB each | opened s | p50 ms | p99 ms | last client p99 ms | missing "
        "| woken elsewhere | CPU ms/change | answers p99 ms quiet | while telling |"
    )
    print("| ---: " * 11 + "|", flush=True)


def print_row(figures: Figures) -> None:
    """Print one number of clients."""
    print(
        f"| {figures.clients:,} | {figures.kilobytes:.1f} | {figures.open_seconds:.1f} "
        f"| {percentile(figures.latencies, 0.5):.0f} | {percentile(figures.latencies, 0.99):.0f} "
        f"| {percentile(figures.last, 0.99):.0f} | {figures.missing} | {figures.strangers} "
        f"| {figures.cpu_milliseconds:.0f} | {figures.quiet_p99:.1f} | {figures.busy_p99:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
