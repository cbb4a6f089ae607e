"""OFREP 0.3.0: evaluation for OpenFeature providers."""

from __future__ import annotations

from hashlib import sha256

from msgspec.structs import replace

from flags.delivery.answers import (
    Fragments,
    answer_json,
    answer_unchanged,
    evaluate_view,
    is_known,
    unknown_flag,
)
from flags.delivery.auth import ANY_KIND
from flags.delivery.http import JSON, NO_CACHE, Refusal, Request, Response
from flags.delivery.live import Live
from flags.delivery.prepared import derive_channel
from flags.delivery.service import Service
from flags.delivery.state import Known, View
from flags.engine.context import Context
from flags.engine.evaluate import could_be_on, evaluate
from flags.engine.result import Evaluation, Reason
from flags.wire.ofrep import render_bulk, render_error

EVENTS_PATH = "/ofrep/v1/events"
KEY_MISSING = "TARGETING_KEY_MISSING"
WHY_MISSING = "The flag is for a share of users, and the context has no `targetingKey`."
# Anybody: asked about only to see whether there is a hash to be made.
SOMEBODY = "somebody"


def evaluate_bulk(service: Service, request: Request) -> Response:
    """Answer every flag, on or off; a 304 here answers a POST, as the protocol wants it.

    The address of the stream is part of the ETag: who has a new token must not stay with
    the old one's stream by a 304, which carries no address.
    """
    known = service.gatekeeper.identify(request, ANY_KIND, api_key=True)
    view = service.gatekeeper.view(known)
    context = service.contexts.of_body(request, known)
    found = evaluate_flags(view, context)
    etag, channel = found.etag, ""
    if known.token.event_streams or service.settings.ofrep_stream:
        channel = derive_channel(known.token.digest)
        etag = b'%s-%s"' % (etag[:-1], channel[:8].encode())
    stamp = service.stamp(view)
    if is_known(request, etag):
        return answer_unchanged(etag, stamp)
    told = service.exposure.tell(view, known, context)
    return answer_json(etag, join_flags(found, known, channel), stamp, told)


def join_flags(found: Fragments, known: Known, channel: str) -> bytes:
    """Join flags to a body; top-level keys besides them only for those who asked for them."""
    if not channel:
        return render_bulk(found.parts)
    return render_bulk(
        found.parts,
        stream_uri=f"{EVENTS_PATH}?ch={channel}",
        metadata={"project": known.token.app, "environment": known.environment},
    )


def evaluate_one(service: Service, request: Request) -> Response:
    """Answer one flag."""
    known = service.gatekeeper.identify(request, ANY_KIND, api_key=True)
    view = service.gatekeeper.view(known)
    context = service.contexts.of_body(request, known)
    live = next((one for one in view.lives if request.rest in one.snapshot.features), None)
    if live is None:
        raise unknown_flag(request.rest)
    evaluation = evaluate(live.snapshot, request.rest, context)
    if lacks_key(live, context, evaluation):
        raise Refusal(400, WHY_MISSING, code=KEY_MISSING)
    body = live.ofrep.render(evaluation)
    told = service.exposure.tell(view, known, context, feature=request.rest)
    return Response(200, [JSON, NO_CACHE, *service.stamp(view)], body, told=told)


def evaluate_flags(view: View, context: Context) -> Fragments:
    """Evaluate all flags of a view: one by one only where apps or persons need it."""
    nameless = context.user_id is None
    if len(view.lives) == 1 and not (nameless and view.lives[0].ofrep.keyed):
        return evaluate_view(view, context, view.lives[0].ofrep)
    parts: dict[str, bytes] = {}
    for live in view.lives:
        for key in live.snapshot.feature_keys:
            if key not in parts:
                parts[key] = render_one(live, key, context)
    digest = sha256(b"\n".join(parts.values())).hexdigest()[:32]
    return Fragments(f'"{digest}"'.encode(), list(parts.values()))


def render_one(live: Live, key: str, context: Context) -> bytes:
    """Render one flag of a bulk answer: its value, or why it has none."""
    evaluation = evaluate(live.snapshot, key, context)
    if lacks_key(live, context, evaluation):
        return render_error(KEY_MISSING, WHY_MISSING, key=key)
    return live.ofrep.render(evaluation)


def lacks_key(live: Live, context: Context, evaluation: Evaluation) -> bool:
    """Tell whether a flag is off for want of a targeting key and of nothing else.

    Few flags ever need one: by default a session will do, and dice where there is none.
    """
    if context.user_id is not None or evaluation.reason is not Reason.NOT_IN_ROLLOUT:
        return False
    if evaluation.feature not in live.ofrep.keyed:
        return False
    return could_be_on(live.snapshot, evaluation.feature, replace(context, user_id=SOMEBODY))
