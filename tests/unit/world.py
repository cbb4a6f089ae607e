"""What tests of rows have in common: the time, the door's type, a plain feature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flags.operations.features import SetFeature
from regions.governance.commands import Command
from regions.governance.execute import Receipt

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Do = Callable[[Command], Receipt]


def a_feature(key: str, **differences: object) -> SetFeature:
    """Return a command for a feature that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "key": key,
        "bundle": "pay",
        "description": "Pay for something",
        "owner": "pay-team",
        "offer_basis": "account",
        "law_basis": ("account", "location"),
    }
    return SetFeature(**{**values, **differences})  # type: ignore[arg-type]
