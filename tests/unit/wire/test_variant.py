"""The manifest: features with words of the person's locale."""

from __future__ import annotations

import json

from flags.engine.result import Evaluation, Reason
from flags.wire.variant import Phrases, VariantRenderer, build_phrases

REASONS = json.dumps(
    {"reason.KILLED": "Paused", "reason.LIVE": {"one": "On", "other": "On for all"}, "x": "y"}
).encode()
WALLET = json.dumps({"wallet.unavailable": "Not here yet", "other": "-"}).encode()
KILLED = Evaluation(feature="pay", on=False, value=False, reason=Reason.KILLED)


def test_phrases_hold_reasons_and_wanted_keys_only() -> None:
    """Pick what a manifest can say, and tell plurals by `other`."""
    phrases = build_phrases([REASONS, WALLET], frozenset({"wallet.unavailable"}))
    expected = {
        "reason.KILLED": "Paused",
        "reason.LIVE": "On for all",
        "wallet.unavailable": "Not here yet",
    }
    assert expected == phrases.texts


def test_a_bundle_that_cannot_be_read_holds_nothing_back() -> None:
    """Pass over a broken bundle: words never hold back flags."""
    assert build_phrases([b"\xff", b"[1]", b'{"reason.KILLED": 5}'], frozenset()).texts == {}


def test_a_feature_that_is_off_says_its_own_text() -> None:
    """Say the feature's own text while it is off."""
    phrases = build_phrases([REASONS, WALLET], frozenset({"wallet.unavailable"}))
    renderer = VariantRenderer("en", phrases, {"pay": "wallet.unavailable"})
    feature = json.loads(renderer.render(KILLED))
    assert (feature["textKey"], feature["text"]) == ("wallet.unavailable", "Not here yet")


def test_a_feature_says_how_it_is_shown() -> None:
    """Hide what was killed, explain what is blocked, offer to tell of what is planned."""
    reasons = (Reason.KILLED, Reason.BLOCKED_BY_LAW, Reason.PLANNED)
    renderer = VariantRenderer("en", Phrases(), {})
    shown = [
        json.loads(
            renderer.render(Evaluation(feature="pay", on=False, value=False, reason=reason))
        )["display"]
        for reason in reasons
    ]
    assert ["hidden", "disabled", "notify"] == shown


def test_without_an_own_text_the_reason_speaks() -> None:
    """Fall back to the reason's text when the own one is not published."""
    phrases = build_phrases([REASONS], frozenset({"wallet.unavailable"}))
    renderer = VariantRenderer("en", phrases, {"pay": "wallet.unavailable"})
    feature = json.loads(renderer.render(KILLED))
    assert (feature["textKey"], feature["text"]) == ("reason.KILLED", "Paused")


def test_a_changed_word_changes_the_renderers_name() -> None:
    """Never let a fragment with an old word pass for the new one."""
    old = VariantRenderer("en", build_phrases([REASONS], frozenset()), {})
    new = VariantRenderer("en", Phrases(digest="other", texts={}), {})
    same = VariantRenderer("en", build_phrases([REASONS], frozenset()), {})
    assert old.name == same.name
    assert old.name != new.name
