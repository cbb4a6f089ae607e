"""Unleash's hash, pinned: to move a vector moves people in and out of every rollout."""

from __future__ import annotations

import mmh3
import pytest
from msgspec.structs import replace

from flags.engine.bucketing import VARIANT_SEED, bucket, find_identity
from tests.unit.engine.scopes import context


@pytest.mark.parametrize(
    ("group", "identity", "expected"),
    [
        ("gr1", "123", (538421172, 73, 796, 96)),
        ("groupX", "999", (3843606124, 25, 260, 60)),
        ("Feature.flexibleRollout.10", "174", (3067997709, 10, 156, 56)),
        ("ünïcode", "bruker-ø", (2435076718, 19, 565, 65)),
    ],
)
def test_vectors_of_the_wire_contract_hold(
    group: str, identity: str, expected: tuple[int, int, int, int]
) -> None:
    """Vectors of Unleash's own SDKs: the hash, the rollout's bucket, two of the variants'."""
    assert expected == (
        mmh3.hash(f"{group}:{identity}", signed=False),
        bucket(group, identity, 100),
        bucket(group, identity, 1000, VARIANT_SEED),
        bucket(group, identity, 100, VARIANT_SEED),
    )


def test_text_outside_latin_is_hashed_as_utf8() -> None:
    """Agree with every SDK but Node's."""
    assert bucket("日本", "ユーザー1", 100) == 96


@pytest.mark.parametrize(
    ("stickiness", "expected"),
    [("default", "7"), ("userId", "7"), ("sessionId", "s"), ("random", None), ("plan", None)],
)
def test_stickiness_names_the_field(stickiness: str, expected: str | None) -> None:
    """Anything but default and random is a field of the context."""
    assert expected == find_identity(context(sessionId="s"), stickiness)


def test_default_stickiness_falls_back_to_the_session() -> None:
    """An empty user is no user."""
    person = context(userId=None, sessionId="s")
    assert find_identity(person, "default") == "s"
    assert find_identity(replace(person, user_id=""), "default") == "s"
