"""What people are shown gets from real clients into the rows of the real product."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from UnleashClient import UnleashClient

from tests.product import BACKEND_TOKEN, FRONTEND_TOKEN, Product, eventually, free_port

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("usage")]

FEATURE = "commerce.collections"
# A node sends every ten seconds or so, the worker folds every minute.
WITHIN_SECONDS = 100
ASKED = 25


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, prepared_folder: Path) -> Iterator[Product]:
    """Run a product of its own, so that nobody else is counted."""
    product = Product(tmp_path_factory.mktemp("usage") / "data", free_port())
    product.copy(prepared_folder)
    product.start()
    yield product
    product.stop()


def read_counts(product: Product) -> dict[tuple[str, ...], int]:
    """Return the rows of the feature, added up over hours."""
    question = (
        "SELECT source, territory, variant, reason, platform, sum(count) FROM flags_hourlyusage"
        " WHERE feature = ? GROUP BY 1, 2, 3, 4, 5"
    )
    [path] = product.data_dir.glob("*.sqlite3")
    with closing(sqlite3.connect(path, timeout=20)) as database:
        rows = database.execute(question, (FEATURE,)).fetchall()
    return {tuple(row[:-1]): row[-1] for row in rows}


def ask_unleash(product: Product, folder: Path) -> None:
    """Have the real SDK decide and report."""
    client = UnleashClient(
        url=f"{product.base}/api",
        app_name="journey",
        environment="production",
        refresh_interval=1,
        metrics_interval=1,
        custom_headers={"Authorization": BACKEND_TOKEN},
        cache_directory=str(folder),
    )
    client.initialize_client()
    eventually(client.feature_definitions)
    for _again in range(ASKED):
        client.is_enabled(FEATURE, {"userId": "7", "properties": {"accountCountry": "SG"}})
    accepted = 'landfall_usage_reports_total{sdk="backend"}'
    eventually(lambda: accepted in httpx.get(f"{product.base}/metrics").text)
    client.destroy()


def test_real_clients_are_counted_by_the_hour(product: Product, tmp_path: Path) -> None:
    """See an SDK's report and the server's answers as rows."""
    ask_unleash(product, tmp_path)
    person = "userId=7&sessionId=7&properties[accountCountry]={}&properties[platform]=ios"
    headers = {"Authorization": FRONTEND_TOKEN}
    with httpx.Client(base_url=product.base, headers=headers) as phone:
        for code in ("SG", "SG", "SG", "BR"):
            phone.get(f"/api/frontend?{person.format(code)}").raise_for_status()

    def arrived() -> bool:
        seen = read_counts(product)
        return {"sdk", "server"} == {source for source, *_rest in seen} and ASKED == sum(
            count for (source, *_rest), count in seen.items() if source == "sdk"
        )

    eventually(arrived, within_seconds=WITHIN_SECONDS, every_seconds=1)
    seen = read_counts(product)
    by_place = {"SG": 0, "BR": 0}
    for (source, territory, _variant, _reason, platform), count in seen.items():
        if source == "server":
            assert "ios" == platform
            by_place[territory] += count
    assert {"SG": 3, "BR": 1} == by_place
