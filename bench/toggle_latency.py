"""How long a product manager's change takes to reach a stream and an SDK (median of 20).

The whole product runs as `make run` starts it; each change is the board's own form, sent over
HTTP. The clock starts when the page has answered, which is after the commit. Run it with
`python -m bench.toggle_latency`; `--rounds` tells how often.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from UnleashClient import UnleashClient

from tests.listening import Listener
from tests.people import set_cell, sign_in
from tests.product import BACKEND_TOKEN, FRONTEND_TOKEN, Product, eventually, free_port

FEATURE = "commerce.collections"
CELL = "SG:commerce"
STREAM_GOAL_SECONDS = 0.3
SDK_GOAL_SECONDS = 2.0
PERSON = {
    "userId": "u-1",
    "properties": {
        **dict.fromkeys(("accountCountry", "locationCountry", "storefrontCountry"), "SG"),
        "platform": "ios",
        "osVersion": "18.0.0",
        "appVersion": "8.0.70",
    },
}


def main() -> int:
    """Run the benchmark and print a table; return 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    folder = Path(tempfile.mkdtemp(prefix="lfbench"))
    product = Product(folder / "data", free_port())
    try:
        product.start()
        streams, clients = measure(product, rounds)
    finally:
        product.stop()
        shutil.rmtree(folder)
    print("| who hears | median s | slowest s | goal s |")
    print("| --- | --- | --- | --- |")
    missed = False
    for name, seconds, goal in (
        ("a listener of /api/stream", streams, STREAM_GOAL_SECONDS),
        ("UnleashClient, asking every second", clients, SDK_GOAL_SECONDS),
    ):
        median = statistics.median(seconds)
        missed = missed or median > goal
        print(f"| {name} | {median:.3f} | {max(seconds):.3f} | {goal} |")
    return int(missed)


def measure(product: Product, rounds: int) -> tuple[list[float], list[float]]:
    """Turn the feature on and off; return the seconds until stream and SDK knew, per round."""
    streams, clients = [], []
    unleash = UnleashClient(
        url=f"{product.base}/api",
        app_name="bench",
        environment="production",
        custom_headers={"Authorization": BACKEND_TOKEN},
        refresh_interval=1,
        disable_metrics=True,
    )
    unleash.initialize_client()
    with (
        sign_in(product.base, "pm") as manager,
        Listener(product.base, FRONTEND_TOKEN) as listener,
    ):
        turn(manager, on=False)
        eventually(lambda: not unleash.is_enabled(FEATURE, PERSON))
        for number in range(rounds):
            on = number % 2 == 0
            before = listener.revision
            saved_at = turn(manager, on=on)
            streams.append(listener.hears(before + 1).at_seconds - saved_at)
            eventually(lambda on=on: unleash.is_enabled(FEATURE, PERSON) is on)  # type: ignore[misc]
            clients.append(time.monotonic() - saved_at)
    unleash.destroy()
    return streams, clients


def turn(manager: httpx.Client, *, on: bool) -> float:
    """Set the cell through the board's form; return the second at which the page had answered."""
    status = "live" if on else "not-offered"
    reason = f"Benchmark: {status}"
    answer = set_cell(manager, CELL, status=status, reason=reason, owner="commerce")
    assert answer.status_code == httpx.codes.OK
    return time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
