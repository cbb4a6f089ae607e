"""`POST /api/explain` and `POST /api/diff`: why a person gets what they get, for preview tokens.

Rules have owners, sources and reasons that are nobody's business in an app, so no other
kind of token may ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flags.delivery.auth import ANY_KIND
from flags.delivery.contexts import build_context
from flags.delivery.http import JSON, NO_STORE, Refusal, Request, Response, encode_json
from flags.delivery.inputs import read_object
from flags.delivery.live import Live
from flags.delivery.service import Service
from flags.delivery.state import Known
from flags.engine.context import Context
from flags.engine.diff import diff_contexts
from flags.engine.explain import tell

# Explaining one feature to two people takes up to 3 ms, and requests wait behind it.
EXPLAINED_MAX = 3


def explain_feature(service: Service, request: Request) -> Response:
    """Answer how one feature ends for one person, with every gate on the way.

    A feature that is not there is explained as the engine does: UNKNOWN_FEATURE.
    """
    known = identify_preview(service, request)
    body = read_object(request)
    feature = body.get("feature")
    if not isinstance(feature, str) or not feature:
        raise Refusal(400, "`feature` must be the key of a feature.")
    live = choose_live(service, known, body)
    told = tell(live.snapshot, feature, read_person(body.get("context", {}), "context", known))
    return answer_told(live, msgspec.to_builtins(told))


def diff_people(service: Service, request: Request) -> Response:
    """Answer which features two people get differently, and by which gates.

    The same answer by another rule is counted, and named with `rules`. The first three
    carry their gates, another one when `feature` names it.
    """
    known = identify_preview(service, request)
    body = read_object(request)
    contexts = body.get("contexts")
    if not isinstance(contexts, list) or len(contexts) != 2:  # noqa: PLR2004 - a pair
        raise Refusal(400, "`contexts` must be a list of two contexts.", code="INVALID_CONTEXT")
    feature = body.get("feature", "")
    if not isinstance(feature, str):
        raise Refusal(400, "`feature` must be the key of a feature.")
    rules = body.get("rules", False)
    if not isinstance(rules, bool):
        raise Refusal(400, "`rules` must be true or false.")
    live = choose_live(service, known, body)
    before, after = (read_person(one, "contexts", known) for one in contexts)
    found = diff_contexts(
        live.snapshot,
        before,
        after,
        feature_key=feature,
        rules=rules,
        explained_max=EXPLAINED_MAX,
    )
    return answer_told(live, msgspec.to_builtins(found))


def identify_preview(service: Service, request: Request) -> Known:
    """Return the token, or refuse any that is not for previews."""
    known = service.gatekeeper.identify(request, ANY_KIND)
    if known.token.kind != "preview":
        raise Refusal(
            403, f"Only a preview token may ask why; this one is a {known.token.kind} token."
        )
    return known


def choose_live(service: Service, known: Known, body: Mapping[str, Any]) -> Live:
    """Return the app that is asked about: the token's own, or the one that `app` names."""
    asked = body.get("app", "")
    if not isinstance(asked, str):
        raise Refusal(400, "`app` must be the key of an app.")
    lives = [one for one in service.gatekeeper.view(known).lives if asked in {"", one.app}]
    if not lives:
        raise Refusal(404, "There is no such app for this token.")
    if len(lives) > 1:
        raise Refusal(400, "The token reads several apps; name one as `app`.")
    return lives[0]


def read_person(fields: object, name: str, known: Known) -> Context:
    """Return a person as sent; the caller's own address is nobody's evidence."""
    if not isinstance(fields, Mapping):
        raise Refusal(400, f"`{name}` must hold JSON objects.", code="INVALID_CONTEXT")
    return build_context(fields, known)


def answer_told(live: Live, told: dict[str, Any]) -> Response:
    """Answer what was told, and of which revision."""
    head = {"app": live.app, "environment": live.environment, "revision": live.revision}
    return Response(200, [JSON, NO_STORE], encode_json(head | told))
