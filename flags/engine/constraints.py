"""PURE: Unleash's constraint operators as atoms and flips.

Constraints read fields as they were sent; nothing is normalised here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

import re2  # type: ignore[import-untyped]  # ships no types

from flags.engine.atoms import FIELD_PREFIX, Atom
from flags.engine.definitions import Constraint
from flags.engine.outcomes import Reader
from flags.engine.versions import parse_strict
from regions.zones import LATEST

Test = Callable[[str], bool]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FLOAT_EPSILON = 2.2e-16
_NUMBER = re.compile(
    r"[+-]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)",
    re.ASCII | re.IGNORECASE,
)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_TICK = timedelta(microseconds=1)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda left, right: left == right,
    "GT": lambda left, right: left > right,
    "GTE": lambda left, right: left >= right,
    "LT": lambda left, right: left < right,
    "LTE": lambda left, right: left <= right,
}


class UnreadableConstraint(ValueError):
    """A constraint with a value that its operator cannot take: the feature is broken."""


class AtomTest(NamedTuple):
    """A constraint on a field: its atom's cell is the answer."""

    atom: Atom

    def holds(self, reader: Reader) -> bool:
        """Read the cell."""
        return bool(reader.cell(self.atom))


class TimeTest(NamedTuple):
    """A constraint on the time: whether an instant has passed, or not."""

    at: datetime
    passed: bool

    def holds(self, reader: Reader) -> bool:
        """Ask whether the instant has passed."""
        return reader.passed(self.at) == self.passed


class FixedTest(NamedTuple):
    """A constraint whose answer depends on nobody."""

    answer: bool

    def holds(self, _reader: Reader) -> bool:
        """Return the answer."""
        return self.answer


Compiled = AtomTest | TimeTest | FixedTest


def compile_constraint(constraint: Constraint) -> Compiled:
    """Return the constraint's test, or raise UnreadableConstraint.

    An operator that Unleash does not know is false, inverted or not.
    """
    operator = constraint.operator
    if operator not in _BUILDERS:
        return FixedTest(answer=False)
    if constraint.context_name == "currentTime":
        return _compile_time(constraint)
    test, missing = _BUILDERS[operator](constraint)
    inverted = constraint.inverted

    def read(value: str | None) -> bool:
        answer = missing if value is None else test(value)
        return answer != inverted

    key = (
        operator,
        constraint.values,
        constraint.value,
        inverted,
        constraint.case_insensitive,
    )
    return AtomTest(Atom(FIELD_PREFIX + constraint.context_name, read, key=key))


def parse_address(text: str) -> Address | None:
    """Return an IP address, None when it is not one; scopes and spaces are not accepted."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Return the addresses and CIDR blocks among the texts, skipping what is neither."""
    found = []
    for text in texts:
        _base, slash, length = text.strip().partition("/")
        if "%" in text or (slash and not (length.isascii() and length.isdigit())):
            continue
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError:
            continue
    return tuple(found)


