"""Turn the demo's schedules into commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flags.demo.facts import PUBLISHED, Facts, read_date
from flags.operations.schedules import SetSchedule, WindowSpec
from regions.governance.commands import Command


def list_schedules(facts: Facts) -> Iterator[Command]:
    """Return the commands of the schedules; features name theirs."""
    for row in facts["schedules"]:
        features = [one for one in facts["features"] if one.get("schedule") == row["key"]]
        yield SetSchedule(
            app=facts["app"]["key"],
            environment=PUBLISHED,
            key=row["key"],
            features=tuple(feature["key"] for feature in features),
            anchor=row["anchor"],
            market=row["market"],
            windows=tuple(_list_windows(row)),
            reason=row["reason"],
            owner=row["owner"],
            source=facts["sources"][row["source"]],
            review_date=read_date(facts, "review_date"),
        )


def _list_windows(row: dict[str, Any]) -> Iterator[WindowSpec]:
    """Return one window for all, or one for each territory of a table of days."""
    if "dates" not in row:
        yield _window("", row["starts"], row["ends"])
    for code, (starts, ends) in row.get("dates", {}).items():
        yield _window(code, starts, ends)


def _window(code: str, starts: str, ends: str) -> WindowSpec:
    return WindowSpec(
        territory=code,
        starts=datetime.fromisoformat(starts),
        ends=datetime.fromisoformat(ends),
    )
