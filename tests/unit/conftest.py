"""A small world of rows: one app, one bundle, two features, three territories."""

from __future__ import annotations

import pytest

from flags.operations.features import SetBundle
from regions.governance.commands import Command
from regions.governance.execute import Receipt, execute
from regions.operations import AddTerritory, MemberSpec, SetApp, SetEnvironment, SetMarket
from tests.unit.world import NOW, Do, a_feature


@pytest.fixture
def do(db: None) -> Do:
    """Give commands to the one door, as the system, at a fixed time."""

    def carry_out(command: Command) -> Receipt:
        return execute(command, actor=None, now=NOW)

    return carry_out


@pytest.fixture
def world(do: Do) -> Do:
    """Have an app with two features in production, and return the door."""
    for command in (
        SetEnvironment(key="production", name="Production"),
        SetEnvironment(key="staging", name="Staging"),
        AddTerritory(code="SG"),
        AddTerritory(code="IT"),
        AddTerritory(code="US", default_zone="America/New_York"),
        SetMarket(key="EEA", name="EEA", priority=10, members=(MemberSpec(territory="IT"),)),
        SetApp(
            key="shop",
            name="Shop",
            home_territory="SG",
            platforms=("ios", "android"),
            territories=("SG", "IT", "US"),
        ),
        SetBundle(app="shop", key="pay", name="Pay"),
        a_feature("pay.card"),
        a_feature("pay.transfer", requires=("pay.card",)),
    ):
        do(command)
    return do
