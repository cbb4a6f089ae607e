"""Two readings of versions, side by side."""

from __future__ import annotations

import pytest

from flags.engine.versions import is_zero, pad, parse_padded, parse_strict

ASCENDING = (
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.2.0",
    "1.10.0",
    "2.0.0",
)


def test_strict_versions_are_ordered_as_semver_says() -> None:
    """The example of SemVer 2, point 11, and numbers that are no texts."""
    parsed = [parse_strict(text) for text in ASCENDING]
    assert None not in parsed
    assert list(ASCENDING) == sorted(ASCENDING, key=lambda text: parse_strict(text) or ())
    assert parse_strict("1.0.0+a") == parse_strict("1.0.0+b")


@pytest.mark.parametrize("text", ["1.2", "v1.2.3", "1.2.3.4", "01.2.3", "", "1.2.3-", "x" * 200])
def test_what_is_not_strict_is_invalid(text: str) -> None:
    """Unleash reads none of these."""
    assert parse_strict(text) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [("8", "8.0.0"), ("8.0", "8.0.0"), ("08.0", "8"), (" 14 ", "14.0"), ("5.0.0.0", "5")],
)
def test_padded_versions_are_filled_with_zeros(left: str, right: str) -> None:
    """What platforms send is read as it is meant."""
    assert parse_padded(left) == parse_padded(right) is not None


@pytest.mark.parametrize(
    ("low", "high"),
    [("8.0.9", "8.0.50"), ("14.8", "15"), ("8.0.0-beta", "8.0"), ("5.0.0.102", "5.0.1")],
)
def test_padded_versions_compare_by_number(low: str, high: str) -> None:
    """A pre-release is before its release."""
    left, right = parse_padded(low), parse_padded(high)
    assert left is not None
    assert right is not None
    assert left < right


@pytest.mark.parametrize("text", ["", "new", "8..1", "v8", "1.2.3.4.5.6", "٣.1"])
def test_what_is_no_version_is_invalid(text: str) -> None:
    """A version that cannot be read is below every minimum."""
    assert parse_padded(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("15", "15.0.0"), ("8.0", "8.0.0"), ("5.0.0.102", None), ("8.0-beta", None), ("x", None)],
)
def test_a_minimum_is_padded_for_sdks(text: str, expected: str | None) -> None:
    """What three parts cannot say is not said."""
    assert expected == pad(text)


def test_zero_asks_nothing() -> None:
    """A least version of zero holds without any version."""
    zero = parse_padded("0")
    assert zero is not None
    assert is_zero(zero)
