"""PURE: the payload that every Unleash SDK reads alike (docs/engine.md, "Exactly Unleash").

What cannot be written so is left out: an SDK that stumbles over one value drops the whole
payload. Leaving a strategy out makes a feature stricter, never looser.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flags.engine.constraints import (
    OPERATORS,
    is_pattern,
    parse_instant,
    parse_number,
)
from flags.engine.definitions import Constraint, Strategy, Variant
from flags.engine.patterns import find_disputed
from flags.engine.versions import parse_strict

LIST_OPERATORS = frozenset(
    {"IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS", "IN_CIDR"}
)
EMPTY_LIST_OPERATORS = frozenset({"IN", "NOT_IN"})
PAYLOAD_TYPES = frozenset({"string", "json", "csv", "number"})
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_PERCENT = re.compile(r"100|[1-9]?[0-9]", re.ASCII)
_MILLISECOND = 1_000
_WEIGHT_MAX = 1_000
# Quotes end the texts of which SDKs make their rules; backslashes escape what follows.
_QUOTING = re.compile(r'["\\]')
# One engine hashes the clock and no other does; the environment is the token's, and an SDK
# may have been told another name for it.
_NOT_STICKY = frozenset({"currentTime", "environment"})


def canonical_constraint(constraint: Constraint) -> Constraint | None:
    """Return the constraint as all SDKs read it alike, or None when there is no such form."""
    operator = constraint.operator
    if operator not in OPERATORS or not is_quotable(constraint.context_name):
        return None
    if operator in LIST_OPERATORS:
        return _canonical_list(constraint)
    value = _canonical_value(constraint)
    if value is None:
        return None
    return Constraint(
        context_name=constraint.context_name,
        operator=operator,
        value=value,
        inverted=constraint.inverted,
        case_insensitive=constraint.case_insensitive,
    )


def is_quotable(text: str) -> bool:
    """Tell whether a name or parameter can stand in the rule that an SDK makes of it."""
    return bool(text) and _QUOTING.search(text) is None


def is_sticky(field: str) -> bool:
    """Tell whether people may be recognised by a field."""
    return is_quotable(field) and field not in _NOT_STICKY


def canonical_time(at: datetime) -> str | None:
    """Return an instant with exactly three digits of fraction, None when it has more."""
    if at.microsecond % _MILLISECOND:
        return None
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def canonical_variants(variants: tuple[Variant, ...]) -> tuple[Variant, ...] | None:
    """Return the variants, none when they have no weight, None when one cannot be sent."""
    kept = tuple(variant for variant in variants if variant.weight >= 0)
    if not any(variant.weight for variant in kept):
        return ()
    return kept if all(_is_sendable(variant) for variant in kept) else None


def _is_sendable(variant: Variant) -> bool:
    return (
        variant.weight <= _WEIGHT_MAX
        and (variant.payload is None or variant.payload.type in PAYLOAD_TYPES)
        and is_sticky(variant.stickiness or "default")
        and all(is_sticky(override.context_name) for override in variant.overrides)
    )


def canonical_strategy(strategy: Strategy, key: str) -> Strategy | None:
    """Return a strategy with canonical parameters, or None when it is left out.

    `default` and `userWithId` become flexible rollouts of 100 %: they carry a group and a
    stickiness, which variants hash alike everywhere.
    """
    constraints = []
    for constraint in strategy.constraints:
        canonical = canonical_constraint(constraint)
        if canonical is None:
            return None
        constraints.append(canonical)
    variants = canonical_variants(strategy.variants)
    parameters = _canonical_parameters(strategy, key)
    if variants is None or parameters is None:
        return None
    name = strategy.name
    if name == "userWithId":
        users = [part.strip() for part in strategy.parameters.get("userIds", "").split(",")]
        listed = canonical_constraint(
            Constraint(context_name="userId", operator="IN", values=tuple(filter(None, users)))
        )
        if listed is None:
            return None
        constraints.append(listed)
    if name in _CERTAIN:
        name = "flexibleRollout"
    return Strategy(
        name=name,
        parameters=parameters,
        constraints=tuple(constraints),
        segments=strategy.segments,
        variants=variants,
    )


def needs_more(strategy: Strategy, canonical: Strategy) -> bool:
    """Tell whether the canonical form asks for a field that the strategy can do without."""
    stickiness = canonical.parameters["stickiness"]
    return strategy.name in _CERTAIN and stickiness not in {"default", "random", "userId"}


def _canonical_parameters(strategy: Strategy, key: str) -> dict[str, str] | None:
    given = strategy.parameters
    name = strategy.name
    stickiness = given.get("stickiness") or "default"
    group = given.get("groupId") or key
    common = {"groupId": group, "stickiness": stickiness}
    # Node hashes what is not ASCII in its own way.
    if not (is_sticky(stickiness) and is_quotable(group) and group.isascii()):
        return None
    if name in _CERTAIN:
        # Without variants nobody is recognised by anything, so nothing can be missing.
        return {"rollout": "100", **common, **({} if strategy.variants else _BY_ANYTHING)}
    if name == "remoteAddress":
        listed = given.get("IPs", "")
        return {"IPs": listed, **common} if is_quotable(listed) else None
    # applicationHostname asks for the host that evaluates: true there, never here.
    wanted = _PERCENT_NAMES.get(name)
    percent = given.get(wanted, "") if wanted else ""
    grouped = name in ("flexibleRollout", "gradualRolloutRandom") or given.get("groupId")
    return {wanted: percent, **common} if wanted and grouped and _is_percent(percent) else None


# They hold whether or not a person has what variants are sticky on.
_CERTAIN = frozenset({"default", "userWithId"})
_BY_ANYTHING = {"stickiness": "default"}
_PERCENT_NAMES = {
    "flexibleRollout": "rollout",
    "gradualRolloutUserId": "percentage",
    "gradualRolloutSessionId": "percentage",
    "gradualRolloutRandom": "percentage",
}


def _is_percent(text: str) -> bool:
    """Tell whether the text is a whole number from 0 to 100, without zeros before it."""
    return _PERCENT.fullmatch(text) is not None


def _canonical_list(constraint: Constraint) -> Constraint | None:
    values = constraint.values
    if not values and constraint.operator not in EMPTY_LIST_OPERATORS:
        return None
    if any(value != value.strip() or not value or "\\" in value for value in values):
        return None
    if constraint.context_name == "currentTime":
        return None
    return Constraint(
        context_name=constraint.context_name,
        operator=constraint.operator,
        values=tuple(sorted(set(values))),
        inverted=constraint.inverted,
        case_insensitive=constraint.case_insensitive,
    )


def _canonical_value(constraint: Constraint) -> str | None:
    operator, value = constraint.operator, constraint.value
    is_time = constraint.context_name == "currentTime"
    if operator.startswith("DATE_"):
        at = parse_instant(value)
        # Node looks at the clock whatever field a date constraint names.
        return canonical_time(at) if at is not None and is_time else None
    if is_time:
        return None
    if operator.startswith("NUM_"):
        good = _NUMBER.fullmatch(value) and parse_number(value) is not None
        return value if good else None
    if operator.startswith("SEMVER_"):
        return value if parse_strict(value) is not None else None
    return value if value and find_disputed(value) is None and is_pattern(value) else None