def is_within(text: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether the text is an address in one of the networks; families do not mix."""
    address = parse_address(text)
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def parse_instant(text: str) -> datetime | None:
    """Return an RFC 3339 date and time with zone, None when it is not one.

    Fractions finer than a microsecond are cut.
    """
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        found = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
        found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found


def parse_number(text: str) -> float | None:
    """Return a number as Unleash's engines read it, None when it is not one.

    Space around it makes it none, as in every SDK.
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def _compile_time(constraint: Constraint) -> Compiled:
    """Turn a date into a flip; a text operator never sees the clock, so it is missing."""
    if constraint.operator not in ("DATE_AFTER", "DATE_BEFORE"):
        missing = _BUILDERS[constraint.operator](constraint)[1]
        return FixedTest(answer=missing != constraint.inverted)
    at = parse_instant(constraint.value)
    if at is None or at > LATEST - _TICK:
        msg = f"{constraint.operator} needs a date with a zone, not {constraint.value!r}"
        raise UnreadableConstraint(msg)
    after = constraint.operator == "DATE_AFTER"
    # Strict: at the instant itself neither holds. Clocks tick in microseconds.
    return TimeTest(at=at + _TICK if after else at, passed=after != constraint.inverted)


Built = tuple[Test, bool]


def _build_in(constraint: Constraint) -> Built:
    values = frozenset(constraint.values)
    return (lambda text: text in values), False


def _build_not_in(constraint: Constraint) -> Built:
    values = frozenset(constraint.values)
    return (lambda text: text not in values), True


def _build_text(test: Callable[[str, str], bool]) -> Callable[[Constraint], Built]:
    def build(constraint: Constraint) -> Built:
        if not constraint.case_insensitive:
            values = constraint.values
            return (lambda text: any(test(text, value) for value in values)), False
        lowered = tuple(value.lower() for value in constraint.values)

        def fold(text: str) -> bool:
            text = text.lower()
            return any(test(text, value) for value in lowered)

        return fold, False

    return build


def _build_number(compare: str) -> Callable[[Constraint], Built]:
    def build(constraint: Constraint) -> Built:
        wanted = parse_number(constraint.value)
        if wanted is None:
            msg = f"{constraint.operator} needs a number, not {constraint.value!r}"
            raise UnreadableConstraint(msg)

        def test(text: str) -> bool:
            given = parse_number(text)
            if given is None:
                return False
            if compare == "EQ":
                return abs(given - wanted) < _FLOAT_EPSILON
            return _COMPARISONS[compare](given, wanted)

        return test, False

    return build


def _build_date(operator: str) -> Callable[[Constraint], Built]:
    def build(constraint: Constraint) -> Built:
        wanted = parse_instant(constraint.value)
        if wanted is None:
            msg = f"{operator} needs a date with a zone, not {constraint.value!r}"
            raise UnreadableConstraint(msg)
        compare = _COMPARISONS["GT" if operator == "DATE_AFTER" else "LT"]

        def test(text: str) -> bool:
            given = parse_instant(text)
            return given is not None and compare(given, wanted)

        return test, False

    return build


def _build_version(compare: str) -> Callable[[Constraint], Built]:
    def build(constraint: Constraint) -> Built:
        wanted = parse_strict(constraint.value)
        if wanted is None:
            msg = f"{constraint.operator} needs a SemVer version, not {constraint.value!r}"
            raise UnreadableConstraint(msg)

        def test(text: str) -> bool:
            given = parse_strict(text)
            return given is not None and _COMPARISONS[compare](given, wanted)

        return test, False

    return build


def _build_regex(constraint: Constraint) -> Built:
    """Search with RE2, which is what every SDK's pattern is held against; no backtracking."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not constraint.case_insensitive
    try:
        pattern = re2.compile(constraint.value, options)
    except re2.error:
        return (lambda _text: False), False
    return (lambda text: pattern.search(text) is not None), False


def _build_cidr(constraint: Constraint) -> Built:
    networks = parse_networks(constraint.values)
    return (lambda text: is_within(text, networks)), False


_BUILDERS: dict[str, Callable[[Constraint], Built]] = {
    "IN": _build_in,
    "NOT_IN": _build_not_in,
    "STR_STARTS_WITH": _build_text(lambda text, value: text.startswith(value)),
    "STR_ENDS_WITH": _build_text(lambda text, value: text.endswith(value)),
    "STR_CONTAINS": _build_text(lambda text, value: value in text),
    **{f"NUM_{name}": _build_number(name) for name in _COMPARISONS},
    "DATE_AFTER": _build_date("DATE_AFTER"),
    "DATE_BEFORE": _build_date("DATE_BEFORE"),
    **{f"SEMVER_{name}": _build_version(name) for name in _COMPARISONS},
    "REGEX": _build_regex,
    "IN_CIDR": _build_cidr,
}
OPERATORS = tuple(_BUILDERS)


def is_pattern(text: str) -> bool:
    """Tell whether RE2 takes the pattern."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error:
        return False
    return True
