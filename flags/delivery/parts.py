"""`/internal/parts`: a web node as a source for edges while Redis is silent.

Only what this node serves itself is given, so an edge never gets a part that no node
could activate. The credential is its own and opens nothing else.
"""

from __future__ import annotations

import hmac

import msgspec

from flags.delivery.http import JSON, NO_STORE, Refusal, Request, Response
from flags.delivery.service import Service
from flags.publishing.store import Head, PartKey

MSGPACK = (b"content-type", b"application/msgpack")
OCTETS = (b"content-type", b"application/octet-stream")


class PartHead(msgspec.Struct, frozen=True):
    """One line of the list of parts."""

    key: PartKey
    head: Head


def list_parts(service: Service, request: Request) -> Response:
    """Answer how new each part is."""
    check_credential(service, request)
    rows = [PartHead(part.key, part.head) for part in service.state.parts.values()]
    return Response(200, [JSON, NO_STORE], msgspec.json.encode(rows))


def get_part(service: Service, request: Request) -> Response:
    """Answer one part with its bytes; the path ends in environment, app and part."""
    check_credential(service, request)
    environment, _, rest = request.rest.partition("/")
    app, _, name = rest.partition("/")
    part = service.state.parts.get(PartKey(environment, app, name))
    if part is None:
        raise Refusal(404, "There is no such part.")
    return Response(200, [MSGPACK, NO_STORE], msgspec.msgpack.encode(part))


def get_blob(service: Service, request: Request) -> Response:
    """Answer one text bundle of what is served."""
    check_credential(service, request)
    body = service.state.blobs.get(request.rest)
    if body is None:
        raise Refusal(404, "There is no such text bundle.")
    return Response(200, [OCTETS, NO_STORE], body)


def check_credential(service: Service, request: Request) -> None:
    """Refuse whoever is not an edge of this installation; 404 where edges are not meant."""
    expected = service.settings.edge_token.encode()
    if not expected:
        raise Refusal(404, "There is nothing at this address.")
    shown = request.headers.get(b"authorization", b"").removeprefix(b"Bearer ")
    if not hmac.compare_digest(shown, expected):
        raise service.gatekeeper.guesses.refuse(request.peer, "The edge credential is not right.")
