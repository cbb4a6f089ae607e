"""Turn the demo's segments and variants into commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flags.demo.facts import PUBLISHED, Facts
from flags.operations.constraints import ConstraintSpec
from flags.operations.segments import SetSegment
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from regions.governance.commands import Command

WHOLE_WEIGHT = 1_000


def list_segments(facts: Facts) -> Iterator[Command]:
    """Return the commands of the segments; lists of countries come from the facts."""
    for row in facts["segments"]:
        yield SetSegment(
            app=facts["app"]["key"],
            key=row["key"],
            description=row["description"],
            constraints=tuple(_constraint(facts, entry) for entry in row["constraints"]),
        )


def list_targeting(facts: Facts) -> Iterator[Command]:
    """Return the commands of the variants."""
    for row in facts["targeting"]:
        yield SetTargeting(
            app=facts["app"]["key"],
            environment=PUBLISHED,
            feature=row["feature"],
            strategies=tuple(_strategy(facts, entry) for entry in row["strategies"]),
        )


def _strategy(facts: Facts, row: dict[str, Any]) -> StrategySpec:
    variant = row["variant"]
    # Without a payload of its own a variant carries its name.
    payload = json.dumps(row["payload"]) if "payload" in row else variant
    return StrategySpec(
        name="flexibleRollout",
        title=row["title"],
        parameters={"rollout": "100"},
        constraints=tuple(_constraint(facts, entry) for entry in row.get("constraints", ())),
        segments=tuple(row.get("segments", ())),
        variants=(VariantSpec(name=variant, weight=WHOLE_WEIGHT, payload_value=payload),),
    )


def _constraint(facts: Facts, row: dict[str, Any]) -> ConstraintSpec:
    return ConstraintSpec(
        context_name=row["field"],
        operator=row["operator"],
        values=_values(facts, row),
        value=row.get("value", ""),
        inverted=row.get("inverted", False),
    )


def _values(facts: Facts, row: dict[str, Any]) -> tuple[str, ...]:
    if "market" in row:
        markets = {market["key"]: market["members"] for market in facts["markets"]}
        return tuple(markets[row["market"]])
    if "cooling_off_days" in row:
        return tuple(
            code
            for code, territory in facts["territories"].items()
            if territory.get("cooling_off_days") == row["cooling_off_days"]
        )
    return tuple(row.get("values", ()))
