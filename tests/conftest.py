"""What every room of the tests may use: a real Redis, and the real product."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings

from launch.commands import redis_command
from tests.product import Product, eventually, free_port

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests of one group in one process, so that what they share is started once.

    pytest-xdist 3.8 writes the group behind a name that pytest 9 reads no more, so that
    `--dist loadgroup` spreads groups over all processes without a word.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        for mark in item.iter_markers("xdist_group"):
            if not item.nodeid.endswith(f"@{mark.args[0]}"):
                item._id = coerce_node_id(f"{item.nodeid}@{mark.args[0]}")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run a real Redis-compatible server at the REDIS_URL of this test process."""
    folder = Path(os.environ["LANDFALL_DATA_DIR"])
    server = subprocess.Popen(redis_command(folder), stdout=subprocess.DEVNULL)
    eventually((folder / "redis.sock").exists)
    yield os.environ["REDIS_URL"]
    server.terminate()
    server.wait(timeout=5)


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a product's folder after its first start: migrated, the demo loaded. Copy it."""
    product = Product(tmp_path_factory.mktemp("prepared") / "data", free_port())
    product.start()
    product.stop()
    return product.data_dir


@pytest.fixture(scope="session")
def landfall(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Run the whole product for the session; mark its tests `xdist_group("product")`."""
    product = Product(tmp_path_factory.mktemp("product") / "data", free_port())
    product.copy(prepared_folder)
    product.start()
    yield product
    product.stop()
