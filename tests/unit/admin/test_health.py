"""The page about Landfall itself, before, while and after things go well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from flags.operations.probes import keep_result, prepare_canary
from flags.publishing.nodes import make_receipt, write_receipt
from flags.publishing.probes import note_sweep
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import Head, PartKey
from regions.governance.policy import CANARY, PROBE
from tests.redis_server import RedisServer
from tests.unit.admin.conftest import SignIn
from tests.unit.world import NOW, Do


@pytest.fixture
def store(settings: Settings) -> Iterator[RedisStore]:
    """Give an empty Redis to the pages."""
    with RedisServer() as server:
        settings.REDIS_URL = server.url
        yield RedisStore(server.url)


def read(sign_in: SignIn, person: str = "guest") -> str:
    """Return the page as this person gets it."""
    answer = sign_in(person).get(reverse("health"))
    assert 200 == answer.status_code
    return str(answer.content, "utf-8")


def test_everybody_on_the_staff_may_look(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """Show the page before anything was measured, and say how to begin."""
    for person in ("admin", "pm", "translator", "guest"):
        page = read(sign_in, person)
        assert "No change was measured in the last hour." in page
        assert "LANDFALL_PUBLIC_URL" in page
    assert "Have not been heard of yet." in page
    assert "No node has reported in the last five seconds." in page


def test_figures_are_drawn(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """Tell the newest figure in the headline, and draw one bar for each."""
    now = timezone.now()
    for number in range(10):
        at = now - timedelta(minutes=10 - number)
        keep_result("production", at=at, seconds=0.1, trouble="")
    keep_result("production", at=now, seconds=0.137, trouble="")
    note_sweep(store)
    page = read(sign_in)
    assert "A change reaches apps in 0.14 s." in page
    assert 11 == page.count("<rect ")
    assert "lf-alarm" not in page
    assert "Looked for changes" in page


def test_a_failure_is_told_in_its_own_words(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """Stand in red, with what was seen, escaped."""
    told = "Not seen within 10 s. http://x does not answer within 2 s. <b>"
    keep_result("production", at=timezone.now(), seconds=None, trouble=told)
    page = read(sign_in)
    assert "The newest change did not reach apps." in page
    assert "http://x does not answer within 2 s. &lt;b&gt;" in page
    assert "lf-alarm" in page
    assert "lf-bar-failed" in page


def test_silence_is_no_success(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """Say how long nothing has been measured, whatever was measured last."""
    at = timezone.now() - timedelta(minutes=7, seconds=1)
    keep_result("production", at=at, seconds=0.1, trouble="")
    page = read(sign_in)
    assert "No change has been measured for 7 minutes." in page
    assert "lf-alarm" in page


def test_nodes_are_named(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """List every node that has spoken, with the environments that it serves."""
    key = PartKey(environment="production", app="shop", part="content")
    heads = {key: Head(epoch=1, revision=1, digest="")}
    write_receipt(store, make_receipt("web-1:7", "production", heads))
    page = read(sign_in)
    assert "web-1:7" in page
    assert "Serves all of Production." in page


def test_a_page_opens_no_new_connection(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """Ask Redis by the connection that the process has, however often somebody looks."""
    read(sign_in)
    before = store.client.info()["total_connections_received"]
    for _again in range(3):
        read(sign_in)
    assert before == store.client.info()["total_connections_received"]


def test_without_redis_the_page_still_answers(
    world: Do, sign_in: SignIn, settings: Settings
) -> None:
    """Say what Redis being away means."""
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    page = read(sign_in)
    assert "Does not answer. Nodes read the database" in page
    assert "Redis does not answer, so the nodes are unknown." in page


def test_the_canary_is_in_nobodys_way(world: Do, sign_in: SignIn, store: RedisStore) -> None:
    """Leave it out of board, lists and choices; the audit and the tokens show it on request."""
    prepare_canary("production", now=NOW)
    client = sign_in("admin")
    audit = reverse("admin:governance_auditentry_changelist")
    pages = {
        name: str(client.get(address).content, "utf-8")
        for name, address in {
            "board": reverse("board:board"),
            "features": reverse("admin:flags_feature_changelist"),
            "targeting": reverse("admin:flags_strategy_changelist"),
            "audit": audit,
            "new feature": reverse("admin:flags_feature_add"),
            "new token": reverse("admin:flags_clienttoken_add"),
        }.items()
    }
    assert {} == {name: page for name, page in pages.items() if CANARY in page or "canary" in page}
    assert "canary" in str(client.get(f"{audit}?actor_name={PROBE}").content, "utf-8")
    tokens = client.get(reverse("admin:flags_clienttoken_changelist"))
    assert PROBE in str(tokens.content, "utf-8")
