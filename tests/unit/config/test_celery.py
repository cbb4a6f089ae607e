"""How often the probe runs, as the environment says."""

from __future__ import annotations

import pytest

from config.celery import read_probe_seconds
from config.env import WrongSetting


@pytest.mark.parametrize(
    ("url", "seconds", "expected"),
    [
        ("", "", 0),
        ("", "30", 0),
        ("https://flags.example.com", "", 60),
        ("https://flags.example.com", "0", 0),
        ("https://flags.example.com", "5", 5),
    ],
)
def test_the_probe_runs_where_an_address_is_known(
    monkeypatch: pytest.MonkeyPatch, url: str, seconds: str, expected: int
) -> None:
    """Run once a minute unless told otherwise, and never without a public address."""
    monkeypatch.setenv("LANDFALL_PUBLIC_URL", url)
    monkeypatch.setenv("LANDFALL_PROBE_SECONDS", seconds)
    assert expected == read_probe_seconds()


def test_a_probe_is_not_run_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to start with an interval that a failing probe would not keep."""
    monkeypatch.setenv("LANDFALL_PUBLIC_URL", "https://flags.example.com")
    monkeypatch.setenv("LANDFALL_PROBE_SECONDS", "4")
    with pytest.raises(WrongSetting, match="LANDFALL_PROBE_SECONDS must be 0, or"):
        read_probe_seconds()
