"""Counts get from Redis into the rows once, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from flags.models import FoldedBatch, HourlyUsage
from flags.operations import usage
from flags.operations.usage import fold, prune
from flags.publishing.exposure import (
    OTHER,
    Batch,
    Parcel,
    Seen,
    add_parcel,
    forget_batch,
    list_batches,
    read_batch,
    take_batch,
)
from flags.publishing.redis_store import RedisStore
from tests.redis_server import RedisServer
from tests.unit.world import NOW, Do

HOUR = NOW.replace(minute=0, second=0, microsecond=0)
CARD = Seen("shop", "pay.card", "", "SG", "LIVE", "ios", "server")


class Died(BaseException):
    """The worker is no more."""


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Run a Redis for the module."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def store(redis: RedisServer) -> RedisStore:
    """Return an empty store."""
    store = RedisStore(redis.url)
    store.client.flushall()
    return store


def parcel(name: str, count: int = 3, *, seen: Seen = CARD) -> Parcel:
    """Build a parcel of one line."""
    return Parcel(name, "production", {seen: count})


def batch(name: str, counts: dict[tuple[datetime, Seen], int]) -> Batch:
    """Build a batch of production."""
    return Batch(name, "production", counts)


def total() -> int:
    """Add up all rows."""
    return HourlyUsage.objects.aggregate(sum=Sum("count"))["sum"] or 0


def fold_all(store: RedisStore) -> None:
    """Do what the task does."""
    take_batch(store, "production", f"b{FoldedBatch.objects.count()}")
    for name in list_batches(store):
        fold(read_batch(store, name), now=NOW)
        forget_batch(store, name)


def test_parcels_of_nodes_add_up_to_a_row(world: Do, store: RedisStore) -> None:
    """Keep the hour of Redis and every dimension; a parcel that comes again counts once."""
    for name in ("a", "b", "a"):
        add_parcel(store, parcel(name))
    fold_all(store)
    row = HourlyUsage.objects.select_related("app", "environment").get()
    assert 6 == row.count
    assert CARD == Seen(
        *(row.app.key, row.feature, row.variant, row.territory),
        *(row.reason, row.platform, row.source),
    )
    assert (0, 0) == (row.hour.minute, row.hour.second)
    add_parcel(store, parcel("c"))
    fold_all(store)
    assert [9] == list(HourlyUsage.objects.values_list("count", flat=True))
    assert [] == list_batches(store)


def test_a_worker_that_dies_folds_nothing_twice_and_loses_nothing(
    world: Do, store: RedisStore
) -> None:
    """Die after each step; the next worker goes on from there, twice to be sure."""
    for step in range(4):
        add_parcel(store, parcel(f"p{step}"))
        if step >= 1:
            take_batch(store, "production", f"dead{step}")
        if step >= 2:
            fold(read_batch(store, list_batches(store)[0]), now=NOW)
        if step >= 3:
            forget_batch(store, list_batches(store)[0])
        fold_all(store)
        fold_all(store)
        assert 3 * (step + 1) == total()


def test_two_workers_with_the_same_batch_write_it_once(world: Do, store: RedisStore) -> None:
    """Let the second find that it is done."""
    add_parcel(store, parcel("a"))
    take_batch(store, "production", "x")
    found = read_batch(store, list_batches(store)[0])
    assert [1, 0] == [fold(found, now=NOW), fold(found, now=NOW)]
    assert 3 == total()


def test_a_transaction_that_fails_leaves_the_batch_for_later(
    world: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write the mark and the rows together or not at all."""
    with monkeypatch.context() as broken:
        broken.setattr("flags.operations.usage._ADD", "INSERT INTO nothing VALUES ")
        with pytest.raises(Exception, match="nothing"):
            fold(batch("x", {(HOUR, CARD): 1}), now=NOW)
    assert 0 == FoldedBatch.objects.count()
    assert 1 == fold(batch("x", {(HOUR, CARD): 1}), now=NOW)


def test_a_batch_that_was_folded_in_part_is_folded_to_its_end(
    world: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Die between two slices: those that are in are left alone, the others follow."""
    monkeypatch.setattr("flags.operations.usage.SLICE_LINES", 3)
    lines = {(HOUR, CARD._replace(variant=f"v{number}")): 2 for number in range(10)}
    add = usage.add_rows
    slices: list[int] = []

    def die(*arguments: Any) -> None:
        slices.append(len(arguments[0]))
        if len(slices) == 3:
            raise Died
        add(*arguments)

    with monkeypatch.context() as broken:
        broken.setattr(usage, "add_rows", die)
        with pytest.raises(Died):
            fold(batch("x", lines), now=NOW)
    assert 12 == total()
    assert 4 == fold(batch("x", lines), now=NOW)
    assert 20 == total()


def test_a_flood_of_lines_joins_the_others_in_redis(world: Do, store: RedisStore) -> None:
    """Keep the sum of each app and source."""
    counts = {CARD._replace(feature=f"f{number}"): 2 for number in range(20)}
    add_parcel(store, Parcel("a", "production", counts), lines_max=5)
    take_batch(store, "production", "x")
    found = read_batch(store, list_batches(store)[0])
    assert 40 == sum(found.counts.values())
    assert 6 == len(found.counts)
    joined = Seen("shop", OTHER, OTHER, OTHER, OTHER, OTHER, "server")
    assert [30] == [count for (_at, seen), count in found.counts.items() if seen == joined]


def test_an_hour_has_a_bounded_number_of_rows(world: Do) -> None:
    """Join new combinations; those that are there still count."""
    lines = {(HOUR, CARD._replace(variant=f"v{number}")): 1 for number in range(10)}
    fold(batch("a", lines), now=NOW, rows_max=4)
    fold(batch("b", lines), now=NOW, rows_max=4)
    assert 20 == total()
    assert 5 == HourlyUsage.objects.count()
    assert 12 == HourlyUsage.objects.get(variant=OTHER).count


def test_lines_that_nobody_can_place_are_left_out(world: Do, store: RedisStore) -> None:
    """Fold the rest of a batch whose app is gone or whose text is another version's."""
    add_parcel(store, parcel("a", seen=CARD._replace(app="gone")))
    add_parcel(store, parcel("b"))
    store.client.hset("landfall:exposure:production", "nonsense", "1")
    fold_all(store)
    assert 3 == total()
    assert 0 == fold(Batch("y", "nowhere", {(HOUR, CARD): 1}), now=NOW)


def test_old_hours_go_and_newer_stay(world: Do) -> None:
    """Keep so many days, and no mark of a batch that Redis cannot bring again."""
    for days in (0, 89, 91, 400):
        at = HOUR - timedelta(days=days)
        fold(batch(f"b{days}", {(at, CARD): 1}), now=at)
    assert 2 == prune(now=NOW, days=90)
    assert 2 == HourlyUsage.objects.count()
    assert ["b0#0"] == list(FoldedBatch.objects.values_list("name", flat=True))
