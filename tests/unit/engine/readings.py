"""How the interpreter reads texts, numbers, versions and hashes: plainly, and on its own."""

from __future__ import annotations

from collections.abc import Iterator

import mmh3

from flags.engine.definitions import Constraint


def text_holds(constraint: Constraint, text: str) -> bool:
    """Compare a text with each value."""
    pairs = [(text, value) for value in constraint.values]
    if constraint.case_insensitive:
        pairs = [(a.lower(), b.lower()) for a, b in pairs]
    tests = {
        "STR_STARTS_WITH": str.startswith,
        "STR_ENDS_WITH": str.endswith,
        "STR_CONTAINS": str.__contains__,
    }
    return any(tests[constraint.operator](a, b) for a, b in pairs)


def number_holds(constraint: Constraint, text: str) -> bool:
    """Compare two numbers; what is not one, or has space around it, never holds."""
    if text != text.strip():
        return False
    try:
        given, wanted = float(text), float(constraint.value)
    except ValueError:
        return False
    return {
        "NUM_EQ": given == wanted,
        "NUM_GT": given > wanted,
        "NUM_GTE": given >= wanted,
        "NUM_LT": given < wanted,
        "NUM_LTE": given <= wanted,
    }[constraint.operator]


def is_old_enough(text: str, minimum: int) -> bool:
    """Compare an age in years; 0 asks nothing, and what is no number is too young."""
    if minimum == 0:
        return True
    try:
        return float(text) >= minimum
    except ValueError:
        return False


def at_least(text: str, minimum: str) -> bool:
    """Compare dotted numbers, padding both; a minimum of zero asks nothing."""
    wanted = list(pad(minimum))
    if not any(wanted):
        return True
    try:
        return list(pad(text)) >= wanted if text else False
    except ValueError:
        return False


def pad(text: str) -> Iterator[int]:
    """Yield five numbers of a version."""
    parts = text.split(".") if text else []
    yield from (int(part) for part in parts)
    yield from [0] * (5 - len(parts))


def normalized(group: str, identity: str, size: int, seed: int) -> int:
    """Return Unleash's bucket: murmur3 of the group and the identity."""
    return mmh3.hash(f"{group}:{identity}", seed, signed=False) % size + 1
