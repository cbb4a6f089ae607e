"""What follows from features is remembered, in bounded bytes."""

from __future__ import annotations

import msgspec
import pytest

from flags.wire.manifest import Frame, LocaleChoice, Manifests
from tests.unit.delivery.world import build_definitions

LIMIT_BYTES = 100_000
FRAGMENT_BYTES = 10_000
ENGLISH = LocaleChoice(tag="en", chain=("en",), direction="ltr")
FRAME = Frame((), b"", ())


def build_fragment(number: int) -> bytes:
    """Build a rendered feature of 10 kB."""
    seen = {"key": "pay", "on": bool(number % 2), "reason": "LIVE", "pad": "x" * FRAGMENT_BYTES}
    return msgspec.json.encode({**seen, "number": number})


def test_what_fragments_say_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold as many fragments as there are bytes for, and let them go with what they said."""
    monkeypatch.setattr("flags.wire.manifest.FOLLOWS_BYTES", LIMIT_BYTES, raising=False)
    manifests = Manifests(build_definitions())
    for number in range(100):
        fragments = [build_fragment(number)]
        for _ in range(2):
            told = manifests.follow(b'"%d"' % number, fragments, FRAME, ENGLISH, {})
        assert (b'"live"' in told) is bool(number % 2)
    notes, follows = manifests.bundles.notes, manifests.follows
    held = [*notes.young, *notes.old]
    assert 5 < len(held)
    assert sum(map(len, held)) <= 2 * LIMIT_BYTES + FRAGMENT_BYTES
    assert 5 < len(follows) <= len(held) + 1


def test_what_follows_is_found_by_the_etag_of_the_features() -> None:
    """Ask for nothing again whose ETag was seen, in any locale by itself."""
    manifests = Manifests(build_definitions())
    one, other = [build_fragment(1)], [build_fragment(2)]
    first = manifests.follow(b'"1"', one, FRAME, ENGLISH, {})
    assert first is manifests.follow(b'"1"', one, FRAME, ENGLISH, {})
    assert first != manifests.follow(b'"2"', other, FRAME, ENGLISH, {})
    chinese = LocaleChoice(tag="zh", chain=("zh",), direction="ltr")
    assert first is not manifests.follow(b'"1"', one, FRAME, chinese, {"x": "y"})
