"""Redis may stall, stop or forget everything; nothing is lost and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from flags.publishing.redis_store import CHANNEL, RECONNECT_SECONDS, RedisStore
from flags.publishing.store import Head, Hint, StoreUnavailable
from regions import canonical
from tests.faults.site import ACCESS, CONTENT, KILLS, Actor, Site
from tests.product import eventually
from tests.redis_server import RedisServer

# Two time-outs of half a second and the work itself, on a busy machine.
PROMPT_SECONDS = 2.0


def stall(redis: RedisServer) -> Callable[[], None]:
    """Let Redis answer nothing, and return what ends that."""
    redis.stall()
    return redis.resume


def kill(redis: RedisServer) -> Callable[[], None]:
    """Kill Redis with all that is in it, and return what starts an empty one."""
    redis.kill()
    return redis.restart


@pytest.mark.parametrize("hurt", [stall, kill])
def test_publish_commits_without_redis(
    site: Site, actor: Actor, hurt: Callable[[RedisServer], Callable[[], None]]
) -> None:
    """Changes, publishes and kill switches succeed promptly, and Redis gets them later."""
    heal = hurt(site.redis)
    for words in (("offer", "live"), ("kill", "stop-pay"), ("publish",)):
        assert actor.ask(*words)["seconds"] < PROMPT_SECONDS
    assert site.is_outbox_empty()
    assert [revision for revision, _change in site.list_revisions()] == [1, 3]
    heal()
    actor.ask("watch")
    eventually(lambda: site.find_head(CONTENT) is not None and site.read_status() == "live")
    kills = eventually(lambda: site.store.get(KILLS))
    assert b"stop-pay" in kills.body


def test_change_returns_at_once_while_redis_stalls(site: Site, actor: Actor) -> None:
    """The nudge is sent beside the request: a change does not feel the stalled Redis at all."""
    actor.ask("offer", "live")
    site.redis.stall()
    slowest = max(
        actor.ask("offer", ("planned", "live")[index % 2])["seconds"] for index in range(5)
    )
    site.redis.resume()
    assert slowest < 0.25


def test_forgetful_redis_is_filled_again(site: Site, actor: Actor) -> None:
    """After a flush every part comes back by itself, without a new revision."""
    actor.ask("watch")
    before = site.store.heads()
    site.store.client.flushall()
    eventually(lambda: site.store.heads() == before)
    assert set(before) == {CONTENT, KILLS, ACCESS}
    assert len(site.list_revisions()) == 1


def test_worker_outlives_redis(site: Site, actor: Actor) -> None:
    """A worker whose Redis was killed and came back empty takes work again by itself."""
    site.start_worker()
    actor.ask("offer", "live")
    eventually(lambda: site.read_status() == "live", within_seconds=15)
    site.redis.kill()
    site.redis.restart()
    actor.ask("offer", "planned")

    def nudge_again() -> bool:
        actor.ask("nudge")
        return site.find_head(CONTENT) is not None and site.read_status() == "planned"

    eventually(nudge_again, within_seconds=30, every_seconds=0.5)
    assert len(site.list_revisions()) == 3


def test_worker_outlives_a_stalled_redis(site: Site, actor: Actor) -> None:
    """A worker whose Redis stood still goes on where it was."""
    site.start_worker()
    actor.ask("offer", "live")
    eventually(lambda: site.read_status() == "live", within_seconds=15)
    site.redis.stall()
    time.sleep(2.5)  # longer than the worker's own wait for a task
    site.redis.resume()
    actor.ask("offer", "planned")
    eventually(lambda: site.read_status() == "planned", within_seconds=15)


def test_stalled_redis_costs_one_time_out() -> None:
    """Every call ends after its time-out with an OSError, and works again afterwards."""
    with RedisServer() as server:
        store = RedisStore(server.url, timeout_seconds=0.2)
        store.heads()
        server.stall()
        start = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.get(CONTENT)
        took = time.monotonic() - start
        server.resume()
        assert took < 0.4
        assert store.heads() == {}


def test_listener_outlives_redis() -> None:
    """A listener hears announcements again after Redis was killed, and is told to look."""
    with RedisServer() as server:
        store = RedisStore(server.url)
        heard: list[Hint] = []
        connected: list[float] = []
        stop = threading.Event()
        thread = store.listen(
            heard.append, stop, on_connected=lambda: connected.append(time.monotonic())
        )
        hints = [Hint(key=CONTENT, head=Head(epoch=1, revision=n, digest="")) for n in (1, 2)]
        eventually(lambda: len(connected) == 1)
        store.client.publish(CHANNEL, canonical.encode(hints[0]))
        eventually(lambda: heard == hints[:1])
        server.kill()
        server.restart()
        eventually(lambda: len(connected) == 2)
        store.client.publish(CHANNEL, canonical.encode(hints[1]))
        eventually(lambda: heard == hints)
        stop.set()
        thread.join(timeout=2)
        assert not thread.is_alive()


def test_an_outage_is_told_once() -> None:
    """A log of a night without Redis has one line of lost hints, and one for the next night."""
    with RedisServer() as server, capture_logs() as logs:
        connected: list[float] = []
        stop = threading.Event()
        thread = RedisStore(server.url).listen(
            lambda _: None, stop, on_connected=lambda: connected.append(time.monotonic())
        )
        eventually(lambda: len(connected) == 1)
        for outage in (1, 2):
            server.kill()
            eventually(lambda outage=outage: len(logs) == outage)  # type: ignore[misc]
            stop.wait(3 * RECONNECT_SECONDS)
            server.restart()
            eventually(lambda outage=outage: len(connected) == outage + 1)  # type: ignore[misc]
        stop.set()
        thread.join(timeout=2)
    assert ["hints.lost"] * 2 == [line["event"] for line in logs]
