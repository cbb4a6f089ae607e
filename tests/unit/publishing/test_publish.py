"""What a publish makes of the rows, and when it makes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from msgspec import structs
from pytest_django import DjangoCaptureOnCommitCallbacks

from flags.engine.definitions import Feature
from flags.models import PublishRefusal, Snapshot
from flags.operations.features import SetBundle
from flags.publishing import publish as publishing
from flags.publishing.load import Loaded, load
from flags.publishing.outbox import RETRY_AFTER, list_due
from flags.publishing.prove import UnableToPublish
from flags.publishing.publish import publish
from flags.publishing.snapshot import decode_content, decode_kills
from flags.publishing.store import PartKey
from flags.queries.snapshots import DatabaseSource
from regions.governance.models import Environment, Outbox
from regions.operations import SetEnvironment
from tests.unit.publishing.shop import NOW, act, expect, offer, pull_kill

CONTENT = PartKey(environment="production", app="superapp", part="content")
KILLS = PartKey(environment="production", app="superapp", part="kills")
ACCESS = PartKey(environment="production", app="*", part="access")


def get_status() -> str:
    """Return the published status of the one offer, or nothing."""
    part = DatabaseSource().get(CONTENT)
    assert part is not None
    offers = decode_content(part.body).definitions.offers
    return offers[0].status if offers else ""


def test_first_publish_makes_every_part(shop: None) -> None:
    """A scope never has content without kill switches and tokens beside it."""
    published = publish("production", now=NOW)
    assert published is not None
    assert published.revisions == {"*/access": 1, "superapp/content": 1, "superapp/kills": 1}
    assert set(DatabaseSource().heads()) == {CONTENT, KILLS, ACCESS}
    assert not Outbox.objects.exists()


def test_a_change_takes_the_next_revision(shop: None) -> None:
    """Only what changed is new, one revision further."""
    publish("production", now=NOW)
    offer("live")
    published = publish("production", now=NOW)
    assert published is not None
    assert published.revisions == {"superapp/content": 2}
    assert get_status() == "live"


def test_timings_of_every_step_are_told(shop: None) -> None:
    """A publish says how long each of its steps took."""
    published = publish("production", now=NOW)
    assert published is not None
    assert set(published.took_ms) == {"load", "compile", "prove", "save", "deliver", "note"}


def test_nothing_new_is_not_even_loaded(shop: None) -> None:
    """Without a change since the last publish there is nothing to do."""
    publish("production", now=NOW)
    assert publish("production", now=NOW) is None


def test_same_digest_publishes_nothing(shop: None) -> None:
    """A change that was taken back before the publish makes no revision."""
    offer("planned")
    publish("production", now=NOW)
    offer("live")
    offer("planned")
    published = publish("production", now=NOW)
    assert published is not None
    assert published.revisions == {}
    assert Environment.objects.get().revision == 1
    assert not Outbox.objects.exists()


def test_again_publishes_without_a_change(shop: None) -> None:
    """After an upgrade the same rows may make other bytes; asked for, they are compared."""
    publish("production", now=NOW)
    published = publish("production", now=NOW, again=True)
    assert published is not None
    assert published.revisions == {}


def test_older_result_never_overwrites_a_newer(shop: None) -> None:
    """A publisher that read before another change and finishes after it is dropped."""
    offer("planned")
    older = load("production")
    prepared = [
        publishing._prepare(older, entry, publishing._Watch(), now=NOW) for entry in older.apps
    ]
    offer("live")
    publish("production", now=NOW)
    assert publishing._save(older, prepared, now=NOW, again=True) is None
    assert get_status() == "live"


def test_change_during_a_publish_stays_in_the_outbox(shop: None) -> None:
    """What was committed after the publish had read is still waiting when it is done."""
    offer("planned")
    loaded = load("production")
    prepared = [
        publishing._prepare(loaded, entry, publishing._Watch(), now=NOW) for entry in loaded.apps
    ]
    late = offer("live").change_seqs["production"]
    publishing._save(loaded, prepared, now=NOW, again=False)
    assert [row.change_seq for row in Outbox.objects.all()] == [late]
    assert get_status() == "planned"


def test_broken_promise_keeps_what_is_live(shop: None) -> None:
    """The refusal names expectation, expected and got; the old revision stays."""
    expect(value=False)
    publish("production", now=NOW)
    offer("live")
    with pytest.raises(
        UnableToPublish, match=r"singapore says that wallet\.pay is off; .* would be on"
    ) as it:
        publish("production", now=NOW)
    assert it.value.scope == "superapp/production"
    assert get_status() == ""
    assert PublishRefusal.objects.get().reason == it.value.reason


def test_refused_publish_waits_for_a_change_or_time(shop: None) -> None:
    """No hot loop: a refusal is tried again after thirty seconds, or when something changes."""
    expect(value=True)
    with pytest.raises(UnableToPublish):
        publish("production", now=NOW)
    assert list_due(now=NOW) == []
    assert [due.part for due in list_due(now=NOW + RETRY_AFTER)] == ["content"]
    offer("live")
    assert [due.part for due in list_due(now=NOW)] == ["content"]
    publish("production", now=NOW)
    assert not PublishRefusal.objects.exists()


def test_pulled_kill_switch_refuses_no_publish(shop: None) -> None:
    """An expectation that a kill switch breaks for now does not stop other changes."""
    expect(value=True)
    offer("live")
    publish("production", now=NOW)
    pull_kill()
    offer("live")
    assert publish("production", now=NOW, again=True) is not None


def test_released_kill_switch_refuses_no_publish(shop: None) -> None:
    """An expectation of KILLED does not stop publishing when nothing is killed any more."""
    offer("live")
    expect(value=False, reason="KILLED")
    assert publish("production", now=NOW) is not None


def test_broken_rows_refuse_instead_of_ending_the_publisher(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever compile raises is kept as a refusal with its words."""

    def fail(*_given: object) -> None:
        raise RuntimeError("a broken feature")

    monkeypatch.setattr(publishing, "compile_snapshot", fail)
    with pytest.raises(UnableToPublish, match="RuntimeError: a broken feature"):
        publish("production", now=NOW)
    assert "a broken feature" in PublishRefusal.objects.get().reason


