"""PURE: features as the variant manifest tells them, with the words of one locale.

The rest of the document is made in manifest.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from flags.engine.display import DISPLAYS, REASON_KEY, text_key_of
from flags.engine.result import Evaluation

encode = msgspec.json.Encoder().encode


class Phrases(Struct, frozen=True):
    """What a locale says to reasons: entry key to text; `digest` names these texts."""

    digest: str = ""
    texts: dict[str, str] = {}


def build_phrases(bundles: Iterable[bytes], wanted: frozenset[str]) -> Phrases:
    """Pick the wanted entries and all reasons from text bundles; the first bundle wins.

    An entry with plural forms is told by its form `other`. A bundle that cannot be read
    is passed over: words never hold back flags.
    """
    texts: dict[str, str] = {}
    for bundle in bundles:
        for key, message in read_bundle(bundle).items():
            if key not in texts and (key in wanted or key.startswith(REASON_KEY)):
                text = message.get("other") if isinstance(message, dict) else message
                if isinstance(text, str) and text:
                    texts[key] = text
    digest = hashlib.sha256(encode(sorted(texts.items()))).hexdigest()[:16]
    return Phrases(digest=digest, texts=texts)


def read_bundle(bundle: bytes) -> dict[str, Any]:
    """Return the entries of a text bundle; nothing when it cannot be read."""
    try:
        entries = msgspec.json.decode(bundle)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}


class VariantRenderer:
    """Render features with the words of one locale.

    The name carries the digest of the words: renderers of one name are interchangeable,
    so that a fragment with an old word can never be served after the word changed.
    """

    def __init__(self, locale: str, phrases: Phrases, text_keys: Mapping[str, str]) -> None:
        """Take the words of a locale, and the own text keys of features that have one."""
        keys = hashlib.sha256(encode(sorted(text_keys.items()))).hexdigest()[:16]
        self.name = f"variant:{locale}:{phrases.digest}:{keys}"
        self.texts = phrases.texts
        self.text_keys = text_keys

    def render(self, evaluation: Evaluation) -> bytes:
        """Return one feature with value, variant, reason, how to show it, and the words.

        What is shown needs no words: most features of most people are on.
        """
        feature: dict[str, Any] = {
            "key": evaluation.feature,
            "on": evaluation.on,
            "value": evaluation.value,
            "reason": evaluation.reason.value,
        }
        if evaluation.variant is not None:
            feature["variant"] = evaluation.variant.name
        feature["display"] = DISPLAYS[evaluation.reason]
        if not evaluation.on:
            feature["textKey"] = text_key = self.text_key(evaluation)
            feature["text"] = self.texts.get(text_key, "")
        if evaluation.signal:
            feature["signal"] = evaluation.signal
        if evaluation.detail:
            feature["detail"] = evaluation.detail
        return encode(feature)

    def text_key(self, evaluation: Evaluation) -> str:
        """Return the feature's own text while it is off, else the text of the reason."""
        own = self.text_keys.get(evaluation.feature, "")
        return text_key_of(evaluation, own if own in self.texts else "")


def collect_text_keys(features: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the text key of every feature that has one."""
    return {key: text_key for key, text_key in features if text_key}
