"""The Unleash backend API: lowered definitions for server SDKs."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flags.delivery.answers import answer_json, answer_unchanged, is_known, unknown_flag
from flags.delivery.auth import BACKEND
from flags.delivery.http import JSON, NO_CACHE, Refusal, Request, Response, encode_json
from flags.delivery.inputs import Pairs, parse_query
from flags.delivery.live import Live, Steps, run
from flags.delivery.reports import check_bulk, check_metrics, check_registration
from flags.delivery.service import Service
from flags.delivery.state import EVERY_APP, View
from flags.wire.unleash import build_feature, render_steps

# From this version of the client specification on, SDKs resolve segments themselves.
SEGMENTS_SINCE = (4, 2, 0)
CACHED_BODIES = 64

Narrowed = tuple[tuple[Live, ...], dict[str, Any]]


def list_features(service: Service, request: Request) -> Response:
    """Answer the definitions that a token may see, narrowed by the query."""
    known = service.gatekeeper.identify(request, BACKEND)
    view = service.gatekeeper.view(known)
    inline = inlines_segments(request.headers.get(b"unleash-client-spec", b""))
    etag, body = find_body(view, request.query, inline=inline, app=known.token.app)
    stamp = service.stamp(view)
    if is_known(request, etag):
        return answer_unchanged(etag, stamp)
    return answer_json(etag, body, stamp)


def prime(view: View, app: str) -> Steps[None]:
    """Render what nearly every backend SDK asks for, so that none of them waits for it."""
    view.bodies[False, b"", app] = yield from render_view(view, [], inline=False, app=app)


def find_body(view: View, query: bytes, *, inline: bool, app: str) -> tuple[bytes, bytes]:
    """Return ETag and body of a query, rendered once per view."""
    key = (inline, query, app)
    rendered = view.bodies.get(key)
    if rendered is None:
        rendered = run(render_view(view, parse_query(query), inline=inline, app=app))
        if len(view.bodies) >= CACHED_BODIES:
            view.bodies.clear()
        view.bodies[key] = rendered
    return rendered


def get_feature(service: Service, request: Request) -> Response:
    """Answer one definition with its segments inlined; 404 outside the token's apps."""
    known = service.gatekeeper.identify(request, BACKEND)
    parse_query(request.query)
    view = service.gatekeeper.view(known)
    feature = build_feature([live.lowered for live in view.lives], request.rest)
    if feature is None:
        raise unknown_flag(request.rest)
    return Response(200, [JSON, NO_CACHE, *service.stamp(view)], encode_json(feature))


def inlines_segments(spec: bytes) -> bool:
    """Tell whether a client needs segments' constraints in its strategies.

    A version that cannot be read counts as none: refusing would stop an SDK.
    """
    numbers = spec.partition(b"-")[0].split(b".")
    if len(numbers) != len(SEGMENTS_SINCE) or not all(number.isdigit() for number in numbers):
        return True
    return tuple(int(number[:9]) for number in numbers) < SEGMENTS_SINCE


def render_view(view: View, pairs: Pairs, *, inline: bool, app: str) -> Steps[tuple[bytes, bytes]]:
    """Render what a query asks for: its ETag and its body.

    The ETag is made of the query and of the flags alone, so that nodes which learnt of
    them in different revisions agree on it.
    """
    lives, query = narrow(view, pairs, app)
    lowered = [live.lowered for live in lives]
    prefix = str(query.get("namePrefix", ""))
    options: Mapping[str, Any] = {
        "environment": view.environment,
        "inline_segments": inline,
        "name_prefix": prefix,
        "query": query,
    }
    plain = yield from render_steps(lowered, revision=0, **options)
    yield
    revision = max((live.flags_revision for live in lives), default=0)
    body = plain.replace(b'"meta":{"revisionId":0}', b'"meta":{"revisionId":%d}' % revision, 1)
    asked = sha256(encode_json([inline, app, query])).hexdigest()[:8]
    etag = f'"{asked}:{sha256(plain).hexdigest()[:24]}:v1"'
    return etag.encode(), body


def narrow(view: View, pairs: Pairs, app: str) -> Narrowed:
    """Return the apps that a query leaves, and the query as the answer repeats it.

    Only a token for every app may choose projects; the token's environment always holds.
    Features have no tags, so a tag that is asked for leaves none.
    """
    projects = [text for name, text in pairs if name == "project" and text != "*"]
    tags = [text for name, text in pairs if name == "tag"]
    for tag in tags:
        if ":" not in tag:
            raise Refusal(400, f"The tag {tag[:100]!r} is not of the form type:value.")
    prefix = next((text for name, text in pairs if name == "namePrefix"), "")
    query: dict[str, Any] = {}
    lives = view.lives
    if projects and app == EVERY_APP:
        lives = tuple(live for live in lives if live.app in projects)
        query["project"] = sorted(set(projects))
    if tags:
        lives = ()
        query["tag"] = sorted(tag.split(":", 1) for tag in tags)
    if prefix:
        query["namePrefix"] = prefix
    return lives, query


def accept_registration(service: Service, request: Request) -> Response:
    """Accept a registration; nothing is kept of it."""
    service.gatekeeper.identify(request, BACKEND)
    check_registration(request)
    return Response(202, [])


def accept_metrics(service: Service, request: Request) -> Response:
    """Accept counts with exactly 202, which is all that Python's SDK takes for success."""
    service.gatekeeper.identify(request, BACKEND)
    service.counters.count("usage_reports", by=check_metrics(request), sdk="backend")
    return Response(202, [])


def accept_bulk(service: Service, request: Request) -> Response:
    """Accept what an Unleash Edge gathered."""
    service.gatekeeper.identify(request, BACKEND)
    service.counters.count("usage_reports", by=check_bulk(request), sdk="edge")
    return Response(202, [])
