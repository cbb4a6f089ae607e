"""What clients send becomes a context, or one clear refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flags.engine.context import Context
from flags.wire.context import FIELDS_MAX, TEXT_BYTES_MAX, UnreadableContext, read_context

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def read(given: Any, *, trusted: bool = False) -> Context:
    """Read at a fixed time, in production."""
    return read_context(
        given, now=NOW, dice=lambda sides: sides, environment="production", trusted=trusted
    )


def test_standard_fields_and_properties_are_told_apart() -> None:
    """The environment is the token's; everything that is not standard is a property."""
    found = read(
        {
            "userId": "42",
            "sessionId": "s",
            "remoteAddress": "10.0.0.1",
            "appName": "shop",
            "environment": "default",
            "plan": "free",
            "properties": {"plan": "pro", "accountCountry": "SG"},
        }
    )
    assert (found.user_id, found.session_id, found.remote_address) == ("42", "s", "10.0.0.1")
    assert (found.app_name, found.environment) == ("shop", "production")
    assert found.properties == {"plan": "pro", "accountCountry": "SG"}
    assert (found.now, found.as_of) == (NOW, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (7, "7"),
        (3.5, "3.5"),
        (True, "true"),
        (False, "false"),
        (2**53 + 1, "9007199254740993"),
        ("", None),
        (None, None),
        ({"a": 1}, None),
        (["a"], None),
        (float("nan"), None),
        (float("inf"), None),
        pytest.param(10**5000, None, id="digits"),
    ],
)
def test_scalars_become_texts_and_the_rest_is_dropped(value: Any, expected: str | None) -> None:
    """Numbers and booleans are written as JSON writes them."""
    assert expected == read({"plan": value}).properties.get("plan")


def test_the_targeting_key_is_the_user() -> None:
    """OFREP's word wins over an explicit user."""
    assert read({"targetingKey": "a", "userId": "b"}).user_id == "a"
    assert read({"targetingKey": "", "userId": "b"}).user_id == "b"
    assert "targetingKey" not in read({"targetingKey": "a"}).properties


@pytest.mark.parametrize(
    ("value", "entries", "unreadable"),
    [
        (["GB", "AE"], ("GB", "AE"), False),
        ("GB, AE,", ("GB", "AE"), False),
        (["GB", 7], ("GB", "7"), False),
        (["GB", None], ("GB",), True),
        ({"GB": 1}, (), True),
        ([], (), False),
    ],
)
def test_lists_and_comma_texts_are_one(
    value: Any, entries: tuple[str, ...], *, unreadable: bool
) -> None:
    """Constraints see the same entries as a text; what cannot be read is remembered."""
    found = read({"participantCountries": value})
    assert entries == found.lists.get("participantCountries", ())
    assert ",".join(entries) == found.properties.get("participantCountries", "")
    assert ("participantCountries" in found.unreadable) is unreadable


def test_evidence_that_cannot_be_read_is_not_absent() -> None:
    """A null is absent; an object where a country belongs is not."""
    assert read({"accountCountry": None}).unreadable == frozenset()
    assert read({"accountCountry": {"code": "SG"}}).unreadable == {"accountCountry"}
    assert read({"plan": {}}).unreadable == frozenset()


def test_only_trusted_callers_set_the_clock() -> None:
    """Clients set neither the time nor who enrolled first."""
    given = {"currentTime": "2020-01-01T00:00:00+02:00", "enrolled": True, "enrolledCount": 5}
    found = read(given)
    assert (found.now, found.as_of, found.properties) == (NOW, False, {})
    found = read(given, trusted=True)
    assert found.now == datetime(2019, 12, 31, 22, tzinfo=UTC)
    assert found.as_of
    assert found.properties == {"enrolled": "true", "enrolledCount": "5"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("text", ""),
        (["list"], ""),
        ({"plan": "a\x00b"}, "plan"),
        ({"plan": "\ud800"}, "plan"),
        ({"a\x00b": "x"}, "a\\x00b"),
        ({"\ud800": "x"}, "\\ud800"),
        ({"participantCountries": ["\x00"]}, "participantCountries"),
        ({"plan": "x" * (TEXT_BYTES_MAX + 1)}, "plan"),
        ({"plan": "é" * TEXT_BYTES_MAX}, "plan"),
        ({"clusters": ["x"] * (FIELDS_MAX + 1)}, "clusters"),
        ({str(number): 1 for number in range(FIELDS_MAX + 1)}, ""),
    ],
)
def test_what_no_client_sends_is_refused_by_name(given: Any, field: str) -> None:
    """The message names the field; its text can be written anywhere."""
    with pytest.raises(UnreadableContext) as refusal:
        read(given)
    assert field == refusal.value.field
    assert str(refusal.value).encode("ascii")


@pytest.mark.parametrize("text", ["yesterday", "2026-11-20", "2026-11-20T12:00:00"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    """An instant is asked for, not a local time."""
    with pytest.raises(UnreadableContext, match="currentTime"):
        read({"currentTime": text}, trusted=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(given=st.dictionaries(st.text(), json_values, max_size=5))
def test_any_object_is_read_or_refused(given: dict[str, Any]) -> None:
    """Nothing but UnreadableContext comes out, and a context holds texts only."""
    try:
        found = read(given)
    except UnreadableContext:
        return
    assert all(isinstance(text, str) and text for text in found.properties.values())
