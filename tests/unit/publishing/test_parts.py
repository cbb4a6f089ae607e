"""Kill switches and tokens as parts, and what the database says of all parts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from flags.models import Snapshot
from flags.publishing.access import publish_access
from flags.publishing.kills import publish_kills
from flags.publishing.publish import publish
from flags.publishing.snapshot import decode_access
from flags.publishing.store import DamagedPart, PartKey
from flags.queries.snapshots import DatabaseSource, load_heads
from regions.governance.models import Outbox
from regions.operations import SetApp
from tests.unit.publishing.shop import NOW, act, offer, pull_kill

KILLS = PartKey(environment="production", app="superapp", part="kills")
CONTENT = PartKey(environment="production", app="superapp", part="content")


def test_kills_are_published_once(shop: None) -> None:
    """The same kill switches make no second revision, and leave nothing in the outbox."""
    pull_kill()
    first = publish_kills("production", "superapp", now=NOW)
    again = publish_kills("production", "superapp", now=NOW)
    assert [part.key for part in first] == [KILLS]
    assert again == ()
    assert not Outbox.objects.filter(part="kills").exists()


def test_kills_of_every_app_leave_the_outbox_together(shop: None) -> None:
    """An outbox row does not tell its app, so a crash in one app's request costs nobody else."""
    act(SetApp(key="kiosk", name="Kiosk"))
    pull_kill()
    parts = publish_kills("production", "kiosk", now=NOW)
    assert sorted(part.key.app for part in parts) == ["kiosk", "superapp"]


def test_kills_leave_content_waiting(shop: None) -> None:
    """A kill switch takes no content change with it."""
    before = Outbox.objects.filter(part="content").count()
    pull_kill()
    publish_kills("production", "superapp", now=NOW)
    assert Outbox.objects.filter(part="content").count() == before > 0


def test_access_names_the_apps(shop: None) -> None:
    """The access part is one per environment and lists its apps."""
    [part] = publish_access("production", now=NOW)
    assert part.key == PartKey(environment="production", app="*", part="access")
    assert decode_access(part.body).apps == ("superapp",)
    assert publish_access("production", now=NOW) == ()


def test_heads_cost_three_queries(
    shop: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """However many snapshots there are, heads cost the same and name the newest."""
    publish("production", now=NOW)
    for index, status in enumerate(("live", "planned", "live")):
        offer(status)
        publish("production", now=NOW + timedelta(seconds=index))
    with django_assert_num_queries(3):
        heads = load_heads()
    assert heads[CONTENT].revision == 4
    assert heads[KILLS].revision == 1


def test_higher_epoch_is_newer(shop: None) -> None:
    """After a restore, a lower revision of a new epoch is the newest."""
    publish("production", now=NOW)
    row = Snapshot.objects.get(part="content")
    Snapshot.objects.filter(pk=row.pk).update(revision=9)
    row.pk, row.epoch, row.revision = None, 2, 1
    row.save(force_insert=True)
    head = DatabaseSource().heads()[CONTENT]
    assert (head.epoch, head.revision) == (2, 1)


def test_damaged_row_is_not_served(shop: None) -> None:
    """A body that does not match its digest is refused, also from the database."""
    publish("production", now=NOW)
    Snapshot.objects.filter(part="content").update(body=b"{}")
    with pytest.raises(DamagedPart):
        DatabaseSource().get(CONTENT)


def test_unknown_parts_and_bundles_are_none(shop: None) -> None:
    """Nothing published is no error."""
    assert DatabaseSource().get(CONTENT) is None
    assert DatabaseSource().get_blob("0" * 64) is None
