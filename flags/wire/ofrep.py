"""PURE: the answers of OFREP 0.3.0, such that the strictest provider reads them.

Each key is one that some provider cannot do without; none of them may be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from flags.engine.definitions import Feature
from flags.engine.result import Evaluation, Reason

encode = msgspec.json.Encoder().encode

SPLIT = frozenset({Reason.VARIANT, Reason.NOT_IN_ROLLOUT})


class OfrepRenderer:
    """Render every flag of one app, on or off: a missing key would be FLAG_NOT_FOUND.

    `keyed` are the flags that only a targeting key lets a person into.
    """

    name = "ofrep"

    def __init__(self, app: str = "", features: Sequence[Feature] = ()) -> None:
        """Keep what the metadata tells of each flag."""
        self.app = app
        self.kinds: dict[str, str] = {one.key: one.value_type for one in features}
        self.keyed = frozenset(one.key for one in features if is_keyed(one))

    def render(self, evaluation: Evaluation) -> bytes:
        """Return one flag of a bulk answer, which is also the whole single answer.

        A flag without a value means the code's own default: there is nothing better, and
        every provider calls a null a wrong type.
        """
        flag: dict[str, Any] = {"key": evaluation.feature}
        if evaluation.value is not None:
            flag["value"] = evaluation.value
        flag["reason"] = standard_reason(evaluation)
        flag["variant"] = variant_name(evaluation)
        flag["metadata"] = self.build_metadata(evaluation)
        return encode(flag)

    def build_metadata(self, evaluation: Evaluation) -> dict[str, str]:
        """Build flat metadata of texts only; others break the Java and Kotlin providers."""
        metadata = {"landfallReason": evaluation.reason.value}
        if self.app:
            metadata["project"] = self.app
            metadata["type"] = self.kinds.get(evaluation.feature, "boolean")
        if evaluation.rule is not None and evaluation.rule.key:
            metadata["rule"] = evaluation.rule.key
        if evaluation.signal:
            metadata["signal"] = evaluation.signal
        if evaluation.detail:
            metadata["detail"] = evaluation.detail
        return metadata


def is_keyed(feature: Feature) -> bool:
    """Tell whether every way to be on recognises people by their user and nothing else."""
    stickiness = {one.parameters.get("stickiness") for one in feature.strategies}
    return stickiness == {"userId"}


def standard_reason(evaluation: Evaluation) -> str:
    """Return one of the standard's words.

    Never DISABLED: Go's provider would take the caller's default instead of the value.
    """
    if evaluation.reason is Reason.ERROR:
        return "UNKNOWN"
    if evaluation.reason in SPLIT:
        return "SPLIT"
    return "TARGETING_MATCH" if evaluation.rule is not None else "STATIC"


def variant_name(evaluation: Evaluation) -> str:
    """Return the variant's name; providers want one even where there is none."""
    if evaluation.variant is not None:
        return evaluation.variant.name
    return "on" if evaluation.on else "off"


def render_bulk(
    fragments: Iterable[bytes],
    *,
    stream_uri: str = "",
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Join flags to a bulk answer.

    The stream and the metadata are only given when switched on: Kotlin's provider fails
    on top-level keys that it does not know.
    """
    body = b'{"flags":[' + b",".join(filter(None, fragments)) + b"]"
    if stream_uri:
        stream = {
            "type": "sse",
            "endpoint": {"requestUri": stream_uri},
            "inactivityDelaySec": 120,
        }
        body += b',"eventStreams":' + encode([stream])
    if metadata is not None:
        body += b',"metadata":' + encode(metadata)
    return body + b"}"


def render_error(code: str, details: str, *, key: str = "") -> bytes:
    """Return an error; the Java provider needs `metadata`, Python's `errorDetails`."""
    error: dict[str, Any] = {"errorCode": code, "errorDetails": details, "metadata": {}}
    if key:
        error = {"key": key, **error}
    return encode(error)
