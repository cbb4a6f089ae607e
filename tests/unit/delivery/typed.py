"""A world of features of every type, and of one that needs a targeting key."""

from __future__ import annotations

from typing import Any

from flags.engine.definitions import (
    Definitions,
    Feature,
    Offer,
    Payload,
    Place,
    Rule,
    Strategy,
    Target,
    Territory,
    Variant,
)
from flags.engine.values import ValueType
from tests.unit.delivery.world import APP, ENVIRONMENT

# Of each type: the value when off, the payload of its one variant, and what it stands for.
TYPES: dict[str, tuple[ValueType, Any, str, Any]] = {
    "is-on": ("boolean", False, "", True),
    "word": ("string", "none", "14d", "14d"),
    "scale": ("number", 0.5, "42", 42.0),
    "limit": ("integer", 0, "42", 42),
    "layout": ("json", {}, '{"columns": 2, "accent": null}', {"columns": 2, "accent": None}),
}
PAYLOADS = {"string": "string", "number": "number", "integer": "number", "json": "json"}


def build_typed_definitions() -> Definitions:
    """Build a feature of each type, offered in SG alone, and `users`, 50 % of users."""
    features = [
        Feature(
            key=key,
            value_type=kind,
            off_value=off,
            offer_basis="account",
            strategies=(
                Strategy(
                    name="flexibleRollout",
                    parameters={"rollout": "100", "stickiness": "default", "groupId": key},
                    variants=_variants(kind, payload),
                ),
            ),
        )
        for key, (kind, off, payload, _value) in TYPES.items()
    ]
    half = {"rollout": "50", "stickiness": "userId", "groupId": "users"}
    features.append(Feature(key="users", strategies=(Strategy("flexibleRollout", half),)))
    return Definitions(
        app=APP,
        environment=ENVIRONMENT,
        territories=(Territory("FR", "Europe/Paris"), Territory("SG", "Asia/Singapore")),
        features=tuple(sorted(features, key=lambda one: one.key)),
        offers=tuple(
            Offer(
                rule=Rule(key=f"offer-{key}"),
                target=Target(feature=key),
                place=Place("territory", "SG"),
                status="live",
            )
            for key in TYPES
        ),
    )


def _variants(kind: str, payload: str) -> tuple[Variant, ...]:
    if not payload:
        return ()
    return (Variant(name="v", weight=1000, payload=Payload(PAYLOADS[kind], payload)),)
