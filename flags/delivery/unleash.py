"""The Unleash backend API: lowered definitions for server SDKs."""

from __future__ import annotations

from hashlib import sha256

from flags.delivery.answers import answer_json, answer_unchanged, is_known, unknown_flag
from flags.delivery.auth import BACKEND
from flags.delivery.http import JSON, NO_CACHE, Request, Response, encode_json
from flags.delivery.inputs import parse_query
from flags.delivery.live import Steps, run
from flags.delivery.narrowing import read_narrowing, repeat_query
from flags.delivery.packed import LEAST_BYTES, accepts_gzip, compress, name_packed
from flags.delivery.reports import check_registration, read_bulk, read_metrics
from flags.delivery.service import Service
from flags.delivery.state import View
from flags.wire.states import EVERYTHING, Narrowing, select
from flags.wire.unleash import build_feature, render_selection

# From this version of the client specification on, SDKs resolve segments themselves.
SEGMENTS_SINCE = (4, 2, 0)
CACHED_BODIES = 64
GZIP = (b"content-encoding", b"gzip")
VARY_ENCODING = (b"vary", b"Accept-Encoding")


def list_features(service: Service, request: Request) -> Response:
    """Answer the definitions that a token may see, narrowed by the query."""
    known = service.gatekeeper.identify(request, BACKEND)
    view = service.gatekeeper.view(known)
    inline = inlines_segments(request.headers.get(b"unleash-client-spec", b""))
    narrowing = read_narrowing(request.query, known.token.app)
    etag, body = find_body(view, narrowing, inline=inline)
    headers = service.stamp(view)
    if len(body) < LEAST_BYTES:
        if is_known(request, etag):
            return answer_unchanged(etag, headers)
        return answer_json(etag, body, headers)
    headers.append(VARY_ENCODING)
    other = name_packed(etag)
    packs = accepts_gzip(request.headers.get(b"accept-encoding", b""))
    if packs:
        etag, other = other, etag
    if is_known(request, etag) or is_known(request, other):
        answer = answer_unchanged(etag, headers)
    elif packs:
        body = find_packed(view, narrowing, body, inline=inline)
        answer = answer_json(etag, body, [GZIP, *headers])
    else:
        answer = answer_json(etag, body, headers)
    return answer._replace(other_etag=other)


def prime(view: View, _app: str) -> Steps[None]:
    """Render what nearly every backend SDK asks for, so that none of them waits for it."""
    etag, body = yield from render_view(view, EVERYTHING, inline=False)
    view.bodies[False, EVERYTHING] = etag, body
    if len(body) >= LEAST_BYTES:
        packed = yield from compress(body)
        view.bodies[GZIP, False, EVERYTHING] = b"", packed


def find_body(view: View, narrowing: Narrowing, *, inline: bool) -> tuple[bytes, bytes]:
    """Return ETag and body of a query, rendered once per view."""
    key = (inline, narrowing)
    rendered = view.bodies.get(key)
    if rendered is None:
        rendered = run(render_view(view, narrowing, inline=inline))
        keep(view, key, rendered)
    return rendered


def find_packed(view: View, narrowing: Narrowing, body: bytes, *, inline: bool) -> bytes:
    """Return a body compressed, once per view."""
    key = (GZIP, inline, narrowing)
    found = view.bodies.get(key)
    if found is None:
        found = b"", run(compress(body))
        keep(view, key, found)
    return found[1]


def keep(view: View, key: object, rendered: tuple[bytes, bytes]) -> None:
    """Keep what was rendered with its view, within bounds."""
    if len(view.bodies) >= CACHED_BODIES:
        view.bodies.clear()
    view.bodies[key] = rendered


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


def render_view(view: View, narrowing: Narrowing, *, inline: bool) -> Steps[tuple[bytes, bytes]]:
    """Render what a query asks for: its ETag and its body.

    The ETag is made of the query and of the flags alone, so that nodes which learnt of
    them in different revisions agree on it.
    """
    query = repeat_query(narrowing)
    state = yield from view.history.note([live.lowered for live in view.lives])
    if inline:
        selection = yield from select(state, narrowing, inline=True)
    else:
        selection = yield from view.history.select(state, narrowing)
    yield
    plain = render_selection(
        selection, environment=view.environment, inline_segments=inline, query=query
    )
    yield
    revision = max((live.flags_revision for live in view.lives), default=0)
    body = plain.replace(b'"meta":{"revisionId":0}', b'"meta":{"revisionId":%d}' % revision, 1)
    apps = sorted(live.app for live in view.lives)
    asked = sha256(encode_json([inline, apps, query])).hexdigest()[:8]
    etag = f'"{asked}:{sha256(plain).hexdigest()[:24]}:v1"'
    return etag.encode(), body


def accept_registration(service: Service, request: Request) -> Response:
    """Accept a registration; nothing is kept of it."""
    service.gatekeeper.identify(request, BACKEND)
    check_registration(request)
    return Response(202, [])


def accept_metrics(service: Service, request: Request) -> Response:
    """Accept counts with exactly 202, which is all that Python's SDK takes for success."""
    known = service.gatekeeper.identify(request, BACKEND)
    service.report("backend", known, read_metrics(request))
    return Response(202, [])


def accept_bulk(service: Service, request: Request) -> Response:
    """Accept what an Unleash Edge gathered."""
    known = service.gatekeeper.identify(request, BACKEND)
    service.report("edge", known, read_bulk(request, known.environment))
    return Response(202, [])
