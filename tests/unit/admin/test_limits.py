"""What the board's panel says beside a feature's status: endings, caps and partners."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flags.models import Cap
from flags.operations.caps import SetCap
from flags.operations.lifecycles import SetLifeCycle
from flags.operations.partners import SetPartner
from regions.governance.commands import Command
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do, a_feature

CELL = {"app": "shop", "environment": "production", "cell": "SG:pay"}
PAST, COMING = date(2024, 9, 1), date(2099, 9, 1)
CLOSES = '<span class="lf-overdue">{}</span>'
TELLS = "<span>{}</span>"
WHY: dict[str, Any] = {"reason": "because", "owner": "pay-team"}


def end(**dates: Any) -> Command:
    """Return a life cycle of the feature."""
    scope: dict[str, Any] = {"app": "shop", "environment": "production"}
    return SetLifeCycle(**scope, feature="pay.card", **WHY, **dates)


def serve(*cities: str) -> list[Command]:
    """Have the feature need a partner, and partners in these cities."""
    return [
        a_feature("pay.card", partner_basis="account"),
        *(
            SetPartner(
                app="shop",
                key=f"bank-{number}",
                name="Bank",
                features=("pay.card",),
                territory="SG",
                city=city,
                **WHY,
            )
            for number, city in enumerate(cities)
        ),
    ]


CAP = SetCap(app="shop", environment="production", feature="pay.card", limit=1, **WHY)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([end(sunset_date=PAST)], CLOSES.format("sunset since Sept. 1, 2024")),
        ([end(sunset_date=COMING)], TELLS.format("sunset on Sept. 1, 2099")),
        (
            [end(closed_to_new_date=PAST)],
            CLOSES.format("closed to new people since Sept. 1, 2024"),
        ),
        (
            [end(closed_to_new_date=COMING)],
            TELLS.format("closed to new people from Sept. 1, 2099"),
        ),
        ([CAP], CLOSES.format("cap full")),
        (serve(), CLOSES.format("no partner here")),
        (serve("north"), TELLS.format("partners: 1 city")),
        (serve("north", "south"), TELLS.format("partners: 2 cities")),
        (serve("north", "*"), TELLS.format("partners: every city")),
    ],
)
def test_the_panel_tells_what_else_limits_a_feature(
    world: Do, sign_in: SignIn, commands: list[Command], expected: str
) -> None:
    """What closes it stands out; what only comes or serves does not."""
    for command in commands:
        world(command)
    Cap.objects.update(enrolled=1)
    panel = sign_in("pm").get("/admin/board/cell/", CELL).content.decode()
    assert expected in panel
