"""Liveness, readiness and figures of this node; no names of flags or territories."""

from __future__ import annotations

from flags.delivery.http import JSON, NO_STORE, Request, Response, encode_json
from flags.delivery.service import Service

PROMETHEUS = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


def get_liveness(_service: Service, _request: Request) -> Response:
    """Answer as long as the loop runs."""
    return Response(200, [JSON, NO_STORE], b'{"status":"ok"}')


def get_readiness(service: Service, _request: Request) -> Response:
    """Answer 200 once all that is published is served, 503 before and while stopping.

    `ageSeconds` is how long no source has answered, `lacking` how many published parts are
    served in no revision, `refused` how many are served in an older one.
    """
    state = service.state
    ready = state.is_ready() and not service.hub.draining
    body = encode_json(
        {
            "status": "ready" if ready else "not ready",
            "ageSeconds": round(state.age_seconds(), 1),
            "scopes": len(state.live),
            "lacking": len(state.published.keys() - state.parts.keys()),
            "refused": len(state.refused),
        }
    )
    if ready:
        return Response(200, [JSON, NO_STORE], body)
    return Response(503, [JSON, NO_STORE, (b"retry-after", b"2")], body)


def get_metrics(service: Service, _request: Request) -> Response:
    """Answer all counts as Prometheus text."""
    return Response(200, [PROMETHEUS, NO_STORE], service.counters.render())
