"""A small product in the test database, and ways to change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flags.operations.expectations import SetExpectation
from flags.operations.features import SetBundle, SetFeature
from flags.operations.kills import PullKillSwitch
from flags.operations.offers import SetOffer
from regions.governance.commands import Command
from regions.governance.execute import Receipt, execute
from regions.operations import AddTerritory, SetApp, SetEnvironment

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FEATURE = "wallet.pay"


def act(command: Command, *, now: datetime = NOW) -> Receipt:
    """Carry out a command as the system."""
    return execute(command, actor=None, now=now)


def open_shop() -> None:
    """Make one environment, one app, one territory and one feature, not offered."""
    act(SetEnvironment(key="production", name="Production"))
    act(AddTerritory(code="SG"))
    act(SetApp(key="superapp", name="Super-app"))
    act(SetBundle(app="superapp", key="wallet", name="Wallet"))
    act(
        SetFeature(
            app="superapp",
            key=FEATURE,
            bundle="wallet",
            description="Pay",
            owner="payments",
            offer_basis="account",
        )
    )


def offer(status: str) -> Receipt:
    """Set the status of the feature in Singapore."""
    return act(
        SetOffer(
            app="superapp",
            environment="production",
            feature=FEATURE,
            territory="SG",
            status=status,
            reason="a test",
            owner="payments",
        )
    )


def pull_kill(key: str = "stop-pay") -> Receipt:
    """Pull a kill switch on the feature in Singapore."""
    return act(
        PullKillSwitch(
            app="superapp",
            environment="production",
            key=key,
            feature=FEATURE,
            territory="SG",
            reason="a test",
            owner="payments",
            expires_at=NOW + timedelta(days=1),
        )
    )


def expect(*, value: bool, reason: str = "") -> Receipt:
    """Promise what somebody from Singapore gets."""
    return act(
        SetExpectation(
            app="superapp",
            environment="production",
            key="singapore",
            feature=FEATURE,
            context={"accountCountry": "SG"},
            value=value,
            reason=reason,
        )
    )