def test_broken_feature_is_published_off_and_named(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other features of the environment do not wait until somebody mends it."""

    def load_broken(environment_key: str, _last: Loaded | None) -> Loaded:
        loaded = load(environment_key)
        entry = loaded.apps[0]
        lost = Feature(key="lost", profile="nowhere")
        definitions = structs.replace(
            entry.definitions, features=(*entry.definitions.features, lost)
        )
        return replace(loaded, apps=(replace(entry, definitions=definitions),), mark=None)

    monkeypatch.setattr(publishing, "load", load_broken)
    published = publish("production", now=NOW)
    assert published is not None
    assert published.broken == ("superapp/lost: there is no platform profile 'nowhere'",)
    assert not PublishRefusal.objects.exists()


def test_end_of_a_tasks_time_is_no_refusal(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task ends; nothing is held against the rows."""

    def fail(*_given: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(publishing, "compile_snapshot", fail)
    with pytest.raises(SoftTimeLimitExceeded):
        publish("production", now=NOW)
    assert not PublishRefusal.objects.exists()


def test_kill_switch_is_published_by_its_own_command(
    shop: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """Content that cannot be published does not hold a kill switch back, nor does Redis."""
    expect(value=True)
    with django_capture_on_commit_callbacks(execute=True):
        pull_kill()
    part = DatabaseSource().get(KILLS)
    assert part is not None
    assert [switch.rule.key for switch in decode_kills(part.body).switches] == ["stop-pay"]
    assert not Outbox.objects.filter(part="kills").exists()


def test_parts_of_one_environment_share_one_order(
    shop: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """Kill switches and content take turns at the same revisions."""
    publish("production", now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        pull_kill()
    offer("live")
    publish("production", now=NOW)
    order = Snapshot.objects.order_by("id").values_list("part", "revision")
    assert list(order)[-2:] == [("kills", 2), ("content", 3)]


def test_global_change_reaches_every_environment(shop: None) -> None:
    """A bundle belongs to no environment: its change waits in each of them."""
    publish("production", now=NOW)
    act(SetEnvironment(key="staging", name="Staging"))
    publish("production", now=NOW)
    publish("staging", now=NOW)
    act(SetBundle(app="superapp", key="wallet", name="Purse"))
    assert [due.environment for due in list_due(now=NOW)] == ["production", "staging"]


def test_kill_switches_and_tokens_are_read_only_where_they_wait(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of offers alone does not look at their rows."""
    publish("production", now=NOW)
    read: list[object] = []
    monkeypatch.setattr(publishing, "draft_kills", read.append)
    monkeypatch.setattr(publishing, "draft_access", lambda one, **_: read.append(one))
    offer("live")
    published = publish("production", now=NOW)
    assert published is not None
    assert ({"superapp/content": 2}, []) == (published.revisions, read)


def test_kill_switch_of_a_crashed_request_comes_with_the_next_publish(shop: None) -> None:
    """It is committed and waits in the outbox, although its request never published it."""
    publish("production", now=NOW)
    pull_kill()
    offer("live")
    published = publish("production", now=NOW)
    assert published is not None
    assert {"superapp/content": 2, "superapp/kills": 2} == published.revisions
    assert not Outbox.objects.exists()


@pytest.mark.parametrize(("part", "name"), [("kills", "superapp/kills"), ("access", "*/access")])
def test_lost_part_comes_with_the_next_publish(shop: None, part: str, name: str) -> None:
    """A scope never has content without kill switches and tokens, whatever became of them."""
    publish("production", now=NOW)
    Snapshot.objects.filter(part=part).delete()
    offer("live")
    published = publish("production", now=NOW)
    assert published is not None
    assert {"superapp/content": 2, name: 2} == published.revisions
