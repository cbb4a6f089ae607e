"""Redis goes, then the database goes, then the edge restarts: clients keep their answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.people import set_cell, sign_in
from tests.product import FRONTEND_TOKEN, ROOT, Product, eventually, free_port

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("outages")]

QUERY = {
    "userId": "u-1",
    "properties[accountCountry]": "SG",
    "properties[storefrontCountry]": "SG",
    "properties[platform]": "ios",
    "properties[osVersion]": "18.0.0",
    "properties[appVersion]": "8.0.70",
}


@pytest.fixture
def product(tmp_path: Path, prepared_folder: Path) -> Iterator[Product]:
    """Run a product of this test's own, for it will be hurt."""
    product = Product(tmp_path / "data", free_port())
    product.copy(prepared_folder)
    product.start()
    redis = product.process("valkey-server")
    yield product
    os.kill(redis, signal.SIGCONT)
    product.stop()


def test_clients_keep_their_answers(product: Product, tmp_path: Path) -> None:
    """Web and edge answer the same with everything, without Redis, and without a database too."""
    port = free_port()
    edge = _start_edge(product, tmp_path / "edge", port)
    try:
        expected = eventually(lambda: _ask(port))
        assert _ask(product.port) == expected

        os.kill(product.process("valkey-server"), signal.SIGSTOP)
        assert _ask(product.port) == _ask(port) == expected

        (product.data_dir / "landfall.sqlite3").rename(product.data_dir / "gone")
        assert _ask(product.port) == _ask(port) == expected

        _kill(edge)
        edge = _start_edge(product, tmp_path / "edge", port)
        assert eventually(lambda: _ask(port), within_seconds=20) == expected
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    finally:
        _kill(edge)


def test_a_change_needs_no_redis(product: Product) -> None:
    """With Redis stalled, a saved change is live all the same: web nodes read the database."""
    os.kill(product.process("valkey-server"), signal.SIGSTOP)
    before = _ask(product.port)
    with sign_in(product.base, "pm") as manager:
        answer = set_cell(manager, "SG:commerce", status="live", reason="Outage", owner="commerce")
    assert answer.status_code == httpx.codes.OK, answer.text
    eventually(lambda: _ask(product.port) != before, within_seconds=20)


def _start_edge(product: Product, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the edge as docs/operators.md says."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    environ |= {
        "REDIS_URL": f"unix://{product.data_dir / 'redis.sock'}",
        "LANDFALL_DATA_DIR": str(folder),
    }
    command = [sys.executable, "-m", "granian", "config.edge:application", "--interface", "asgi"]
    command += ["--port", str(port), "--workers-kill-timeout", "5", "--log-level", "warning"]
    folder.mkdir(exist_ok=True)
    with (folder / "said.log").open("ab") as said:
        return subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=said, stderr=said, start_new_session=True
        )


def _kill(edge: subprocess.Popen[bytes]) -> None:
    """Kill the server and its worker: a worker left behind would go on answering."""
    os.killpg(edge.pid, signal.SIGKILL)
    edge.wait()


def _ask(port: int) -> tuple[str, bytes] | None:
    answer = httpx.get(
        f"http://127.0.0.1:{port}/api/frontend",
        params=QUERY,
        headers={"Authorization": FRONTEND_TOKEN},
    )
    if answer.status_code != httpx.codes.OK:
        return None
    return answer.headers["etag"], answer.content
