"""The page of scenarios names all of them, and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCENARIOS = 56


def list_tests(folder: str) -> set[str]:
    """Return the names of all tests in a folder."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob("test_*.py"):
        found.update(re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE))
    return found


def test_every_scenario_has_a_row_and_every_test_is_there() -> None:
    """S01 to S56 stand in order; what they name exists, and no scenario's test is forgotten."""
    text = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    rows = re.findall(r"^\| (S\d\d) \| [^|]+ \|([^|]*)\|", text, re.MULTILINE)
    assert [f"S{number:02}" for number in range(1, SCENARIOS + 1)] == [key for key, _ in rows]
    named = set(re.findall(r"`(test_\w+)`", text))
    assert set() == named - list_tests("tests")
    own = {name for name in list_tests("tests/scenarios") if re.match(r"test_s\d\d_", name)}
    assert set() == own - named
