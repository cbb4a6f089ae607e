"""PURE: what did not change between two publishes is one object, so that comparing is cheap.

A publish decodes all definitions anew. Features are kept when everything that they were
compiled from is equal, and a bundle's rules would be compared once for each of its
features; of one object, equality is told by identity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from flags.engine.definitions import Definitions

_RULES = (
    *("offers", "orders", "ages", "consents", "life_cycles"),
    *("caps", "partners", "schedules", "clusters"),
)
_KEYS: dict[str, Callable[[Any], Any]] = {
    "features": lambda one: one.key,
    "profiles": lambda one: one.key,
    "segments": lambda one: one.id,
    **dict.fromkeys(_RULES, lambda one: one.rule.key),
}


def keep_equal(definitions: Definitions, previous: Definitions) -> Definitions:
    """Return equal definitions in which what equals its predecessor is the predecessor."""
    if definitions is previous:
        return definitions
    kept: dict[str, Any] = {}
    for name, key in _KEYS.items():
        before = {key(one): one for one in getattr(previous, name)}
        parts = []
        for one in getattr(definitions, name):
            old = before.get(key(one))
            parts.append(old if old == one else one)
        kept[name] = tuple(parts)
    return replace(definitions, **kept)
