"""Values have the type that their feature declares, whatever was written somewhere."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Feature, Payload, Strategy, Variant
from flags.engine.evaluate import evaluate
from flags.engine.values import (
    INTEGER_MAX,
    INTEGER_MIN,
    UnreadableValue,
    ValueType,
    read_payload,
    settle,
    settle_off,
)
from tests.unit.engine.scopes import context, scope

JSON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "string": (str,),
    "number": (float,),
    "integer": (int,),
    "json": (dict, list),
}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("string", "", ""),
        ("string", "42", "42"),
        ("number", "42", 42.0),
        ("number", "-0.5e-3", -0.0005),
        ("number", "123456789012345678901234567890", 1.2345678901234568e29),
        ("integer", "42", 42),
        ("integer", str(INTEGER_MIN), INTEGER_MIN),
        ("integer", str(INTEGER_MAX), INTEGER_MAX),
        ("json", "[]", []),
        ("json", ' {"a": [1, 2.0, null]} ', {"a": [1, 2.0, None]}),
    ],
)
def test_a_payload_becomes_a_value_of_its_type(kind: str, text: str, expected: object) -> None:
    """Integers stay integers, and numbers are floats also where they have no point."""
    found = read_payload(text, kind)
    assert (expected, type(expected)) == (found, type(found))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", ""),
        ("number", "1,5"),
        ("number", "0x1"),
        ("number", "NaN"),
        ("number", "1e400"),
        ("number", "9" * 400),
        ("number", "true"),
        ("number", '"1"'),
        ("integer", "42.0"),
        ("integer", "1e2"),
        ("integer", str(INTEGER_MAX + 1)),
        ("integer", str(INTEGER_MIN - 1)),
        ("integer", "false"),
        ("integer", "null"),
        ("json", "1"),
        ("json", '"text"'),
        ("json", "null"),
        ("json", "{"),
        ("json", "[" * 33 + "]" * 33),
        ("json", "[" * 5_000 + "]" * 5_000),
        ("json", '{"a": "\\ud800"}'),
        ("boolean", "1"),
    ],
)
def test_a_payload_of_another_type_is_refused(kind: str, text: str) -> None:
    """Whatever cannot be read as the type is named as such, and never guessed."""
    with pytest.raises(UnreadableValue):
        read_payload(text, kind)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 0, 0.0),
        ("number", True, None),
        ("number", 10**400, None),
        ("integer", 5.0, None),
        ("integer", True, None),
        ("boolean", 0, None),
        ("json", None, None),
        ("json", "text", None),
        ("json", [float("nan")], None),
        ("string", "\ud800", "\ud800"),
    ],
)
def test_an_unfit_off_value_leaves_it_to_the_code(kind: str, value: object, expected: Any) -> None:
    """What was kept before there were types must not reach clients as another one."""
    found = settle_off(value, kind)
    assert (expected, type(expected)) == (found, type(found))


@given(st.sampled_from(get_args(ValueType)), st.integers() | st.floats() | st.booleans())
def test_a_settled_value_is_sent_as_its_type(kind: str, value: float) -> None:
    """Written as JSON and read again, a value is still of its type: `42.0` keeps its point."""
    try:
        settled = settle(value, kind)
    except UnreadableValue:
        return
    again = json.loads(msgspec.json.encode(settled))
    assert type(again) in JSON_TYPES[kind]
    assert again == settled


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
texts = junk.map(json.dumps) | st.text(max_size=8)
variants = st.lists(
    st.builds(
        Variant,
        name=st.sampled_from("abc"),
        weight=st.integers(0, 3),
        payload=st.none() | st.builds(Payload, type=st.sampled_from(["json", "x"]), value=texts),
    ),
    max_size=4,
)


@given(st.sampled_from(get_args(ValueType)), junk, variants, st.booleans(), st.booleans())
def test_every_answer_has_the_declared_type(
    kind: Any, off_value: Any, drawn: list[Variant], enabled: Any, split: Any
) -> None:
    """On or off, by any variant, of any definitions: one JSON type, or the code's default."""
    strategy = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "50" if split else "100", "stickiness": "userId", "groupId": "g"},
        variants=tuple(drawn),
    )
    feature = Feature(
        key="f", value_type=kind, off_value=off_value, enabled=enabled, strategies=(strategy,)
    )
    snapshot = compile_snapshot(scope(feature))
    values = [evaluate(snapshot, "f", context(userId=str(user))).value for user in range(12)]
    found = {type(value) for value in values if value is not None}
    assert found <= set(JSON_TYPES[kind])
    assert len(found) <= 1 or settle_off(off_value, kind) is None
