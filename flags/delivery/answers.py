"""Evaluate everything that a token may see, and answer with bytes or with a 304."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from flags.delivery.http import (
    JSON,
    NO_CACHE,
    Header,
    Refusal,
    Request,
    Response,
    etag_matches,
)
from flags.delivery.state import View
from flags.delivery.told import Told
from flags.engine.context import Context
from flags.engine.evaluate import answer, evaluate
from flags.engine.pages import Renderer
from flags.engine.result import Evaluation


class Fragments(NamedTuple):
    """Rendered features with the ETag of their bytes."""

    etag: bytes
    parts: list[bytes]


def evaluate_view(view: View, context: Context, renderer: Renderer) -> Fragments:
    """Evaluate all features of a view.

    Where two apps have a feature of the same key, the first app's is served: SDKs know
    no apps, and iOS breaks on a name that comes twice.
    """
    if len(view.lives) == 1:
        found = answer(view.lives[0].snapshot, context, renderer)
        return Fragments(found.etag.encode(), found.fragments)
    parts: list[bytes] = []
    seen: set[str] = set()
    for live in view.lives:
        for key in live.snapshot.feature_keys:
            if key not in seen:
                seen.add(key)
                if part := renderer.render(evaluate(live.snapshot, key, context)):
                    parts.append(part)
    digest = hashlib.sha256(b"\n".join(parts)).hexdigest()[:32]
    return Fragments(f'"{digest}"'.encode(), parts)


def evaluate_feature(view: View, key: str, context: Context) -> Evaluation | None:
    """Evaluate one feature; None when no app of the view has it."""
    for live in view.lives:
        if key in live.snapshot.feature_keys:
            return evaluate(live.snapshot, key, context)
    return None


def is_known(request: Request, etag: bytes) -> bool:
    """Tell whether the client has this answer already."""
    known = request.headers.get(b"if-none-match")
    return known is not None and etag_matches(known, etag)


def answer_json(
    etag: bytes, body: bytes, stamp: list[Header], told: Told | None = None
) -> Response:
    """Answer 200 with a body that only its token may keep."""
    return Response(200, [JSON, NO_CACHE, (b"etag", etag), *stamp], body, told=told)


def answer_unchanged(etag: bytes, stamp: list[Header]) -> Response:
    """Answer 304; the ETag is repeated."""
    return Response(304, [NO_CACHE, (b"etag", etag), *stamp])


def unknown_flag(key: str) -> Refusal:
    """Build the 404 of a flag that does not exist or is not for this token."""
    return Refusal(404, f"There is no flag {key[:100]!r}.", code="FLAG_NOT_FOUND")
