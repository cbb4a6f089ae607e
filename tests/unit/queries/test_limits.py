"""What else limits a feature in a cell: endings, caps and partners."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.evaluate import evaluate
from flags.engine.result import Reason
from flags.models import Cap
from flags.operations.caps import SetCap
from flags.operations.lifecycles import SetLifeCycle
from flags.operations.offers import SetOffer
from flags.operations.partners import SetPartner
from flags.queries.boards import cell_detail
from flags.queries.definitions import load_definitions
from flags.queries.limits import Limit
from regions.governance.commands import Command
from tests.unit.world import NOW, Do, a_feature

SCOPE: dict[str, Any] = {"app": "shop", "environment": "production"}
WHY: dict[str, Any] = {"reason": "because", "owner": "pay-team"}
CLOSED, SUNSET = date(2026, 11, 20), date(2026, 11, 21)
FEATURES = ("pay.card", "pay.city", "pay.old")


def rules() -> list[Command]:
    """Return live features of which one ends, one is capped and one needs partners."""
    cycle = {**SCOPE, **WHY, "feature": "pay.old"}
    partner = {"app": "shop", "name": "Bank", "features": ("pay.city",), **WHY}
    return [
        a_feature("pay.old"),
        a_feature("pay.city", partner_basis="account"),
        SetOffer(**SCOPE, **WHY, bundle="pay", status="live"),
        SetLifeCycle(**cycle, closed_to_new_date=CLOSED, sunset_date=SUNSET),
        SetLifeCycle(**cycle, territory="US", sunset_date=date(2099, 1, 1)),
        SetCap(**SCOPE, **WHY, feature="pay.card", territory="SG", limit=1),
        SetPartner(key="one", territory="SG", city="North", ends_date=SUNSET, **partner),
        SetPartner(key="two", territory="SG", city=" north ", wallets=("SGD",), **partner),
        SetPartner(key="all", territory="US", **partner),
    ]


@pytest.fixture
def limited(world: Do) -> Do:
    """Have the rules and a full cap, and return the door."""
    for command in rules():
        world(command)
    Cap.objects.update(enrolled=1)
    return world


def find(code: str, now: datetime) -> dict[str, tuple[Limit, ...]]:
    """Return the limits of each feature in a cell."""
    detail = cell_detail("shop", "production", code, "pay", now)
    assert detail is not None
    return {key: limits for key, limits in detail.limits.items() if key in FEATURES}


def test_each_kind_is_told_where_it_holds(limited: Do) -> None:
    """The most specific life cycle alone; partners of one city once."""
    assert {
        "pay.card": (Limit(kind="cap-full"),),
        "pay.city": (Limit(kind="partners", cities=1),),
        "pay.old": (
            Limit(kind="sunset", date=SUNSET, begun=False),
            Limit(kind="closed-to-new", date=CLOSED),
        ),
    } == find("SG", NOW)
    assert {
        "pay.card": (),
        "pay.city": (Limit(kind="partners", cities=None),),
        "pay.old": (Limit(kind="sunset", date=date(2099, 1, 1), begun=False),),
    } == find("US", NOW)
    assert (Limit(kind="partners", cities=0),) == find("IT", NOW)["pay.city"]


@pytest.mark.parametrize("hour", [-48, -21, -20, 3, 4, 11, 12, 40])
def test_what_closes_is_what_the_engine_closes(limited: Do, hour: int) -> None:
    """Around the local midnights of three zones, for people who are new."""
    now = datetime.fromtimestamp(NOW.timestamp() + 3600 * hour, UTC)
    compiled = compile_snapshot(load_definitions("shop", "production"))
    expected, found = {}, {}
    for code in ("IT", "SG", "US"):
        places = dict.fromkeys(("accountCountry", "locationCountry"), code)
        context = Context(
            now=now,
            dice=lambda _sides: 1,
            properties={**places, "city": "north", "walletCurrency": "SGD"},
        )
        for key, limits in find(code, now).items():
            reason = evaluate(compiled, key, context).reason
            expected[code, key] = reason is not Reason.LIVE
            found[code, key] = any(limit.closes for limit in limits)
    assert expected == found


def test_limits_cost_the_same_however_many_there_are(limited: Do) -> None:
    """The number of queries does not grow with rows."""
    before = _count()
    for number in range(3):
        key = f"pay.more-{number}"
        limited(a_feature(key, partner_basis="account"))
        limited(SetCap(**SCOPE, **WHY, feature=key, limit=1))
        limited(SetLifeCycle(**SCOPE, **WHY, feature=key, sunset_date=SUNSET))
        limited(
            SetPartner(app="shop", key=key, name="Bank", features=(key,), territory="SG", **WHY)
        )
    assert (14, 14) == (before, _count())


def _count() -> int:
    with CaptureQueriesContext(connection) as queries:
        find("SG", NOW)
    return len(queries)
