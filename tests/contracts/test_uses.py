"""When tokens were last used: from the nodes through Redis to the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from flags.models import ClientToken
from flags.operations.tokens import CreateToken
from flags.operations.uses import keep_uses
from flags.publishing.redis_store import RedisStore
from flags.publishing.uses import list_uses, shorten, write_uses
from regions.governance.execute import execute
from regions.governance.models import AuditEntry
from regions.operations import SetApp, SetEnvironment
from regions.operations.territories import AddTerritory
from tests.redis_server import RedisServer

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DIGEST = "ab" * 32


@pytest.fixture
def store() -> Iterator[RedisStore]:
    """Give an empty Redis."""
    with RedisServer() as server:
        yield RedisStore(server.url)


def test_uses_come_back_by_the_minute_of_redis(store: RedisStore) -> None:
    """Tell minutes and shortened digests only, and nothing at all for nothing."""
    write_uses(store, [])
    assert {} == list_uses(store)
    write_uses(store, [("production", DIGEST), ("staging", "cd" * 32)])
    found = list_uses(store)
    assert {("production", "ab" * 8), ("staging", "cd" * 8)} == found.keys()
    at = found["production", shorten(DIGEST)]
    behind = datetime.fromtimestamp(store.client.time()[0], UTC) - at
    assert (0, 0) == (at.second, at.microsecond)
    assert timedelta(0) <= behind < timedelta(minutes=2)
    assert 0 < store.client.ttl("landfall:token-uses") <= 86_400


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (NOW, NOW),
        (NOW - timedelta(minutes=1), NOW),
        (NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)),
    ],
)
def test_rows_keep_the_latest_minute_and_the_audit_none(
    db: None, told: datetime, expected: datetime
) -> None:
    """A clock that went back takes nothing back; other tokens and strangers stay as they were."""
    for command in (
        SetEnvironment(key="production", name="Production"),
        AddTerritory(code="SG"),
        SetApp(key="shop", name="Shop", home_territory="SG", platforms=("ios",), territories=()),
        *(
            CreateToken(
                environment="production",
                kind="backend",
                name=name,
                token=f"*:production.secret-{name}",
            )
            for name in ("used", "unused")
        ),
    ):
        execute(command, actor=None, now=NOW)
    audited = AuditEntry.objects.count()
    short = shorten(ClientToken.objects.get(name="used").digest)
    assert 1 == keep_uses({("production", short): NOW, ("staging", short): told})
    keep_uses({("production", short): told, ("production", "f" * 16): told})
    rows = dict(ClientToken.objects.values_list("name", "last_used_at"))
    assert {"used": expected, "unused": None} == rows
    assert audited == AuditEntry.objects.count()
    assert 0 == keep_uses({})
