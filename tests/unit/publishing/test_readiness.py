"""A publisher that is warm, that collects no garbage meanwhile, and that looks after itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from django.db.models import F

from flags.models import Offer
from flags.publishing import collector, readiness
from flags.publishing import publish as publishing
from flags.publishing.collector import tidy_up, without_collector
from flags.publishing.publish import find_drift, publish, rehearse
from flags.publishing.readiness import check_readings, warm_up
from flags.queries.snapshots import load_heads
from regions.governance.models import Environment
from tests.unit.publishing.shop import NOW, expect, offer
from tests.unit.publishing.test_parts import CONTENT


@pytest.fixture(autouse=True)
def thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the collector as it was, and check readings at every call."""
    monkeypatch.setattr(readiness, "CHECK_EVERY_SECONDS", 0.0)
    yield
    gc.unfreeze()


def test_a_warm_publisher_has_read_and_proved_everything(shop: None) -> None:
    """It publishes nothing, and the first publish finds all of it."""
    offer("planned")
    warm_up(read_clock=lambda: NOW)
    assert load_heads() == {}
    assert list(publishing._read) == ["production"]
    assert list(publishing._proved) == ["superapp/production"]
    published = publish("production", now=NOW)
    assert published is not None
    assert published.revisions["superapp/content"] == 1


def test_what_cannot_be_proved_keeps_no_worker_from_starting(shop: None) -> None:
    """A broken promise is told by the publish itself."""
    expect(value=True)
    warm_up(read_clock=lambda: NOW)
    assert publishing._proved == {}


def test_a_change_that_nobody_told_of_is_found(shop: None) -> None:
    """Rows that were changed behind the door's back are published once they are read in full."""
    publish("production", now=NOW)
    offer("live")
    publish("production", now=NOW)
    Offer.objects.update(status="planned")
    assert load_heads()[CONTENT].revision == 2
    check_readings(read_clock=lambda: NOW)
    assert load_heads()[CONTENT].revision == 3


def test_a_right_reading_is_left_alone(shop: None) -> None:
    """What was read piece by piece and is what the rows say is no drift; nor is a new change."""
    rehearse("production", now=NOW)
    assert not find_drift("production")
    offer("live")
    publish("production", now=NOW)
    assert not find_drift("production")
    offer("planned")
    publish("production", now=NOW)
    Environment.objects.update(change_seq=F("change_seq") + 1)
    assert not find_drift("production")


def test_definitions_are_kept_once(shop: None) -> None:
    """What was read and what was compiled from it are one object after a publish."""
    offer("live")
    publish("production", now=NOW)
    read = publishing._read["production"].apps[0].definitions
    assert publishing._proved["superapp/production"].snapshot.definitions is read


def test_nothing_is_collected_during_a_publish() -> None:
    """The collector rests for the block and works again after it, whatever happened."""

    def publish_badly() -> None:
        with without_collector():
            assert not gc.isenabled()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_badly()
    assert gc.isenabled()


def test_what_publishes_replaced_is_freed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what had been taken out of the collector's sight."""
    monkeypatch.setattr(collector, "PUBLISHES_PER_COLLECTION", 1)

    class Circle:
        """Something that counting references never frees."""

        itself: Circle

    circle = Circle()
    circle.itself = circle
    found = ref(circle)
    gc.freeze()
    del circle
    tidy_up()
    assert found() is None
