"""How long a committed change takes to reach the last of 500 open event streams.

The whole product runs as `make run` starts it: web, worker, beat, embedded Redis, SQLite. Each
change is the board's own form, sent over HTTP. Half of the clients are in another territory and
hear nothing. The clock starts when the transaction has committed (the one door's own log line)
and stops when a client has read the event; all processes share the system's clock. Run it with
`make bench-latency`.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from bench.crowd import Crowd, Group, Heard
from tests.people import SCOPE, send_form, set_cell, sign_in
from tests.product import FRONTEND_TOKEN, Product, free_port

CELL = "SG:commerce"
HERE, ELSEWHERE = "SG", "BR"
GOAL_MS = 100.0
PAUSE_SECONDS = (0.7, 1.1)
WARM_UP = 4
SETTINGS = {"LOG_LEVEL": "INFO", "LANDFALL_STREAMS_PER_ADDRESS": "20000"}

_PAIR = re.compile(r'([\w.]+)=("(?:[^"\\]|\\.)*"|\S+)')
# What a change passes, in order; each is timed from the one before.
STEPS = (
    ("nudge", "relay.nudged"),
    ("pick up", "outbox.draining"),
    ("publish", "part.delivered"),
    ("fetch", "part.fetched"),
    ("activate", "scope.activated"),
)


@dataclass
class Round:
    """One change: when it was committed, what passed then, when each client heard of it."""

    kind: str
    committed_at: float
    asked_at: float
    answered_at: float
    marks: dict[str, float] = field(default_factory=dict)
    fields: dict[str, float] = field(default_factory=dict)
    heard: list[float] = field(default_factory=list)
    strangers: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a log."""

    process: str
    event: str
    at: float
    fields: dict[str, str]


def main() -> int:
    """Run the benchmark and print its tables; return 1 when the goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--keep", default="", help="where to keep the processes' log")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lfbench"))
    product = Product(folder / "data", free_port(), SETTINGS)
    try:
        product.start()
        sent, heard = measure(product, options.rounds, options.kills, options.clients)
        log = product.log
    finally:
        product.stop()
        shutil.rmtree(folder)
    if options.keep:
        Path(options.keep).write_text(log, encoding="utf-8")
    rounds = join(sent, read_log(log), heard)
    return report(rounds, options.clients)


def measure(
    product: Product, rounds: int, kills: int, clients: int
) -> tuple[list[tuple[str, float, float]], list[Heard]]:
    """Make all changes; return when each form was sent and answered, and what was heard."""
    sent: list[tuple[str, float, float]] = []
    groups = [
        Group(place, clients // 2, FRONTEND_TOKEN, f"?territories={place}")
        for place in (HERE, ELSEWHERE)
    ]
    with sign_in(product.base, "pm") as manager:
        for number in range(WARM_UP):
            turn(manager, number)
            time.sleep(1.5)
        crowd = Crowd(product.port, groups)
        for number in range(rounds):
            time.sleep(random.uniform(*PAUSE_SECONDS))
            sent.append(("offer", *timed(lambda number=number: turn(manager, number))))  # type: ignore[misc]
        for number in range(kills):
            time.sleep(random.uniform(*PAUSE_SECONDS))
            sent.append(("kill", *timed(lambda number=number: kill(manager, number))))  # type: ignore[misc]
        time.sleep(1.5)
        return sent, crowd.finish()


def timed(act: Callable[[], httpx.Response]) -> tuple[float, float]:
    """Return when an act began and ended; it must have been answered well."""
    start = time.time()
    answer = act()
    assert answer.status_code == httpx.codes.OK, answer.text[:500]
    return start, time.time()


def turn(manager: httpx.Client, number: int) -> httpx.Response:
    """Turn the cell on or off through the board's form."""
    status = "not-offered" if number % 2 else "live"
    reason = f"Benchmark: {status} {number}"
    return set_cell(manager, CELL, status=status, reason=reason, owner="commerce")


def kill(manager: httpx.Client, number: int) -> httpx.Response:
    """Pull one more kill switch in the cell: for each feature and platform in turn."""
    page = manager.get("/admin/board/cell/", params={**SCOPE, "cell": CELL})
    features, platforms = (
        list_options(page.text, f"kill-{name}") for name in ("feature", "platform")
    )
    wanted = {
        "kill-feature": features[number // len(platforms) % len(features)],
        "kill-platform": platforms[number % len(platforms)],
        "kill-reason": f"Benchmark {number}",
        "kill-owner": "commerce",
    }
    return send_form(
        manager,
        page,
        having="kill-reason",
        fields=wanted,
        headers={"X-Requested-With": "fetch"},
    )


def list_options(page: str, name: str) -> list[str]:
    """Return what may be chosen in a field, everything at once left out."""
    field = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)
    assert field is not None
    return re.findall(r'<option value="([^"]+)"', field[0])


