"""What Unleash's SDKs report: registrations and counts, leniently read.

Registrations are looked at and not kept; what is counted goes to `exposure`. Impact metrics
are taken and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from flags.delivery.http import Refusal, Request
from flags.delivery.inputs import check_content_type, check_value, parse_query

Shape = TypeVar("Shape")

# A body up to this is read whole, some 1 ms; of a longer one only where its lines begin.
SHORT_BYTES = 32 * 1024
# Values of a longer body; Unleash Edge cuts its own at 100 KB, which are some 10,000.
VALUES_MAX = 25_000
BULK_VALUES_MAX = 60_000
VARIANTS_BYTES = 16 * 1024


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


class Loose(Struct):
    """The counts of a flag in a long report; its variants are not read yet."""

    name: str = msgspec.field(default="", name="featureName")
    yes: int = 0
    no: int = 0
    variants: Raw = Raw(b"null")
    environment: str = ""


class LooseBucket(Struct):
    """Where the flags of a long report begin."""

    toggles: dict[str, Raw] | None = None


class LooseMetrics(Struct, rename="camel"):
    """A long report of an SDK."""

    app_name: str
    bucket: LooseBucket | None = None


class LooseBulk(Struct):
    """A long report of an Edge."""

    applications: Raw
    metrics: list[Raw]


# Stands for what cannot be read, or is too much: SDKs would send it again if it were refused.
UNREADABLE = Line("", yes=-1)


class LongReport:
    """Flags of a long report, each read when it is its turn."""

    def __init__(self, rows: Iterable[tuple[str, Raw]], count: int, environment: str = "") -> None:
        """Take names and rows; rows of an Edge name themselves and their environment."""
        self.rows = rows
        self.count = count
        self.environment = environment

    def __len__(self) -> int:
        """Count the rows, of whatever environment."""
        return self.count

    def __iter__(self) -> Iterator[Line | None]:
        """Read one row after the other; None is of another environment."""
        for name, row in self.rows:
            try:
                line = read_row(name, row)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                line = UNREADABLE
            yield line if line.environment == self.environment or line is UNREADABLE else None


Report = Sequence[Line] | LongReport

decode_metrics = msgspec.json.Decoder(Metrics).decode
decode_registration = msgspec.json.Decoder(Registration).decode
decode_bulk = msgspec.json.Decoder(BulkMetrics).decode
decode_loose = msgspec.json.Decoder(Loose).decode
decode_loose_metrics = msgspec.json.Decoder(LooseMetrics).decode
decode_loose_bulk = msgspec.json.Decoder(LooseBulk).decode
decode_variants = msgspec.json.Decoder(dict[str, int] | None).decode


def read_metrics(request: Request) -> Report:
    """Return the flags that a report counts."""
    if len(request.body) > SHORT_BYTES:
        loose = read_long(request, decode_loose_metrics, VALUES_MAX)
        if loose is None:
            return [UNREADABLE]
        rows = (loose.bucket.toggles if loose.bucket is not None else None) or {}
        return LongReport(rows.items(), len(rows))
    bucket = read_shape(request, decode_metrics).bucket
    toggles = (bucket.toggles if bucket is not None else None) or {}
    return [Line(name, one.yes, one.no, one.variants) for name, one in toggles.items()]


def read_bulk(request: Request, environment: str) -> Report:
    """Return the flags that an Edge counted in the token's own environment."""
    if len(request.body) > SHORT_BYTES:
        found = read_long(request, decode_loose_bulk, BULK_VALUES_MAX)
        if found is None:
            return [UNREADABLE]
        return LongReport((("", row) for row in found.metrics), len(found.metrics), environment)
    lines = read_shape(request, decode_bulk).metrics
    return [line for line in lines if line.environment == environment]


def read_row(name: str, row: Raw) -> Line:
    """Read a flag of a long report, unless it has more variants than any flag."""
    loose = decode_loose(row)
    if memoryview(loose.variants).nbytes > VARIANTS_BYTES:
        return UNREADABLE
    variants = decode_variants(loose.variants)
    return Line(name or loose.name, loose.yes, loose.no, variants, loose.environment)


def read_long(request: Request, decode: Callable[[bytes], Shape], values: int) -> Shape | None:
    """Find the rows of a long body; None where there are too many to find in a moment.

    NULs are not looked for: of its names only those count that are known here.
    """
    check_content_type(request)
    parse_query(request.query)
    if request.body.count(b",") > values:
        return None
    try:
        return decode(request.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The body cannot be read: {error}.") from error


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
