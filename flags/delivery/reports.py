"""What Unleash's SDKs report: registrations and counts, leniently read.

Nothing is kept yet; a report is checked for its shape and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from flags.delivery.http import Refusal, Request
from flags.delivery.inputs import check_content_type, check_value, parse_query

Shape = TypeVar("Shape")


class Toggle(Struct):
    """How often a flag was on and off in one interval; variants may be absent or null."""

    yes: int = 0
    no: int = 0
    variants: dict[str, int] | None = None


class Bucket(Struct):
    """Counts of one interval; names of flags that do not exist here are fine."""

    toggles: dict[str, Toggle] | None = None
    start: Any = None
    stop: Any = None


class Metrics(Struct, rename="camel"):
    """One SDK's report; the bucket is null when there are impact metrics only."""

    app_name: str
    bucket: Bucket | None = None
    instance_id: str | None = None


class Registration(Struct, rename="camel"):
    """One SDK's first word; everything but its app is optional here."""

    app_name: str


class BulkMetrics(Struct):
    """What Unleash Edge gathered."""

    applications: list[dict[str, Any]]
    metrics: list[dict[str, Any]]


decode_metrics = msgspec.json.Decoder(Metrics).decode
decode_registration = msgspec.json.Decoder(Registration).decode
decode_bulk = msgspec.json.Decoder(BulkMetrics).decode


def check_metrics(request: Request) -> int:
    """Check a report and return how many flags it counts."""
    metrics = read_shape(request, decode_metrics)
    return len(metrics.bucket.toggles or ()) if metrics.bucket is not None else 0


def check_bulk(request: Request) -> int:
    """Check a bulk report and return how many lines it has."""
    return len(read_shape(request, decode_bulk).metrics)


def check_registration(request: Request) -> None:
    """Check a registration."""
    if not read_shape(request, decode_registration).app_name:
        raise Refusal(400, "`appName` must not be empty.")


def read_shape(request: Request, decode: Callable[[bytes], Shape]) -> Shape:
    """Decode a body of a known shape; a body that could hold a NUL is looked at closely."""
    check_content_type(request)
    parse_query(request.query)
    try:
        if b"\\u0000" in request.body:
            check_value(msgspec.json.decode(request.body))
        return decode(request.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The body cannot be read: {error}.") from error