def read_log(log: str) -> list[Line]:
    """Return the events of all processes, in order of time."""
    lines = []
    for line in log.splitlines():
        process, _, said = line.partition("|")
        found = {name: text.strip('"') for name, text in _PAIR.findall(said)}
        if "event" in found and "timestamp" in found:
            at = datetime.fromisoformat(found["timestamp"]).timestamp()
            lines.append(Line(process.strip(), found["event"], at, found))
    return sorted(lines, key=lambda line: line.at)


def join(
    sent: list[tuple[str, float, float]], lines: list[Line], heard: list[Heard]
) -> list[Round]:
    """Bring together what each change went through; the next change ends its time."""
    rounds = []
    ends = [start for _kind, start, _end in sent[1:]] + [float("inf")]
    for (kind, start, answered), end in zip(sent, ends, strict=True):
        own = [line for line in lines if start <= line.at < end]
        commit = next(line for line in own if line.event == "command.executed")
        one = Round(kind, commit.at, start, answered)
        for _name, event in STEPS:
            for line in own:
                if line.event == event and line.at >= commit.at:
                    one.marks.setdefault(event, line.at)
                    break
        for line in own:
            if line.at >= commit.at:
                one.fields.update(read_milliseconds(line))
        first: dict[int, float] = {}
        for told in heard:
            if start <= told.at < end and told.group == HERE:
                first.setdefault(told.client, told.at)
            one.strangers += start <= told.at < end and told.group == ELSEWHERE
        one.heard = sorted(first.values())
        rounds.append(one)
    return rounds


def read_milliseconds(line: Line) -> dict[str, float]:
    """Return the fields of a line that tell milliseconds, each after its event's last word."""
    name = line.event.rpartition(".")[2]
    return {
        f"{name} {field.removesuffix('_ms')}": float(text)
        for field, text in line.fields.items()
        if field.endswith("_ms")
    }


def report(rounds: list[Round], clients: int) -> int:
    """Print the tables; return 1 when the goal was missed or somebody heard nothing."""
    here = clients // 2
    print(f"{clients} streams, {here} of them in {HERE}, where the changes are.\n")
    print("| ms from the commit | changes | p50 | p90 | p99 | max |")
    print("| --- | --- | --- | --- | --- | --- |")
    missed = False
    for kind in ("offer", "kill"):
        own = [one for one in rounds if one.kind == kind and len(one.heard) == here]
        if not own:
            continue
        last = [one.heard[-1] - one.committed_at for one in own]
        middle = [one.heard[here // 2] - one.committed_at for one in own]
        print(row(f"{kind}: the last of {here} clients", last))
        print(row(f"{kind}: the median client", middle))
        print(
            row(
                f"{kind}: last client, from the form's answer",
                [one.heard[-1] - one.answered_at for one in own],
            )
        )
        missed = missed or 1000 * quantile(last, 0.99) > GOAL_MS
    lost = sum(len(one.heard) != here for one in rounds)
    strangers = sum(one.strangers for one in rounds)
    print(f"\nChanges that somebody missed: {lost}. Clients elsewhere who were woken: {strangers}.")
    for kind in ("offer", "kill"):
        tell_steps(kind, [one for one in rounds if one.kind == kind and len(one.heard) == here])
    return int(missed or lost > 0)


def tell_steps(kind: str, rounds: list[Round]) -> None:
    """Print where the time went: between the marks, and what the processes measured themselves."""
    if not rounds:
        return
    print(f"\n| {kind}: step, ms | changes | p50 | p90 | p99 | max |")
    print("| --- | --- | --- | --- | --- | --- |")
    spans: dict[str, list[float]] = {}
    for one in rounds:
        before = one.committed_at
        for name, event in STEPS:
            if event in one.marks:
                spans.setdefault(name, []).append(one.marks[event] - before)
                before = one.marks[event]
        spans.setdefault("last client", []).append(one.heard[-1] - before)
    for name in [*(name for name, _event in STEPS), "last client"]:
        if name in spans:
            print(row(name, spans[name]))
    for name in dict.fromkeys(name for one in rounds for name in one.fields):
        print(row(f"– {name}", [one.fields[name] / 1000 for one in rounds if name in one.fields]))


def row(name: str, seconds: Iterable[float]) -> str:
    """Return a line of a table: how many, then milliseconds at four quantiles."""
    values = list(seconds)
    told = " | ".join(f"{1000 * quantile(values, share):.1f}" for share in (0.5, 0.9, 0.99, 1.0))
    return f"| {name} | {len(values)} | {told} |"


def quantile(values: list[float], share: float) -> float:
    """Return the value that a share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


if __name__ == "__main__":
    sys.exit(main())
