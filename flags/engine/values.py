"""PURE: what a value of each type is, and how the text of a payload becomes one.

Clients in typed languages break on a flag that is 42 today and 42.0 tomorrow, or a list for
some people and an object for others. So a feature declares one type, and nothing leaves that
is not of it.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

ValueType = Literal["boolean", "string", "number", "integer", "json"]

# Java, Kotlin and C# read integers of 32 bits; what is beyond them would be cut or refused.
INTEGER_MIN = -(2**31)
INTEGER_MAX = 2**31 - 1
DEPTH_MAX = 32

WANTED: dict[str, str] = {
    "boolean": "true or false",
    "string": "a text",
    "number": "a number",
    "integer": f"a whole number from {INTEGER_MIN} to {INTEGER_MAX}, written without a point",
    "json": f"a JSON object or array of at most {DEPTH_MAX} levels",
}

_encode = msgspec.json.Encoder().encode


class UnreadableValue(ValueError):
    """A value or payload that is not of the feature's value type."""


def settle(value: Any, kind: str) -> Any:
    """Return the value just as it is sent, or raise UnreadableValue.

    A number is always a float, also when it was written without a point: `42` becomes
    `42.0`. An integer never is one. JSON is an object or an array.
    """
    if kind == "number" and _is_real(value):
        value = _settle_number(value)
    elif not _fits(value, kind):
        raise _unfit(kind)
    return value


def read_payload(text: str, kind: str) -> Any:
    """Return the value that a payload's text stands for, or raise UnreadableValue."""
    if kind == "string":
        return text
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise _unfit(kind) from error
    return settle(value, kind)


def settle_off(value: Any, kind: str) -> Any:
    """Return an off value as it is sent; None, the code's own default, where it is unfit.

    The one door refuses such a value. What was kept before it did, or came from elsewhere,
    must not reach clients as another type.
    """
    try:
        return settle(value, kind)
    except UnreadableValue:
        return None


def same_shape(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are both objects or both arrays; None is like anything."""
    return one is None or other is None or isinstance(one, dict) == isinstance(other, dict)


def _fits(value: Any, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        # Python counts booleans among integers; JSON and its readers do not.
        return type(value) is int and INTEGER_MIN <= value <= INTEGER_MAX
    return kind == "json" and isinstance(value, dict | list) and _is_sendable(value)


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _settle_number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise _unfit("number") from error
    # JSON knows neither infinity nor what is no number.
    if not math.isfinite(number):
        raise _unfit("number")
    return number


def _is_sendable(value: Any) -> bool:
    """Tell whether JSON can be written of the value: flat enough, UTF-8, finite numbers."""
    level = [value]
    for _depth in range(DEPTH_MAX):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, float) and not math.isfinite(item):
                return False
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            break
        level = deeper
    else:
        return False
    try:
        _encode(value)
    except (TypeError, ValueError, msgspec.MsgspecError):
        return False
    return True


def _unfit(kind: str) -> UnreadableValue:
    return UnreadableValue(f"is not {WANTED.get(kind, 'of a known type')}")
