"""Every command that these tests give is followed by a reading of what it changed."""

from __future__ import annotations

import pytest

from tests.readings import watch_readings


@pytest.fixture(autouse=True)
def readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare what a publish reads anew with what it would read in full."""
    watch_readings(monkeypatch)
