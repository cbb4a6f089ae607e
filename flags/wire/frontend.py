"""PURE: the answers of the Unleash frontend API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from flags.engine.result import ChosenVariant, Evaluation

encode = msgspec.json.Encoder().encode


class FrontendRenderer:
    """Render the toggles of flags that are on; a flag that is off is left out."""

    name = "unleash-frontend"

    def render(self, evaluation: Evaluation) -> bytes:
        """Return one toggle, or nothing when the flag is off."""
        if not evaluation.on:
            return b""
        return render_toggle(evaluation)


class EveryToggleRenderer:
    """Render all flags, those that are off too, as Unleash Edge's `/all` does."""

    name = "unleash-frontend-all"

    def render(self, evaluation: Evaluation) -> bytes:
        """Return one toggle."""
        return render_toggle(evaluation)


def render_toggle(evaluation: Evaluation) -> bytes:
    """Return one toggle with every key that Android and iOS must not miss."""
    toggle = {
        "name": evaluation.feature,
        "enabled": evaluation.on,
        "impressionData": False,
        "variant": build_variant(evaluation.variant, on=evaluation.on),
    }
    return encode(toggle)


def build_variant(variant: ChosenVariant | None, *, on: bool) -> dict[str, Any]:
    """Build the variant object; without a variant Unleash calls it `disabled`."""
    if variant is None:
        return {
            "name": "disabled",
            "enabled": False,
            "feature_enabled": on,
            "featureEnabled": on,
        }
    built: dict[str, Any] = {
        "name": variant.name,
        "enabled": True,
        "feature_enabled": on,
        "featureEnabled": on,
    }
    if variant.payload is not None:
        built["payload"] = {"type": variant.payload.type, "value": variant.payload.value}
    return built


def render_toggles(fragments: Iterable[bytes]) -> bytes:
    """Join toggles to the body of `/api/frontend`."""
    return b'{"toggles":[' + b",".join(filter(None, fragments)) + b"]}"
