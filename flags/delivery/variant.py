"""`GET|POST /api/variant`: the manifest, flags and words of one revision together."""

from __future__ import annotations

import hashlib
from typing import Any

from flags.delivery.answers import answer_json, answer_unchanged, evaluate_view, is_known
from flags.delivery.auth import ANY_KIND
from flags.delivery.http import Refusal, Request, Response, encode_json
from flags.delivery.live import Live
from flags.delivery.prepared import derive_channel
from flags.delivery.service import Service
from flags.delivery.state import Known, View
from flags.engine.context import Context
from flags.engine.signals import Signals, resolve
from flags.wire.variant import LocaleChoice, render_manifest
from regions.locales.match import best, read_accept_language

STREAM_PATH = "/api/stream"
TEXTS_PATH = "/api/texts/"
CACHED_LOCALES = 10_000
# More of an Accept-Language header is not read.
LANGUAGES_BYTES = 1_000


def get_manifest(service: Service, request: Request) -> Response:
    """Answer the manifest; its ETag covers everything but the revision.

    A revision that changed nothing for this person costs them nothing.
    """
    known = service.gatekeeper.identify(request, ANY_KIND)
    context = service.contexts.of(request, known)
    view = choose_app(service.gatekeeper.view(known), context)
    live = view.lives[0]
    locale = choose_locale(service, live, request, context)
    found = evaluate_view(view, context, live.renderers[locale.tag])
    facts = build_facts(live, known, locale, resolve(context))
    facts_digest = hashlib.sha256(encode_json(facts)).hexdigest()[:16]
    etag = b'"' + found.etag.strip(b'"') + b"-" + facts_digest.encode() + b'"'
    stamp = [*service.stamp(view), (b"content-language", locale.tag.encode())]
    if is_known(request, etag):
        return answer_unchanged(etag, stamp)
    head = {"revision": view.revision, **facts}
    return answer_json(etag, render_manifest(head, found.parts), stamp)


def choose_app(view: View, context: Context) -> View:
    """Narrow a view to one app: a manifest is one app's; `app` chooses among several."""
    asked = context.properties.get("app", "")
    lives = tuple(live for live in view.lives if asked in {"", live.app})
    if not lives:
        raise Refusal(404, "There is no such app for this token.")
    if len(lives) > 1:
        raise Refusal(400, "The token reads several apps; name one as `app`.")
    if lives == view.lives:
        return view
    return View(view.environment, lives, lives[0].revision)


def choose_locale(service: Service, live: Live, request: Request, context: Context) -> LocaleChoice:
    """Return the locale that suits the context best, else Accept-Language, else the source."""
    asked = context.properties.get("locale", "")
    header = b"" if asked else request.headers.get(b"accept-language", b"")[:LANGUAGES_BYTES]
    key = (live.content_head.digest, asked, header)
    tag = service.locales.get(key)
    if tag is None:
        wanted = (asked,) if asked else read_accept_language(header.decode("latin-1"))
        tag = best(wanted, live.locales.keys()) or live.texts.source_locale
        if len(service.locales) >= CACHED_LOCALES:
            service.locales.clear()
        service.locales[key] = tag
    return live.locales[tag]


def build_facts(live: Live, known: Known, locale: LocaleChoice, signals: Signals) -> dict[str, Any]:
    """Build all of the manifest but the revision and the features."""
    texts = live.texts.locales.get(locale.tag)
    bundles = texts.bundles if texts is not None else {}
    return {
        "app": live.app,
        "environment": live.environment,
        "signals": build_signals(signals),
        "locale": {
            "tag": locale.tag,
            "chain": locale.chain,
            "direction": locale.direction,
        },
        "texts": {name: TEXTS_PATH + sha256 for name, sha256 in sorted(bundles.items())},
        "stream": f"{STREAM_PATH}?ch={derive_channel(known.token.digest)}",
    }


def build_signals(signals: Signals) -> dict[str, Any]:
    """Build what was understood of the person's place; unknown ones are null."""
    return {
        "account": signals.account,
        "location": signals.location,
        "storefront": signals.storefront,
        "participants": signals.participants,
    }
