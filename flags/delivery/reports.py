"""What Unleash's SDKs report: registrations and counts, leniently read.

Registrations are looked at and not kept; what is counted goes to `exposure`. Impact metrics
are taken and not kept.
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


class Line(Struct, rename={"name": "featureName"}):
    """How often a flag was on and off; Unleash Edge sends it like this."""

    name: str
    yes: int = 0
    no: int = 0
    variants: dict[str, int] | None = None
    environment: str = ""


class BulkMetrics(Struct):
    """What Unleash Edge gathered."""

    applications: list[dict[str, Any]]
    metrics: list[Line]


decode_metrics = msgspec.json.Decoder(Metrics).decode
decode_registration = msgspec.json.Decoder(Registration).decode
decode_bulk = msgspec.json.Decoder(BulkMetrics).decode


def read_metrics(request: Request) -> list[Line]:
    """Return the flags that a report counts."""
    bucket = read_shape(request, decode_metrics).bucket
    toggles = (bucket.toggles if bucket is not None else None) or {}
    return [Line(name, one.yes, one.no, one.variants) for name, one in toggles.items()]


def read_bulk(request: Request, environment: str) -> list[Line]:
    """Return the flags that an Edge counted in the token's own environment."""
    lines = read_shape(request, decode_bulk).metrics
    return [line for line in lines if line.environment == environment]


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
