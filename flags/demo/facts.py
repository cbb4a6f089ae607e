"""Read the facts of the demo; what they mean as commands stands beside."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Facts = dict[str, Any]
PUBLISHED = "production"
FACTS = Path(__file__).with_name("facts.yaml")


@cache
def read_facts() -> Facts:
    """Read the facts of the demo, as YAML gives them; nobody may change them."""
    facts: Facts = yaml.load(FACTS.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return facts


def read_date(row: dict[str, Any], name: str) -> date | None:
    """Return a date of a fact, or None when it has none."""
    return date.fromisoformat(row[name]) if name in row else None
