"""The documents of this node's own interface, which need no token: they hold nothing of anybody.

`GET /api/delivery.yaml` describes all addresses here as OpenAPI 3.1; `GET /api/variant/schema`
is the JSON Schema of the manifest, field by field.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from flags.delivery.answers import is_known
from flags.delivery.http import Refusal, Request, Response
from flags.delivery.service import Service

FOLDER = Path(__file__).parents[2] / "docs" / "api"
FILE = FOLDER / "delivery.yaml"
AN_HOUR = (b"cache-control", b"public, max-age=3600")


class Document(NamedTuple):
    """A file that is served as it is; empty where it was not installed."""

    kind: bytes
    body: bytes
    etag: bytes


def read_document(file: Path, kind: bytes) -> Document:
    """Read a file once, at the start; an installation may leave the documents out."""
    body = file.read_bytes() if file.exists() else b""
    return Document(kind, body, b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode())


DESCRIPTION = read_document(FILE, b"application/yaml")
SCHEMA = read_document(FOLDER / "variant.v1.schema.json", b"application/schema+json")


def get_description(_service: Service, request: Request) -> Response:
    """Answer the description of all addresses."""
    return answer_document(DESCRIPTION, request)


def get_schema(_service: Service, request: Request) -> Response:
    """Answer the JSON Schema of the manifest."""
    return answer_document(SCHEMA, request)


def answer_document(document: Document, request: Request) -> Response:
    """Answer a document; whoever asks with its ETag has it already."""
    if not document.body:
        raise Refusal(404, "The document was not installed with this node.")
    headers = [AN_HOUR, (b"etag", document.etag)]
    if is_known(request, document.etag):
        return Response(304, headers)
    return Response(200, [(b"content-type", document.kind), *headers], document.body)
