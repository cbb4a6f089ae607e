"""`make run`: it says what is wrong before it starts, and nothing outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.product import ROOT, Product, eventually, free_port

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("launcher")]


@pytest.fixture
def product(tmp_path: Path, prepared_folder: Path) -> Iterator[Product]:
    """Return a product of this test's own, prepared and not started yet."""
    product = Product(tmp_path / "data", free_port())
    product.copy(prepared_folder)
    yield product
    if product.launcher is not None and product.launcher.poll() is None:
        product.stop(signal.SIGKILL)
    eventually(lambda: not product.processes())


def test_says_which_port_it_cannot_read(tmp_path: Path) -> None:
    """A port that is no number is refused with one sentence, before anything is made."""
    done = _launch(tmp_path / "data", "abc")
    assert (done.returncode, done.stderr) == (
        1,
        "landfall: PORT must be a whole number from 1 to 65535, but is 'abc'.\n",
    )
    assert not (tmp_path / "data").exists()


def test_says_that_the_port_is_taken(tmp_path: Path) -> None:
    """A taken port is refused with one sentence that names a way out."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = _launch(tmp_path / "data", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"landfall: Port {port} is taken by another program;")
    assert done.stderr.count("\n") == 1


def test_ends_everything_on_ctrl_c(product: Product) -> None:
    """Ctrl-C ends every process within seconds, and the exit status is 0."""
    product.start()
    assert product.stop(signal.SIGINT) == 0
    assert product.processes() == {}
    assert product.log.endswith("landfall: Everything has ended.\n")


def test_leaves_nothing_when_killed(product: Product) -> None:
    """After `kill -9` of the launcher every child and grandchild goes within seconds."""
    product.start()
    before = product.processes()
    assert any("valkey-server" in command for command in before.values()), before
    assert len(before) >= 7, before
    product.stop(signal.SIGKILL)
    eventually(lambda: not product.processes(), within_seconds=5)


def test_leaves_nothing_when_the_keeper_is_killed_too(product: Product) -> None:
    """The parent-death signal holds even where the keeper was killed first."""
    product.start()
    assert product.launcher is not None
    keeper = max(pid for pid, command in product.processes().items() if "launch.product" in command)
    assert keeper != product.launcher.pid
    os.kill(keeper, signal.SIGKILL)
    product.stop(signal.SIGKILL)
    eventually(lambda: not product.processes(), within_seconds=10)


def test_starts_dead_processes_again(product: Product) -> None:
    """A killed worker or beat is started again, and the log says so; nobody else may start here."""
    product.start()
    for name in ("worker", "beat"):
        word = f"config.celery:app {name}"
        dead = product.process(word)
        os.kill(dead, signal.SIGKILL)
        eventually(lambda: f"{name} ended with signal 9 and is started again" in product.log)  # noqa: B023 - looked at once, here
        assert product.process(word) != dead
    done = _launch(product.data_dir, str(free_port()), module="launch.product")
    assert done.returncode == 1
    assert "already running with the folder" in done.stderr
    assert httpx.get(f"{product.base}/readyz").status_code == 200


def test_a_worker_that_keeps_dying_leaves_readers_alone(product: Product) -> None:
    """After its third quick end a worker is given a pause; clients go on being answered."""
    product.start()
    for count in range(1, 4):
        os.kill(product.process("config.celery:app worker"), signal.SIGKILL)
        eventually(lambda count=count: product.log.count("worker ended with signal 9") >= count)  # type: ignore[misc]
    assert "worker ended with signal 9 and is started again in 5 s." in product.log
    assert httpx.get(f"{product.base}/readyz").status_code == 200
    assert product.process("config.celery:app worker")


def test_a_long_folder_is_no_obstacle(tmp_path: Path, prepared_folder: Path) -> None:
    """The embedded Redis listens elsewhere where the folder's path is too long for a socket."""
    product = Product(tmp_path / ("long" * 25) / "data", free_port())
    product.copy(prepared_folder)
    product.start()
    assert httpx.get(f"{product.base}/readyz").status_code == 200
    assert product.stop() == 0
    assert product.processes() == {}


def _launch(
    data_dir: Path, port: str, *, module: str = "launch"
) -> subprocess.CompletedProcess[str]:
    environ = dict(os.environ) | {"LANDFALL_DATA_DIR": str(data_dir), "PORT": port}
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
