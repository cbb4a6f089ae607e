"""`GET|POST /api/variant`: the manifest, flags and words of one revision together.

`render_variant` makes the same document without a request, for whoever exports it.
"""

from __future__ import annotations

from typing import NamedTuple

from flags.delivery.answers import (
    answer_json,
    answer_unchanged,
    evaluate_view,
    is_known,
)
from flags.delivery.auth import ANY_KIND
from flags.delivery.hearing import name_whereabouts
from flags.delivery.http import Header, Refusal, Request, Response
from flags.delivery.live import TEXTS_PATH, Live
from flags.delivery.prepared import derive_channel
from flags.delivery.service import Service
from flags.delivery.state import Known, View
from flags.delivery.told import Told
from flags.engine.context import Context
from flags.wire.manifest import Asked, Frame, LocaleChoice, make_etag, render_manifest
from regions.locales.match import best, read_accept_language

__all__ = ["TEXTS_PATH", "get_manifest", "render_variant"]

STREAM_PATH = "/api/stream"
CACHED_LOCALES = 10_000
# More of an Accept-Language header is not read.
LANGUAGES_BYTES = 1_000
VARY_LANGUAGE: Header = (b"vary", b"Accept-Language")


class Manifest(NamedTuple):
    """A manifest before it is joined: a 304 needs no more than its ETag.

    `features` is the ETag of the fragments alone.
    """

    etag: bytes
    features: bytes
    live: Live
    frame: Frame
    fragments: list[bytes]
    choice: LocaleChoice
    told: Told | None = None

    def render(self) -> bytes:
        """Return the document."""
        live = self.live
        words = live.renderers[self.choice.tag].texts
        follow = live.manifests.follow(
            self.features, self.fragments, self.frame, self.choice, words
        )
        return render_manifest(live.revision, live.epoch, self.frame, follow, self.fragments)


def render_variant(view: View, context: Context, locale: str = "") -> tuple[bytes, bytes]:
    """Return ETag and body of a person's manifest, which names no stream.

    The view must be of one app. `locale` is what a client would ask for, empty for the
    context's own.
    """
    live = view.lives[0]
    asked = locale or context.properties.get("locale", "")
    choice = live.locales[best((asked,), live.locales.keys()) or live.texts.source_locale]
    manifest = compose(view, context, choice, Asked(asked))
    return manifest.etag, manifest.render()


def get_manifest(service: Service, request: Request) -> Response:
    """Answer the manifest; its ETag covers everything but epoch and revision.

    A revision that changed nothing for this person costs them nothing.
    """
    known = service.gatekeeper.identify(request, ANY_KIND)
    view = service.gatekeeper.view(known)
    manifest = ask_for(service, view, request, known)
    tag = manifest.choice.tag.encode()
    stamp = [*service.stamp(view), (b"content-language", tag), VARY_LANGUAGE]
    if is_known(request, manifest.etag):
        return answer_unchanged(manifest.etag, stamp)
    return answer_json(manifest.etag, manifest.render(), stamp, manifest.told)


def ask_for(service: Service, view: View, request: Request, known: Known) -> Manifest:
    """Compose the manifest of a request."""
    context = service.contexts.of(request, known)
    chosen = choose_app(view, context)
    live = chosen.lives[0]
    told = service.exposure.tell(view, known, context, app=live.app)
    asked, tag = choose_locale(service, live, request, context)
    channel = derive_channel(known.token.digest)
    stream = f"{STREAM_PATH}?ch={channel}{name_whereabouts(context)}"
    manifest = compose(chosen, context, live.locales[tag], Asked(asked, stream))
    return manifest._replace(told=told)


def compose(view: View, context: Context, choice: LocaleChoice, asked: Asked) -> Manifest:
    """Evaluate the one app of a view for a person, and frame what was found."""
    live = view.lives[0]
    found = evaluate_view(view, context, live.renderers[choice.tag])
    era = live.snapshot.find_era(context.now).number
    frame = live.manifests.frame(context, choice, asked, era)
    etag = make_etag(found.etag.decode(), frame)
    return Manifest(etag, found.etag, live, frame, found.parts, choice)


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


def choose_locale(
    service: Service, live: Live, request: Request, context: Context
) -> tuple[str, str]:
    """Return the locale that is asked for, and the one that suits it best.

    The context's locale is asked for, else what Accept-Language wants most; where nothing
    suits, the source language does.
    """
    asked = context.properties.get("locale", "")
    header = b"" if asked else request.headers.get(b"accept-language", b"")[:LANGUAGES_BYTES]
    key = (live.content_head.digest, asked, header)
    chosen = service.locales.get(key)
    if chosen is None:
        wanted = (asked,) if asked else read_accept_language(header.decode("latin-1"))
        tag = best(wanted, live.locales.keys()) or live.texts.source_locale
        chosen = (wanted[0] if wanted else "", tag)
        if len(service.locales) >= CACHED_LOCALES:
            service.locales.clear()
        service.locales[key] = chosen
    return chosen
