"""`GET /api/delivery.yaml`: the description of all addresses here, as OpenAPI 3.1."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flags.delivery.answers import is_known
from flags.delivery.http import Refusal, Request, Response
from flags.delivery.service import Service

FILE = Path(__file__).parents[2] / "docs" / "api" / "delivery.yaml"
# Read once, at the start; an installation may leave the documents out.
BODY = FILE.read_bytes() if FILE.exists() else b""
ETAG = b'"%s"' % hashlib.sha256(BODY).hexdigest()[:32].encode()
YAML = (b"content-type", b"application/yaml")
AN_HOUR = (b"cache-control", b"public, max-age=3600")


def get_description(_service: Service, request: Request) -> Response:
    """Answer the description; it holds nothing of anybody, so no token is needed."""
    if not BODY:
        raise Refusal(404, "The description was not installed with this node.")
    headers = [AN_HOUR, (b"etag", ETAG)]
    if is_known(request, ETAG):
        return Response(304, headers)
    return Response(200, [YAML, *headers], BODY)
