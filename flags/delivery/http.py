"""The few words of HTTP that all routes share: requests, answers, ETags, CORS.

No route and no rule of a protocol lives here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from flags.delivery.told import Told

Scope = MutableMapping[str, Any]
Header = tuple[bytes, bytes]

JSON = (b"content-type", b"application/json")
NO_CACHE = (b"cache-control", b"private, no-cache")
NO_STORE = (b"cache-control", b"no-store")
VARY_TOKEN = (b"vary", b"Authorization")
VARY_BROWSER = (b"vary", b"Authorization, Origin")
EXPOSED = b"ETag, Retry-After, X-Landfall-Revision, X-Landfall-Age"
# Headers that tell how fresh the node is; all others are the same the next time.
FRESHNESS = frozenset({b"x-landfall-age"})
PREFLIGHT_SECONDS = b"86400"

encode_json = msgspec.json.Encoder().encode


class Response(NamedTuple):
    """An answer; `whole` once its family's headers and its length are there.

    `told` is what to count when it is sent; `other_etag` names the same answer in another
    encoding.
    """

    status: int
    headers: list[Header]
    body: bytes = b""
    whole: bool = False
    told: Told | None = None
    other_etag: bytes = b""


class Request:
    """What a route may look at; `body` is filled for routes that take one.

    `shown` is the header in which the token stood by which it was identified, empty before.
    """

    __slots__ = ("body", "headers", "method", "path", "peer", "query", "rest", "shown")

    def __init__(self, scope: Scope) -> None:
        """Read an ASGI scope; of a repeated header the last one counts."""
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        client = scope.get("client")
        self.peer: str = client[0] if client else ""
        self.body = b""
        self.rest = ""
        self.shown = b""


class Refusal(Exception):
    """A request that is answered with an error; `code` is an OFREP error code.

    Raised by whatever finds the fault, rendered once by the router in the route's words.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        name: str = "",
        code: str = "GENERAL",
        retry_after_seconds: int | None = None,
        allow: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.name = name or NAMES.get(status, "GenericError")
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.allow = allow


NAMES = {
    400: "BadDataError",
    401: "AuthenticationRequired",
    403: "NoAccessError",
    404: "NotFoundError",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    413: "ContentTooLarge",
    415: "ContentTypeError",
    429: "RateLimitError",
    500: "InternalError",
    503: "Unavailable",
}


def unavailable() -> Refusal:
    """Build the answer of a node that has nothing to answer from yet; SDKs try again."""
    return Refusal(503, "No configuration has reached this node yet.", retry_after_seconds=2)


def render_error_headers(refusal: Refusal) -> list[Header]:
    """Return the headers that an error needs besides those of its route."""
    headers = [JSON, NO_STORE]
    if refusal.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    if refusal.allow:
        headers.append((b"allow", refusal.allow.encode()))
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


ETAG = re.compile(rb'(?:[Ww]/)?("[^"]*"|[^",\s][^",]*)')


def etag_matches(if_none_match: bytes, etag: bytes) -> bool:
    """Tell whether an If-None-Match names the ETag (RFC 9110, section 13.1.2).

    Compared weakly. SDKs send back what they got, some without quotes, one an empty
    value; an unquoted candidate counts as the quoted one.
    """
    if if_none_match == etag:
        return True
    value = if_none_match.strip()
    if not value:
        return False
    if value == b"*":
        return True
    opaque = etag.strip(b'"')
    return any(candidate.strip().strip(b'"') == opaque for candidate in ETAG.findall(value))


def cors_headers(origin: bytes | None, allowed: frozenset[str]) -> list[Header]:
    """Return what a browser needs to read an answer; nothing for a foreign origin."""
    if "*" in allowed:
        return [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", EXPOSED),
        ]
    if origin is None or origin.decode("latin-1") not in allowed:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", EXPOSED),
    ]


def answer_preflight(request: Request, methods: Iterable[str], allowed: frozenset[str]) -> Response:
    """Answer an OPTIONS without a token; the asked headers are echoed.

    `*` would not cover Authorization in browsers. The origin is granted by what every answer
    of the route's family carries: told twice, browsers refuse it.
    """
    allow = ", ".join(methods).encode()
    headers = [(b"allow", allow), (b"vary", b"Origin, Access-Control-Request-Headers")]
    if cors_headers(request.headers.get(b"origin"), allowed):
        asked = request.headers.get(b"access-control-request-headers")
        headers += [
            (b"access-control-allow-methods", allow),
            (b"access-control-allow-headers", asked or b"Authorization, Content-Type"),
            (b"access-control-max-age", PREFLIGHT_SECONDS),
        ]
    return Response(204, headers)
