"""PURE: the answers of OFREP 0.3.0, such that the strictest provider reads them.

Each key is one that some provider cannot do without; none of them may be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from flags.engine.result import Evaluation, Reason

encode = msgspec.json.Encoder().encode

SPLIT = frozenset({Reason.VARIANT, Reason.NOT_IN_ROLLOUT})


class OfrepRenderer:
    """Render every flag, on or off: a missing key would be FLAG_NOT_FOUND."""

    name = "ofrep"

    def render(self, evaluation: Evaluation) -> bytes:
        """Return one flag of a bulk answer, which is also the whole single answer."""
        return render_flag(evaluation)


def render_flag(evaluation: Evaluation) -> bytes:
    """Return one evaluated flag; Landfall's own reason stands in the metadata."""
    if evaluation.value is None:
        return render_error("GENERAL", "The flag has no value here.", key=evaluation.feature)
    return encode(
        {
            "key": evaluation.feature,
            "value": evaluation.value,
            "reason": standard_reason(evaluation),
            "variant": variant_name(evaluation),
            "metadata": build_metadata(evaluation),
        }
    )


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


def build_metadata(evaluation: Evaluation) -> dict[str, str]:
    """Build flat metadata of texts only; others break the Java and Kotlin providers."""
    metadata = {"landfallReason": evaluation.reason.value}
    if evaluation.rule is not None and evaluation.rule.key:
        metadata["rule"] = evaluation.rule.key
    if evaluation.signal:
        metadata["signal"] = evaluation.signal
    if evaluation.detail:
        metadata["detail"] = evaluation.detail
    return metadata


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
