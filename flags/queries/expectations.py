"""Promises about single persons, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from flags.models import Expectation


class Promise(Struct, frozen=True):
    """What a publish has to keep: this value for whoever asks with this context.

    `at` None means the moment of the publish; `reason` empty means any.
    """

    key: str
    feature: str
    context: Mapping[str, Any]
    at: datetime | None
    value: Any
    reason: str = ""


def load_expectations(
    app_key: str, environment_key: str, *, using: str = "default"
) -> list[Promise]:
    """Load the promises of one scope, ordered by key; one query."""
    rows = Expectation.objects.using(using).filter(
        app__key=app_key, environment__key=environment_key
    )
    return [
        Promise(
            key=row.key,
            feature=row.feature_key,
            context=row.context,
            at=row.at,
            value=row.value,
            reason=row.reason,
        )
        for row in rows.order_by("key")
    ]
