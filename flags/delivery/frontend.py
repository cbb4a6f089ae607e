"""The Unleash frontend API: answers for browsers and phones."""

from __future__ import annotations

from flags.delivery.answers import (
    answer_json,
    answer_unchanged,
    evaluate_feature,
    evaluate_view,
    is_known,
    unknown_flag,
)
from flags.delivery.auth import EVALUATION
from flags.delivery.http import JSON, NO_CACHE, Request, Response
from flags.delivery.reports import check_registration, read_metrics
from flags.delivery.service import Service
from flags.engine.pages import Renderer
from flags.wire.frontend import (
    EveryToggleRenderer,
    FrontendRenderer,
    render_toggle,
    render_toggles,
)

ENABLED = FrontendRenderer()
EVERY = EveryToggleRenderer()


def list_enabled(service: Service, request: Request) -> Response:
    """Answer the flags that are on."""
    return list_toggles(service, request, ENABLED)


def list_every(service: Service, request: Request) -> Response:
    """Answer all flags, as Unleash Edge's `/all` does."""
    return list_toggles(service, request, EVERY)


def list_toggles(service: Service, request: Request, renderer: Renderer) -> Response:
    """Evaluate for the context of the query or body; the ETag covers what is answered."""
    known = service.gatekeeper.identify(request, EVALUATION)
    view = service.gatekeeper.view(known)
    context = service.contexts.of(request, known)
    found = evaluate_view(view, context, renderer)
    stamp = service.stamp(view)
    if is_known(request, found.etag):
        return answer_unchanged(found.etag, stamp)
    told = service.exposure.tell(view, known, context)
    return answer_json(found.etag, render_toggles(found.parts), stamp, told)


def get_toggle(service: Service, request: Request) -> Response:
    """Answer one flag, on or off."""
    known = service.gatekeeper.identify(request, EVALUATION)
    view = service.gatekeeper.view(known)
    context = service.contexts.of(request, known)
    evaluation = evaluate_feature(view, request.rest, context)
    if evaluation is None:
        raise unknown_flag(request.rest)
    told = service.exposure.tell(view, known, context, feature=request.rest)
    head = [JSON, NO_CACHE, *service.stamp(view)]
    return Response(200, head, render_toggle(evaluation), told=told)


def accept_metrics(service: Service, request: Request) -> Response:
    """Accept counts; browsers ignore the status."""
    known = service.gatekeeper.identify(request, EVALUATION)
    service.report("frontend", known, read_metrics(request))
    return Response(200, [])


def accept_registration(service: Service, request: Request) -> Response:
    """Accept a registration; nothing is kept of it."""
    service.gatekeeper.identify(request, EVALUATION)
    check_registration(request)
    return Response(200, [])
