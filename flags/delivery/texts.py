"""`GET /api/texts/<sha256>`: immutable text bundles, named by their content.

No token: whoever knows a hash was given it by a manifest, and the words are what every
client shows anyway.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from flags.delivery.http import JSON, Header, Refusal, Request, Response
from flags.delivery.service import FindText, Service

FOREVER: Header = (b"cache-control", b"public, max-age=31536000, immutable")
SHA256 = re.compile(r"[0-9a-f]{64}")
LOOKUPS_AT_ONCE = 4
# Anybody may ask for any hash: above this they are told to come back.
WAITING_MAX = 64
MISSED_SECONDS = 5.0
REMEMBERED_MISSES = 10_000
REMEMBERED_TEXTS = 256


def get_text(service: Service, request: Request) -> Response:
    """Answer a bundle that this node holds; others are for `find_text`."""
    body = service.state.blobs.get(request.rest)
    if body is None:
        raise unknown_text(request.rest)
    return answer_text(request, request.rest, body)


async def find_text(service: Service, request: Request) -> Response:
    """Look an unknown hash up once in the stores; older revisions' bundles live there."""
    if not SHA256.fullmatch(request.rest) or service.find_text is None:
        raise unknown_text(request.rest)
    body = await service.find_text(request.rest)
    if body is None:
        raise unknown_text(request.rest)
    return answer_text(request, request.rest, body)


def answer_text(request: Request, sha256: str, body: bytes) -> Response:
    """Answer a bundle for ever; whoever asks with its ETag has it already."""
    etag = b'"' + sha256.encode() + b'"'
    headers = [FOREVER, (b"etag", etag)]
    if request.headers.get(b"if-none-match", b"").strip().removeprefix(b"W/") == etag:
        return Response(304, headers)
    return Response(200, [JSON, *headers], body)


def unknown_text(sha256: str) -> Refusal:
    """Build the 404, which is never cached: the bundle may be on its way."""
    return Refusal(404, f"There is no text bundle {sha256[:64]!r}.")


def build_finder(find_blob: Callable[[str], bytes | None]) -> FindText:
    """Build a look-up that leaves the loop for a thread, rarely and few at a time."""
    found: dict[str, bytes] = {}
    missed: dict[str, float] = {}
    gate = asyncio.Semaphore(LOOKUPS_AT_ONCE)
    waiting = 0

    async def find(sha256: str) -> bytes | None:
        nonlocal waiting
        if sha256 in found:
            return found[sha256]
        if time.monotonic() - missed.get(sha256, -MISSED_SECONDS) < MISSED_SECONDS:
            return None
        if waiting >= WAITING_MAX:
            raise Refusal(503, "Too many unknown texts are asked for.", retry_after_seconds=2)
        waiting += 1
        try:
            async with gate:
                body = await asyncio.to_thread(find_blob, sha256)
        finally:
            waiting -= 1
        if body is None:
            if len(missed) >= REMEMBERED_MISSES:
                missed.clear()
            missed[sha256] = time.monotonic()
            return None
        if len(found) >= REMEMBERED_TEXTS:
            found.clear()
        found[sha256] = body
        return body

    return find
