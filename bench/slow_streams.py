"""Clients that never read: what they cost the worker, and what they take from the others.

`python -m bench.slow_streams`; part of `make bench-streams`. A hundred clients read nothing
after the first bytes, while each of them is offered 15 MB; a hundred others read.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from bench.http_frontend import running
from bench.streams import Crowd, Publisher, Worker, percentile
from launch.commands import redis_command

READERS = 100
MUTE = 100
CHANGES = 10
PORT = 8305
# What bench.loud sends after each change.
EVENTS = 30
EVENT_BYTES = 50_000
PAUSE_SECONDS = 0.01


def main() -> None:
    """Run the benchmark and print what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="lfbench"))
    worker = Worker(folder, "bench.loud:application", PORT)
    try:
        with running(redis_command(folder)):
            publisher = Publisher(folder)
            publisher.start()
            worker.start()
            readers = Crowd(PORT, READERS)
            readers.ask("open", 30)
            alone = tell(publisher, readers)
            before = worker.rss_bytes()
            mute = Crowd(PORT, MUTE, mute=True)
            mute.ask("open", 30)
            peak, beside = before, []
            for _ in range(CHANGES):
                beside += tell(publisher, readers, changes=1)
                peak = max(peak, worker.rss_bytes())
            given_up = wait_until_left(worker, READERS)
            print(
                f"{MUTE} clients that do not read, {CHANGES * EVENTS * EVENT_BYTES / 1e6:.0f} MB "
                f"offered to each: {(peak - before) / 1e6:.1f} MB more, given up "
                f"{given_up:.0f} s after the last; change to readers p99 "
                f"{percentile(alone, 0.99):.0f} ms alone, {percentile(beside, 0.99):.0f} ms beside"
            )
            readers.close()
            mute.close()
    finally:
        worker.end()
        shutil.rmtree(folder, ignore_errors=True)


def tell(publisher: Publisher, readers: Crowd, *, changes: int = CHANGES) -> list[float]:
    """Publish changes and return how long each took to each reader."""
    latencies = []
    for _ in range(changes):
        began = publisher.publish("MY")
        heard = readers.report(publisher.revision, 20)
        latencies += [at - began for at in heard["MY"]]
        time.sleep(EVENTS * PAUSE_SECONDS + 0.5)
    return latencies


def wait_until_left(worker: Worker, count: int) -> float:
    """Return how long it takes until so many streams are left."""
    before = time.monotonic()
    while worker.figure("landfall_streams") > count and time.monotonic() < before + 90:
        time.sleep(0.5)
    return time.monotonic() - before


if __name__ == "__main__":
    main()
