"""The official Rust engine of Unleash's SDKs, asked as an SDK asks it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # no types

STANDARD = ("userId", "sessionId", "remoteAddress", "appName", "environment", "currentTime")


class Sdk:
    """An SDK that has fetched a payload."""

    def __init__(self, body: bytes) -> None:
        """Take the payload; a warning of the engine is a defect of the payload."""
        self.engine = UnleashEngine()
        self.warnings = self.engine.take_state(body.decode())

    def is_on(self, key: str, fields: dict[str, Any], now: datetime) -> bool:
        """Ask whether a feature is on."""
        return bool(self.engine.check_enabled(key, write_context(fields, now)).is_enabled)

    def variant(self, key: str, fields: dict[str, Any], now: datetime) -> str:
        """Ask for the name of the variant, `disabled` when there is none."""
        return str(self.engine.check_variant(key, write_context(fields, now)).variant.name)


def write_context(fields: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Write the context as an SDK does: texts, lists with commas, the rest in properties."""
    texts = {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in fields.items()
    }
    context: dict[str, Any] = {name: texts.pop(name) for name in STANDARD if name in texts}
    return {
        "environment": "default",
        **context,
        "currentTime": now.isoformat(),
        "properties": texts,
    }
