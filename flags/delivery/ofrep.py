"""OFREP 0.3.0: evaluation for OpenFeature providers."""

from __future__ import annotations

from flags.delivery.answers import (
    answer_json,
    answer_unchanged,
    evaluate_feature,
    evaluate_view,
    is_known,
    unknown_flag,
)
from flags.delivery.auth import ANY_KIND
from flags.delivery.http import JSON, NO_CACHE, Request, Response
from flags.delivery.prepared import derive_channel
from flags.delivery.service import Service
from flags.wire.ofrep import OfrepRenderer, render_bulk, render_flag

EVENTS_PATH = "/ofrep/v1/events"
BULK = OfrepRenderer()


def evaluate_bulk(service: Service, request: Request) -> Response:
    """Answer every flag, on or off; a 304 here answers a POST, as the protocol wants it."""
    known = service.gatekeeper.identify(request, ANY_KIND, api_key=True)
    view = service.gatekeeper.view(known)
    context = service.contexts.of_body(request, known)
    found = evaluate_view(view, context, BULK)
    stamp = service.stamp(view)
    if is_known(request, found.etag):
        return answer_unchanged(found.etag, stamp)
    stream_uri = ""
    if service.settings.ofrep_stream:
        stream_uri = f"{EVENTS_PATH}?ch={derive_channel(known.token.digest)}"
    return answer_json(found.etag, render_bulk(found.parts, stream_uri=stream_uri), stamp)


def evaluate_one(service: Service, request: Request) -> Response:
    """Answer one flag."""
    known = service.gatekeeper.identify(request, ANY_KIND, api_key=True)
    view = service.gatekeeper.view(known)
    context = service.contexts.of_body(request, known)
    evaluation = evaluate_feature(view, request.rest, context)
    if evaluation is None:
        raise unknown_flag(request.rest)
    return Response(200, [JSON, NO_CACHE, *service.stamp(view)], render_flag(evaluation))
