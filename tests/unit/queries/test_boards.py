"""The board says what the engine would say to somebody who is wholly in a territory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flags.engine.compile import compile_snapshot
from flags.engine.context import Context
from flags.engine.evaluate import evaluate
from flags.engine.result import Reason
from flags.operations.kills import PullKillSwitch
from flags.operations.offers import SetOffer
from flags.operations.orders import AdvanceLegalOrder, SetLegalOrder
from flags.queries.boards import board, cell_detail
from flags.queries.definitions import load_definitions, load_kills
from regions.governance.commands import Command
from tests.unit.world import NOW, Do, a_feature

SCOPE: dict[str, Any] = {"app": "shop", "environment": "production"}
WHY: dict[str, Any] = {"reason": "because", "owner": "pay-team"}
STATUS_OF = {
    Reason.LIVE: "live",
    Reason.REQUIRES_OFF: "live",  # the board shows offers, laws and kills alone
    Reason.PLANNED: "planned",
    Reason.NEEDS_PARTNER: "needs-partner",
    Reason.WITHDRAWN: "withdrawn",
    Reason.NOT_OFFERED: "not-offered",
    Reason.BLOCKED_BY_LAW: "blocked-by-law",
    Reason.KILLED: "killed",
}


def rules() -> list[Command]:
    """Return rules of every level, with dates around now and in the zones' midnights."""
    today = NOW.date()
    return [
        a_feature("pay.anywhere", offer_basis="none"),
        a_feature("pay.store", offer_basis="storefront", law_basis=("storefront",)),
        SetOffer(**SCOPE, **WHY, bundle="pay", status="planned"),
        SetOffer(**SCOPE, **WHY, bundle="pay", market="EEA", status="needs-partner"),
        SetOffer(**SCOPE, **WHY, bundle="pay", territory="US", status="live", starts_date=today),
        SetOffer(
            **SCOPE,
            **WHY,
            bundle="pay",
            territory="SG",
            status="live",
            ends_date=today + timedelta(days=1),
        ),
        SetOffer(**SCOPE, **WHY, feature="pay.card", market="EEA", status="withdrawn"),
        SetOffer(
            **SCOPE,
            **WHY,
            feature="pay.store",
            territory="US",
            status="blocked-by-law",
        ),
        SetOffer(
            **SCOPE,
            **WHY,
            feature="pay.card",
            territory="SG",
            platform="android",
            status="withdrawn",
        ),
        SetLegalOrder(
            app="shop",
            key="order",
            features=("pay.transfer",),
            market="EEA",
            effective_date=date(2026, 11, 20),
            **WHY,
        ),
        AdvanceLegalOrder(app="shop", key="order", state="scheduled"),
        PullKillSwitch(
            **SCOPE,
            **WHY,
            key="kill",
            feature="pay.anywhere",
            territory="US",
            expires_at=NOW + timedelta(days=1),
        ),
    ]


@pytest.fixture
def ruled(world: Do) -> Do:
    """Have the rules, and return the door."""
    for command in rules():
        world(command)
    return world


def person(code: str, now: datetime) -> Context:
    """Return somebody on iOS who is wholly in a territory, and alone."""
    places = dict.fromkeys(("accountCountry", "locationCountry", "storefrontCountry"), code)
    return Context(
        now=now,
        dice=lambda _sides: 1,
        properties={**places, "platform": "ios", "osVersion": "18.0.0"},
        lists={"participantCountries": (code,)},
    )


@pytest.mark.parametrize("hours", [-36, -12, 0, 4, 6, 11, 18, 30, 48])
def test_every_cell_agrees_with_the_engine(ruled: Do, hours: int) -> None:
    """Before, at and after the local midnights at which rules begin and end."""
    now = datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(hours=hours)
    compiled = compile_snapshot(
        load_definitions("shop", "production"), load_kills("shop", "production").switches
    )
    found, expected = {}, {}
    for code in ("IT", "SG", "US"):
        detail = cell_detail("shop", "production", code, "pay", now)
        assert detail is not None
        for entry in detail.features:
            found[code, entry.key] = entry.status
            reason = evaluate(compiled, entry.key, person(code, now)).reason
            expected[code, entry.key] = STATUS_OF[reason]
    assert expected == found
    assert 12 == len(found)


def test_the_board_and_its_cells_say_the_same(ruled: Do) -> None:
    """A cell on the board is the same value as the cell of the side panel."""
    shown = board("shop", "production", NOW)
    for (code, bundle), cell in shown.cells.items():
        detail = cell_detail("shop", "production", code, bundle, NOW)
        assert detail is not None
        assert cell == detail.cell


def test_a_market_lists_who_is_in_it_now(ruled: Do) -> None:
    """The filter by market needs no second question."""
    assert {"EEA": ("IT",)} == board("shop", "production", NOW).markets


def test_rules_for_a_platform_are_told_but_do_not_decide(ruled: Do) -> None:
    """The panel lists them apart."""
    detail = cell_detail("shop", "production", "SG", "pay", NOW)
    assert detail is not None
    assert ["android"] == [offer.platform for offer in detail.limited]


def test_a_cell_that_is_not_there_is_none(ruled: Do) -> None:
    """Unknown territories and bundles have no cell."""
    assert cell_detail("shop", "production", "FR", "pay", NOW) is None
    assert cell_detail("shop", "production", "SG", "none", NOW) is None
