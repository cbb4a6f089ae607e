"""Check constraints so that every SDK reads them alike (docs/engine.md, "Exactly Unleash").

One bad value makes some SDKs drop a whole payload, and others disagree about one flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import re2  # type: ignore[import-untyped]  # ships no types

from flags.engine.constraints import parse_instant, parse_networks
from flags.engine.patterns import find_disputed
from flags.engine.versions import parse_strict
from regions.governance.commands import Refused
from regions.operations.checks import check_count, check_country, shown

CONSTRAINTS_PER_LIST: Final = 30
VALUES_PER_CONSTRAINT: Final = 250
CONTEXT_NAME_CHARACTERS: Final = 100
VALUE_CHARACTERS: Final = 100
PATTERN_CHARACTERS: Final = 512
SEMVER_CHARACTERS: Final = 64

LIST_OPERATORS: Final = frozenset(
    {"IN", "NOT_IN", "STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS", "IN_CIDR"}
)
CLOCK_OPERATORS: Final = ("DATE_AFTER", "DATE_BEFORE")
NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")
# Semantic Versioning 2.0, strict: three numbers, no leading zeros, no `v`.
SEMVER: Final = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
    r"(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
CONTEXT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
COUNTRY_FIELDS: Final = frozenset(
    {"accountCountry", "phoneCountry", "locationCountry", "gpsCountry", "networkCountry"}
    | {"ipCountry", "storefrontCountry"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintSpec:
    """One condition on a context field; list operators use `values`, others `value`."""

    context_name: str
    operator: str
    values: tuple[str, ...] = ()
    value: str = ""
    inverted: bool = False
    case_insensitive: bool = False


def canonical(constraints: tuple[ConstraintSpec, ...], *, of: str) -> tuple[ConstraintSpec, ...]:
    """Return the constraints as they are kept, or refuse the first that not every SDK reads."""
    check_count(
        len(constraints),
        CONSTRAINTS_PER_LIST,
        things=f"constraints of {of}",
        field="constraints",
    )
    return tuple(_canonical_one(constraint, of) for constraint in constraints)


def _canonical_one(constraint: ConstraintSpec, of: str) -> ConstraintSpec:
    name, operator = constraint.context_name, constraint.operator
    if not CONTEXT_NAME.fullmatch(name) or len(name) > CONTEXT_NAME_CHARACTERS:
        raise _refused(of, f"“{shown(name)}” is not the name of a context field")
    if name == "currentTime" and operator not in CLOCK_OPERATORS:
        raise _refused(of, f"currentTime is asked with {' or '.join(CLOCK_OPERATORS)} only")
    if operator in LIST_OPERATORS:
        if constraint.value:
            raise _refused(
                of, f"{operator} takes a list of values, not “{shown(constraint.value)}”"
            )
        return ConstraintSpec(
            context_name=name,
            operator=operator,
            values=_check_values(constraint, of),
            inverted=constraint.inverted,
            case_insensitive=constraint.case_insensitive,
        )
    check = VALUE_CHECKS.get(operator)
    if check is None:
        known = ", ".join(sorted(LIST_OPERATORS | VALUE_CHECKS.keys()))
        raise _refused(
            of,
            f"“{shown(operator)}” is not an operator; known are {known},"
            " and each of them with NOT before it, as in phoneCountry NOT IN CN",
        )
    if constraint.values:
        raise _refused(of, f"{operator} takes one value, not a list")
    check(constraint, of)
    return constraint


def _check_values(constraint: ConstraintSpec, of: str) -> tuple[str, ...]:
    """Return the values without doubles; countries are ISO codes."""
    operator = constraint.operator
    if not constraint.values:
        raise _refused(of, f"{operator} on {constraint.context_name} has no values")
    check_count(
        len(constraint.values),
        VALUES_PER_CONSTRAINT,
        things=f"values of a constraint of {of}",
        field="constraints",
    )
    for value in constraint.values:
        if not value or value != value.strip():
            raise _refused(of, f"“{shown(value)}” is empty or has space around it")
        if "\\" in value:
            raise _refused(of, f"“{shown(value)}” holds a backslash")
        if len(value) > VALUE_CHARACTERS:
            raise _refused(
                of, f"a value may have at most {VALUE_CHARACTERS} characters; one has {len(value)}"
            )
        if operator == "IN_CIDR":
            check_networks((value,), of)
        if operator in {"IN", "NOT_IN"} and constraint.context_name in COUNTRY_FIELDS:
            check_country(value, field="constraints")
    return tuple(dict.fromkeys(constraint.values))


def check_networks(values: Iterable[str], of: str) -> None:
    """Refuse the first that is neither an address nor a network such as 10.0.0.0/8."""
    for value in values:
        if not parse_networks((value,)):
            raise _refused(of, f"“{shown(value)}” is not an address or a network")


def _check_number(constraint: ConstraintSpec, of: str) -> None:
    if not NUMBER.fullmatch(constraint.value):
        raise _refused(of, f"“{shown(constraint.value)}” is not a number such as -1 or 2.5")


def _check_instant(constraint: ConstraintSpec, of: str) -> None:
    if constraint.context_name != "currentTime":
        raise _refused(
            of, f"{constraint.operator} looks at currentTime only, not {constraint.context_name}"
        )
    value = constraint.value
    if not _is_instant(value):
        raise _refused(of, f"“{shown(value)}” is not an instant such as 2026-11-20T12:00:00.000Z")


def _is_instant(value: str) -> bool:
    return INSTANT.fullmatch(value) is not None and parse_instant(value) is not None


def _check_semver(constraint: ConstraintSpec, of: str) -> None:
    value = constraint.value
    good = SEMVER.fullmatch(value) is not None and parse_strict(value) is not None
    if len(value) > SEMVER_CHARACTERS or not good:
        raise _refused(
            of,
            f"“{shown(value)}” is not a version such as 8.0.70"
            f" (three numbers, at most {SEMVER_CHARACTERS} characters)",
        )


def _check_pattern(constraint: ConstraintSpec, of: str) -> None:
    """Refuse what RE2 refuses, and what other engines read in another way."""
    value = constraint.value
    if not value or len(value) > PATTERN_CHARACTERS:
        raise _refused(
            of, f"a pattern has 1 to {PATTERN_CHARACTERS} characters; this one has {len(value)}"
        )
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        raise _refused(of, f"“{shown(value)}” is not a pattern of RE2: {error}") from None
    disputed = find_disputed(value)
    if disputed is not None:
        raise _refused(
            of,
            f"SDKs read “{shown(disputed)}” in different ways;"
            " write its characters out, as in [0-9], or put a backslash before a sign",
        )


VALUE_CHECKS: Final[dict[str, Callable[[ConstraintSpec, str], None]]] = {
    **dict.fromkeys(("NUM_EQ", "NUM_GT", "NUM_GTE", "NUM_LT", "NUM_LTE"), _check_number),
    **dict.fromkeys(("DATE_AFTER", "DATE_BEFORE"), _check_instant),
    **dict.fromkeys(
        ("SEMVER_EQ", "SEMVER_GT", "SEMVER_GTE", "SEMVER_LT", "SEMVER_LTE"), _check_semver
    ),
    "REGEX": _check_pattern,
}


def _refused(of: str, what: str) -> Refused:
    return Refused(f"{of}: {what}.", code="bad_constraint", field="constraints")
