"""Cases, and turns of load: `wrk` against a port while something is published."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import httpx

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 32
CHANGE_AFTER_SECONDS = 1.0
CHANGE_EVERY_SECONDS = 5.0
SAMPLE = 200
# Below this share of 304s the clients fetch their answers anew before a turn.
STILL_KNOWN = 0.9
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; an ETag is what its client would have."""

    path: str
    method: str = "GET"
    body: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one run of wrk and the processes' own clocks say."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    share_304: float
    bytes_each: float
    cpu_microseconds: float


@dataclass(slots=True)
class Side:
    """A server under load: where it listens, its process, how something is changed in it."""

    name: str
    port: int
    pid: int
    change: Callable[[], None] = lambda: None
    memory_mb: int = 0


@dataclass(slots=True)
class Case:
    """What one side is asked, in turns."""

    key: str
    title: str
    side: Side
    token: str
    asks: Sequence[Ask]
    knows: bool = False
    turns: list[Turn] = field(default_factory=list)

    @property
    def learns(self) -> bool:
        """Tell whether there is one answer for all: its client takes each new ETag over."""
        return self.knows and len(self.asks) == 1

    def typical(self, name: str) -> float:
        """Return the median of a figure over the turns."""
        return float(median(getattr(turn, name) for turn in self.turns))

    @property
    def errors(self) -> int:
        """Return all errors of all turns."""
        return sum(turn.errors for turn in self.turns)


def run_turn(case: Case, folder: Path, seconds: float) -> Turn:
    """Load a side for some seconds; something is published after one, and every five more."""
    requests = folder / f"{case.key}.tsv"
    if not requests.exists() or (case.knows and sample_304(case) < STILL_KNOWN):
        requests.write_text("".join(map(write_line, learn_etags(case))), encoding="utf-8")
    environ = os.environ | {
        "BENCH_REQUESTS": str(requests),
        "BENCH_TOKEN": case.token,
        "BENCH_LEARN": "1" if case.learns else "0",
    }
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(round(seconds), 1)}s", "-s", str(SCRIPT)]
    stopping = threading.Event()
    changer = threading.Thread(target=keep_changing, args=(case.side, stopping), daemon=True)
    before = read_cpu_seconds(case.side.pid)
    changer.start()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{case.side.port}"],
        env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    used = read_cpu_seconds(case.side.pid) - before
    stopping.set()
    changer.join()
    figures = next(line for line in done.stdout.splitlines() if line.startswith("FIGURES"))
    count, took, size, p50, p99, errors, unchanged = map(int, figures.split()[1:])
    answered = max(count, 1)
    return Turn(
        requests_per_second=answered / took * 1e6,
        p50_ms=p50 / 1e3,
        p99_ms=p99 / 1e3,
        errors=errors,
        share_304=unchanged / answered if case.learns else sample_304(case),
        bytes_each=size / answered,
        cpu_microseconds=1e6 * used / answered,
    )


def learn_etags(case: Case) -> Sequence[Ask]:
    """Give each client of a case the ETag that it would have."""
    if case.knows:
        with connect(case) as client:
            case.asks = [replace(ask, etag=send(client, ask).headers["etag"]) for ask in case.asks]
    return case.asks


def write_line(ask: Ask) -> str:
    """Return a request as the script reads it."""
    return f"{ask.method}\t{ask.path}\t{ask.etag}\t{ask.body}\n"


def sample_304(case: Case) -> float:
    """Return which part of the clients would still get 304; what changed is theirs to fetch."""
    if not case.knows:
        return 0.0
    step = max(len(case.asks) // SAMPLE, 1)
    with connect(case) as client:
        answers = [send(client, ask).status_code for ask in case.asks[::step]]
    return answers.count(304) / len(answers)


def connect(case: Case) -> httpx.Client:
    """Open a client for a case."""
    base = f"http://127.0.0.1:{case.side.port}"
    return httpx.Client(base_url=base, headers={"Authorization": case.token})


def send(client: httpx.Client, ask: Ask) -> httpx.Response:
    """Send one request as wrk would."""
    headers = {"Content-Type": "application/json"} if ask.body else {}
    if ask.etag:
        headers["If-None-Match"] = ask.etag
    answer = client.request(ask.method, ask.path, content=ask.body or None, headers=headers)
    if answer.status_code not in {200, 304}:
        raise ValueError(f"{ask.method} {ask.path}: {answer.status_code} {answer.text[:200]}")
    return answer


def keep_changing(side: Side, stopping: threading.Event) -> None:
    """Change something on a side every few seconds."""
    pause = CHANGE_AFTER_SECONDS
    while not stopping.wait(pause):
        side.change()
        pause = CHANGE_EVERY_SECONDS


def read_cpu_seconds(pid: int) -> float:
    """Return what a process and its children have computed, in all threads."""
    seconds = 0.0
    for one in list_family(pid):
        fields = (one / "stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def read_memory_mb(pid: int) -> int:
    """Return what a process and its children hold, pages that they share by halves."""
    found = 0
    for one in list_family(pid):
        lines = (one / "smaps_rollup").read_text().splitlines()
        found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(found / 1024)


def list_family(pid: int) -> Iterator[Path]:
    """List the folders of a process and its children under /proc."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        folder = Path(f"/proc/{one}")
        try:
            children = (folder / f"task/{one}/children").read_text().split()
        except OSError:
            continue
        waiting += map(int, children)
        yield folder
