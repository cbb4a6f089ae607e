"""Landfall measures itself: a real change, a real client, the public address."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.product import BACKEND_TOKEN, Product, eventually, free_port

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("probe")]

QUICK_SECONDS = 5.0


@pytest.fixture
def probed(prepared_folder: Path, tmp_path: Path) -> Iterator[Product]:
    """Run the product with a probe every five seconds."""
    product = Product(tmp_path / "data", free_port(), environ={"LANDFALL_PROBE_SECONDS": "5"})
    product.copy(prepared_folder)
    product.start()
    yield product
    product.stop()


def read_metric(product: Product, name: str) -> float:
    """Return a figure of the web process, 0 when it has none."""
    for line in httpx.get(f"{product.base}/metrics").text.splitlines():
        if line.partition(" ")[0] == f"landfall_{name}":
            return float(line.rpartition(" ")[2])
    return 0.0


def find_trouble(product: Product) -> str:
    """Return what the newest failed probe saw."""
    with closing(sqlite3.connect(product.data_dir / "landfall.sqlite3")) as database:
        row = database.execute(
            "SELECT trouble FROM flags_proberesult WHERE seconds IS NULL ORDER BY id DESC"
        ).fetchone()
    return row[0] if row else ""


def test_the_way_of_a_change_is_measured_and_its_break_is_named(probed: Product) -> None:
    """Tell a figure, disturb nobody, and say what was seen when the node stands still."""
    headers = {"Authorization": BACKEND_TOKEN}
    before = httpx.get(f"{probed.base}/api/client/features", headers=headers)
    eventually(lambda: read_metric(probed, "probes_total") >= 2, within_seconds=60)
    seconds = read_metric(probed, 'probe_seconds{figure="last"}')
    assert 0 < seconds < QUICK_SECONDS
    assert 0 == read_metric(probed, "probe_failures_total")
    after = httpx.get(f"{probed.base}/api/client/features", headers=headers)
    assert before.headers["ETag"] == after.headers["ETag"]
    assert before.headers["X-Landfall-Revision"] == after.headers["X-Landfall-Revision"]
    web = max(pid for pid, command in probed.processes().items() if "granian" in command)
    os.kill(web, signal.SIGSTOP)
    try:
        trouble = eventually(lambda: find_trouble(probed), within_seconds=40)
    finally:
        os.kill(web, signal.SIGCONT)
    assert f"{probed.base} does not answer within 2 s." in trouble
    eventually(lambda: read_metric(probed, "probe_failures_total") >= 1, within_seconds=20)
    assert "landfall-canary:" not in probed.log
