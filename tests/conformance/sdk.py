"""The official Rust engine of Unleash's SDKs, asked as an SDK asks it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Self

from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-untyped]  # no types

STANDARD = ("userId", "sessionId", "remoteAddress", "appName", "environment", "currentTime")


class Verdict(NamedTuple):
    """What an engine says about one feature; no variant is `disabled`."""

    on: bool
    variant: str = "disabled"
    payload: tuple[str, str] | None = None


class Sdk:
    """An SDK that has fetched a payload."""

    def __init__(self, body: bytes) -> None:
        """Take the payload; a warning of the engine is a defect of the payload."""
        self.engine = UnleashEngine()
        self.warnings = self.engine.take_state(body.decode())

    @classmethod
    def of(cls, engine: UnleashEngine) -> Self:
        """Return an SDK whose engine took its payloads before."""
        sdk = cls.__new__(cls)
        sdk.engine, sdk.warnings = engine, None
        return sdk

    def is_on(self, key: str, fields: dict[str, Any], now: datetime) -> bool:
        """Ask whether a feature is on."""
        return bool(self.engine.check_enabled(key, write_context(fields, now)).is_enabled)

    def variant(self, key: str, fields: dict[str, Any], now: datetime) -> str:
        """Ask for the name of the variant, `disabled` when there is none."""
        return str(self.engine.check_variant(key, write_context(fields, now)).variant.name)

    def judge(self, key: str, context: dict[str, Any]) -> Verdict:
        """Ask for everything about a feature; raises where the engine would say off instead.

        The questions behind `check_enabled`: those hide failures, and take twice the time.
        """
        on = self.engine._do_is_enabled(key, context)
        assert on is not None, f"Unleash's engine has no feature {key}"
        if not on:
            return Verdict(on=False)
        variant = self.engine._do_get_variant(key, context)
        assert variant.feature_enabled, f"Unleash's engine contradicts itself about {key}"
        payload = variant.payload
        return Verdict(
            on=True,
            variant=variant.name,
            payload=(payload["type"], payload["value"]) if payload else None,
        )


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
