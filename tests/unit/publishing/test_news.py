"""When a publish reads only what changed, and when it reads everything anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from flags.operations.features import SetBundle
from flags.publishing import news
from flags.publishing.load import load
from flags.publishing.loaded import Loaded, Mark
from regions.governance.commands import list_registrations
from regions.governance.models import AuditEntry, Environment
from regions.operations import SetEnvironment
from tests.readings import SET_UP
from tests.unit.publishing.shop import NOW, act, expect, offer, pull_kill

# Commands that other functions give.
GIVEN_BY = {"ImportCatalog": "sync_locale", "FreeFullPlace": "leave"}
TESTS = Path(__file__).parent.parent
QUERIES_OF_ONE_OFFER = 3


def renew(last: Loaded) -> Loaded | None:
    """Read what changed since, None where that cannot be told."""
    environment = Environment.objects.get(key="production")
    return news.read_news(last, environment, using="default")


def test_only_the_changed_offer_is_read(
    shop: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The environment, the audit and the offers of one target at one place are read."""
    offer("planned")
    last = load("production")
    offer("live")
    with django_assert_num_queries(QUERIES_OF_ONE_OFFER + 2):  # and a savepoint around
        renewed = load("production", last)
    assert load("production") == renewed


def test_changes_of_several_kinds_are_read_together(shop: None) -> None:
    """An offer, a kill switch and a promise between two readings all come in."""
    last = load("production")
    offer("live")
    pull_kill()
    expect(value=False)
    renewed = renew(last)
    assert load("production") == renewed
    assert renewed is not None
    assert (1, 1, 1) == (
        len(renewed.apps[0].definitions.offers),
        len(renewed.apps[0].kills.switches),
        len(renewed.apps[0].promises),
    )


def test_another_environment_is_no_news(shop: None) -> None:
    """Audit rows of an environment do not count for the others."""
    act(SetEnvironment(key="staging", name="Staging"))
    last = load("staging")
    offer("live")
    assert load("staging") == load("staging", last)


def restore(last: Loaded) -> Loaded:
    """Have the audit's row under the known number be another, as in a restored database."""
    assert last.mark is not None
    AuditEntry.objects.filter(pk=last.mark.audit_id).update(at=NOW - timedelta(days=1))
    return last


def lose_an_audit_row(last: Loaded) -> Loaded:
    """Count a change that no audit row tells of."""
    Environment.objects.update(change_seq=F("change_seq") + 1)
    return last


def begin_an_epoch(last: Loaded) -> Loaded:
    """Begin a new epoch, as an operator does after a restore."""
    Environment.objects.update(epoch=F("epoch") + 1)
    return last


def change_what_is_not_told_by_rows(last: Loaded) -> Loaded:
    """Give a command whose effects are not bound to one table."""
    act(SetBundle(app="superapp", key="games", name="Games"))
    return last


def forget_the_mark(last: Loaded) -> Loaded:
    """Have read when there was no audit yet."""
    return replace(last, mark=None)


def tell_less(last: Loaded) -> Loaded:
    """Have an audit row of an older Landfall, which told other facts."""
    offer("live")
    AuditEntry.objects.filter(object_type="offer").update(before=None, after={"status": "live"})
    return last


@pytest.mark.parametrize(
    "trouble",
    [
        restore,
        lose_an_audit_row,
        begin_an_epoch,
        change_what_is_not_told_by_rows,
        forget_the_mark,
        tell_less,
    ],
)
def test_in_doubt_everything_is_read_anew(shop: None, trouble: Callable[[Loaded], Loaded]) -> None:
    """Whatever the audit does not account for makes a reading begin from nothing."""
    offer("planned")
    last = trouble(load("production"))
    assert renew(last) is None
    assert load("production") == load("production", last)


def test_many_changes_are_read_all_together(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of audit rows reading everything is as fast."""
    monkeypatch.setattr(news, "ROWS_MAX", 2)
    last = load("production")
    offer("live")
    offer("planned")
    assert renew(last) is not None
    offer("live")
    assert renew(last) is None


def test_a_mark_is_where_the_audit_ended(shop: None) -> None:
    """It names the newest row that concerns the environment."""
    newest = AuditEntry.objects.latest("id")
    environment = Environment.objects.get(key="production")
    assert load("production").mark == Mark(
        environment_id=environment.pk,
        epoch=1,
        change_seq=environment.change_seq,
        audit_id=newest.pk,
        audit_at=newest.at,
    )


def test_every_command_is_followed_by_both_readings() -> None:
    """Rooms whose tests compare both ways give every command that there is."""
    rooms = [*TESTS.glob("operations/*.py"), *TESTS.glob("translations/*.py"), Path(__file__)]
    said = "".join(path.read_text(encoding="utf-8") for path in rooms)
    names = {entry.command.__name__ for entry in list_registrations()} - SET_UP
    given = {name for name in names if f"{GIVEN_BY.get(name, name)}(" in said}
    assert names == given
