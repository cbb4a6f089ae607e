"""The probe's figures: from the worker through Redis to a node's metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flags.delivery.metrics import Counters
from flags.delivery.probed import ProbeFigures
from flags.publishing.probes import (
    Figures,
    note_sweep,
    read_figures,
    read_sweep_age,
    write_figures,
)
from flags.publishing.redis_store import RedisStore
from tests.redis_server import RedisServer


@pytest.fixture
def store() -> Iterator[RedisStore]:
    """Give an empty Redis."""
    with RedisServer() as server:
        yield RedisStore(server.url)


def test_figures_come_back_with_counts_and_age(store: RedisStore) -> None:
    """Count every probe and every failure, and tell the newest by the clock of Redis."""
    assert read_figures(store) is None
    write_figures(store, Figures(arrived=True, seconds={"last": 0.25}))
    write_figures(store, Figures(arrived=False, seconds={"last": 0.25}))
    store.client.hincrby("landfall:probe", "at", -30)
    found = read_figures(store)
    assert found is not None
    assert (False, {"last": 0.25}, 2, 1) == (
        *(found.arrived, found.seconds),
        *(found.probes, found.failures),
    )
    assert 30 <= found.age_seconds < 40


def test_a_node_tells_them_in_its_metrics(store: RedisStore) -> None:
    """Tell nothing but zeros before the first probe, then seconds, success and age."""
    counters = Counters()
    figures = ProbeFigures(counters)
    figures.renew(store)
    assert b"landfall_probe_failures_total 0" in counters.render()
    assert b"\nlandfall_probe_age_seconds " not in counters.render()
    write_figures(store, Figures(arrived=True, seconds={"last": 0.25, "p99": 0.5}))
    figures.renew(store)
    told = counters.render().decode()
    for expected in (
        'landfall_probe_seconds{figure="last"} 0.25\n',
        'landfall_probe_seconds{figure="p99"} 0.5\n',
        "landfall_probe_arrived 1.0\n",
        "landfall_probes_total 1\n",
    ):
        assert expected in told
    assert "landfall_probe_age_seconds " in told


@pytest.mark.parametrize(
    "fields",
    [
        {"at": 1, "figures": '{"arrived": "yes", "seconds": {}}', "probes": 1, "failures": 0},
        {"at": 1, "figures": b"\xff", "probes": 1, "failures": 0},
        {"at": 1, "figures": '{"arrived": true, "seconds": {}}', "probes": "x", "failures": 0},
        {"at": 1, "probes": 1},
    ],
)
def test_figures_that_cannot_be_read_are_passed_over(
    store: RedisStore, fields: dict[Any, Any]
) -> None:
    """Tell what was read before: a worker of another version may write what it likes."""
    counters = Counters()
    figures = ProbeFigures(counters)
    write_figures(store, Figures(arrived=True, seconds={"last": 0.25}))
    figures.renew(store)
    store.client.delete("landfall:probe")
    store.client.hset("landfall:probe", mapping=fields)
    assert read_figures(store) is None
    figures.renew(store)
    assert b'landfall_probe_seconds{figure="last"} 0.25\n' in counters.render()


def test_a_sweep_is_told_with_its_age(store: RedisStore) -> None:
    """Know nothing of a worker that never looked, else when it did."""
    assert read_sweep_age(store) is None
    note_sweep(store)
    assert read_sweep_age(store) in {0.0, 1.0}
