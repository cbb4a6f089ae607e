"""Changes get published, once and in order, whatever is killed on the way."""

from __future__ import annotations

import signal
import time
from functools import partial

from tests.faults.site import CONTENT, KILLS, Actor, Site
from tests.product import eventually

LIVE_WITHIN_SECONDS = 5.0


def shows(site: Site, status: str) -> bool:
    """Tell whether nodes see this status in Redis."""
    return site.read_status() == status


def test_worker_publishes_a_change_at_once(site: Site, actor: Actor) -> None:
    """A commit reaches Redis through Celery alone, without any loop or sweep."""
    site.start_worker()
    actor.ask("offer", "live")
    eventually(lambda: site.read_status() == "live", within_seconds=15)
    assert len(site.list_revisions()) == 2


def test_worker_killed_between_commit_and_publish(site: Site, actor: Actor) -> None:
    """The change is live within five seconds all the same, and exactly once."""
    worker = site.start_worker()
    actor.ask("offer", "live")
    eventually(lambda: site.read_status() == "live", within_seconds=15)
    watching = site.start_actor()
    watching.ask("watch")
    worker.send_signal(signal.SIGSTOP)
    committed = time.monotonic()
    actor.ask("offer", "planned")
    worker.kill()
    eventually(lambda: site.read_status() == "planned", within_seconds=LIVE_WITHIN_SECONDS)
    took = time.monotonic() - committed
    assert took < LIVE_WITHIN_SECONDS
    site.start_worker()
    eventually(lambda: site.store.client.llen("landfall") == 0, within_seconds=15)
    assert site.is_outbox_empty()
    assert len(site.list_revisions()) == 3


def test_worker_killed_while_publishing(site: Site, actor: Actor) -> None:
    """Killed at any moment, a worker loses no change and publishes none twice."""
    site.start_actor().ask("watch")
    for round_, delay in enumerate((0.0, 0.04, 0.12)):
        worker = site.start_worker()
        eventually(lambda: site.store.client.llen("landfall") == 0, within_seconds=15)
        status = ("live", "planned")[round_ % 2]
        actor.ask("offer", status)
        time.sleep(delay)
        worker.kill()
        eventually(partial(shows, site, status), within_seconds=30)
        eventually(site.is_outbox_empty)
    revisions = [revision for revision, _change in site.list_revisions()]
    assert revisions == [1, 2, 3, 4]


def test_burst_makes_few_compiles(site: Site, actor: Actor) -> None:
    """Ten changes, fifty milliseconds apart, are compiled at most three times."""
    site.start_worker()
    actor.ask("offer", "live")
    eventually(lambda: site.read_status() == "live", within_seconds=15)
    before = site.count_compiles()
    last = actor.ask("burst", 10, 0.05)
    eventually(site.is_outbox_empty, within_seconds=5)
    assert site.count_compiles() - before <= 3
    assert site.read_published_seq() == last["change_seqs"]["production"]


def test_concurrent_publishers_keep_one_order(site: Site, actor: Actor) -> None:
    """With two workers and a loop at once, revisions rise by one and changes never go back."""
    site.start_worker()
    site.start_worker()
    site.start_actor().ask("watch")
    for index in range(20):
        actor.ask("offer", ("live", "planned")[index % 2])
        if index % 4 == 3:
            eventually(site.is_outbox_empty, within_seconds=10)
    eventually(site.is_outbox_empty, within_seconds=10)
    rows = site.list_revisions()
    revisions = [revision for revision, _change in rows]
    changes = [change for _revision, change in rows]
    assert revisions == list(range(1, len(rows) + 1))
    assert changes == sorted(set(changes))
    head = site.find_head()
    assert head is not None
    assert head.revision == revisions[-1]


def test_kill_switch_waits_for_nobody(site: Site, actor: Actor) -> None:
    """Without worker and loop, a kill switch is in Redis when the request returns."""
    actor.ask("kill", "stop-pay")
    part = site.store.get(KILLS)
    assert part is not None
    assert b"stop-pay" in part.body


def test_broken_promise_keeps_the_old_revision(site: Site, actor: Actor) -> None:
    """A publish that would break an expectation is refused, visibly, and not tried in a loop."""
    site.start_worker()
    actor.ask("expect", False)
    eventually(site.is_outbox_empty, within_seconds=15)
    before = site.find_head(CONTENT)
    actor.ask("offer", "live")
    refusals = "SELECT scope, reason FROM flags_publishrefusal"
    [(scope, reason)] = eventually(lambda: site.ask_database(refusals), within_seconds=15)
    assert scope == "superapp/production"
    assert "the promise singapore says that wallet.pay is off;" in reason
    compiles = site.count_compiles()
    for _nudge in range(3):
        actor.ask("kill", f"stop-{_nudge}")
    eventually(lambda: site.store.client.llen("landfall") == 0)
    assert site.count_compiles() == compiles
    assert site.find_head(CONTENT) == before
    actor.ask("offer", "planned")
    eventually(lambda: not site.ask_database(refusals), within_seconds=5)


def test_publish_says_what_it_published(site: Site, actor: Actor) -> None:
    """`manage.py publish` names the new parts, and says so when there are none."""
    actor.ask("offer", "live")
    first = site.manage("publish", "--environment", "production")
    second = site.manage("publish", "--environment", "production")
    unknown = site.manage("publish", "--environment", "moon")
    assert first.stdout.splitlines()[-1] == "production: superapp/content 2"
    assert second.stdout.splitlines()[-1] == "production: nothing new"
    assert unknown.returncode == 1
    assert "There is no environment “moon”" in unknown.stderr
