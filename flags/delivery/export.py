"""Manifests of nobody in particular, as files that a CDN serves without asking a node.

A file is for whoever is in a territory, with one build of an app, in one language; account,
location and storefront are taken to be the same. What depends on who somebody is stays off:
no age, no consent, no rollout below 100 %. Text bundles lie beside, at the addresses that
manifests name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import structlog
from msgspec import Struct
from packaging.version import InvalidVersion, Version

from flags.delivery.live import TEXTS_PATH, Live
from flags.delivery.state import ScopeKey, State, View
from flags.delivery.variant import render_variant
from flags.engine.context import Context
from flags.engine.definitions import Definitions
from flags.publishing.export_store import ExportStore
from flags.wire.context import read_context
from regions import canonical
from regions.locales.formats import describe
from regions.locales.match import best

SCHEMA = "landfall.export.v1"
UNKNOWN = "unknown"
SETTLE_SECONDS = 0.2
RETRY_SECONDS = 5.0
# The index is written at least so often, so that whoever reads `asOf` sees the exporter live.
LOOK_SECONDS = 60.0
FOREVER = "public, max-age=31536000, immutable"

_log = structlog.get_logger(__name__)


class Build(Struct, frozen=True, rename="camel"):
    """A build of an app that files are made for; unknown platforms have no versions."""

    platform: str = UNKNOWN
    os_version: str = ""
    app_version: str = ""


class File(Struct, frozen=True):
    """One exported manifest, as the index tells it."""

    path: str
    etag: str
    bytes: int


class Index(Struct, frozen=True, rename="camel"):
    """Everything that is exported of a scope: files by territory, platform and locale."""

    schema: str
    app: str
    environment: str
    epoch: int
    revision: int
    as_of: str
    builds: tuple[Build, ...]
    manifests: dict[str, dict[str, dict[str, File]]]


class Page(NamedTuple):
    """One rendered manifest and for whom it is."""

    territory: str
    platform: str
    locale: str
    etag: str
    body: bytes


class Exporter:
    """Writes the files of some scopes whenever an answer in one of them may be another."""

    def __init__(
        self, state: State, store: ExportStore, scopes: frozenset[ScopeKey], max_age_seconds: int
    ) -> None:
        self.state = state
        self.store = store
        self.scopes = scopes
        self.cache_control = (
            f"public, max-age={max_age_seconds}, stale-while-revalidate=60, stale-if-error=86400"
        )
        # ETags by path of what this process has written; what an index of before says may
        # have been cut off from its files by a crash.
        self.written: dict[str, str] = {}
        self.changed = asyncio.Event()
        state.on_live.append(lambda _live: self.changed.set())
        state.on_change.append(lambda _change: self.changed.set())

    async def run(self, read_clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Export for ever; a store that fails is tried again."""
        pause = 0.0
        while True:
            await asyncio.sleep(pause or SETTLE_SECONDS)
            self.changed.clear()
            try:
                await asyncio.to_thread(self.export, read_clock())
            except Exception as error:  # noqa: BLE001 stores fail in ways of their own
                _log.error("export.failed", error=str(error))
                self.written.clear()
                pause = RETRY_SECONDS
                continue
            pause = 0.0
            try:
                await asyncio.wait_for(self.changed.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue

    def export(self, now: datetime) -> None:
        """Bring the files of all scopes that are here up to date."""
        for scope in sorted(self.scopes):
            live = self.state.live.get(scope)
            if live is not None:
                self.export_scope(live, now)

    def export_scope(self, live: Live, now: datetime) -> None:
        """Write what differs: texts, manifests, the index; then remove what is not named.

        Texts stay for ever: their name is their content, caches keep manifests that name old
        ones for a day, and another scope may need the same.
        """
        name = f"{live.app}/{live.environment}/index.json"
        texts = {TEXTS_PATH.lstrip("/") + sha256: body for sha256, body in live.own_blobs.items()}
        fresh_texts = {path: texts[path] for path in texts.keys() - self.written.keys()}
        self.store.write(fresh_texts, cache_control=FOREVER)
        index, fresh = build_index(live, now, self.written)
        self.store.write(fresh, cache_control=self.cache_control)
        named = {file.path: file.etag for file in list_files(index)}
        gone = {file.path for file in list_files(read_index(self.store.read(name)))} - named.keys()
        self.store.write({name: canonical.encode(index)}, cache_control=self.cache_control)
        self.store.remove(sorted(gone))
        for path in gone:
            self.written.pop(path, None)
        self.written |= named | dict.fromkeys(texts, "")
        if fresh or gone:
            _log.info(
                "export.written",
                scope=f"{live.app}/{live.environment}",
                revision=live.revision,
                files=len(fresh),
                bytes=sum(map(len, fresh.values())),
                removed=len(gone),
            )


def build_index(
    live: Live, now: datetime, written: dict[str, str]
) -> tuple[Index, dict[str, bytes]]:
    """Return the index of a scope, and the files that are not written with this ETag already."""
    builds = list_builds(live.definitions)
    manifests: dict[str, dict[str, dict[str, File]]] = {}
    fresh: dict[str, bytes] = {}
    for page in render_pages(live, builds, now):
        territory, platform, locale, etag, body = page
        path = f"{live.app}/{live.environment}/{territory}/{platform}/{locale}.json"
        file = File(path, etag, len(body))
        manifests.setdefault(territory, {}).setdefault(platform, {})[locale] = file
        if written.get(path) != etag:
            fresh[path] = body
    index = Index(
        schema=SCHEMA,
        app=live.app,
        environment=live.environment,
        epoch=live.epoch,
        revision=live.revision,
        as_of=now.isoformat(timespec="seconds"),
        builds=builds,
        manifests=manifests,
    )
    return index, fresh


def render_pages(live: Live, builds: tuple[Build, ...], now: datetime) -> Iterator[Page]:
    """Render a manifest for every territory, build and language that is spoken there."""
    view = View(live.environment, (live,), live.revision)
    codes = [territory.code for territory in live.definitions.territories]
    for code in (UNKNOWN, *codes):
        for locale in list_locales(live, code):
            for build in builds:
                context = build_context(live, code, build, now)
                etag, body = render_variant(view, context, locale)
                yield Page(code, build.platform, locale, etag.decode().strip('"'), body)


def build_context(live: Live, code: str, build: Build, now: datetime) -> Context:
    """Build the context of nobody in particular; dice always fall worst."""
    place = {} if code == UNKNOWN else dict.fromkeys(PLACES, code)
    versions = {"osVersion": build.os_version, "appVersion": build.app_version}
    platform = {} if build.platform == UNKNOWN else {"platform": build.platform, **versions}
    return read_context(
        {**place, **platform}, now=now, dice=lambda sides: sides, environment=live.environment
    )


PLACES = ("accountCountry", "locationCountry", "storefrontCountry")


def list_builds(definitions: Definitions) -> tuple[Build, ...]:
    """Return the least build of every platform that satisfies every profile, and none at all."""
    newest: dict[str, tuple[str, str]] = {}
    for profile in definitions.profiles:
        for minimum in profile.minimums:
            os_version, app_version = newest.get(minimum.platform, ("", ""))
            newest[minimum.platform] = (
                max(os_version, minimum.os_version, key=read_version),
                max(app_version, minimum.app_version, key=read_version),
            )
    known = (Build(platform, *versions) for platform, versions in sorted(newest.items()))
    return (Build(), *known)


def read_version(text: str) -> Version:
    """Read a version for comparing; an empty one is before all others."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def list_locales(live: Live, code: str) -> tuple[str, ...]:
    """Return the locales of an app for the official languages of a territory, and its source."""
    source = live.texts.source_locale
    territory = None if code == UNKNOWN else describe(source, code).territory
    spoken = territory.languages if territory is not None else ()
    found = (best((f"{tag}-{code}", tag), live.locales.keys()) for tag in spoken)
    return tuple(sorted({source, *(tag for tag in found if tag is not None)}))


def list_files(index: Index | None) -> Iterator[File]:
    """Return all manifests that an index names."""
    for platforms in index.manifests.values() if index is not None else ():
        for locales in platforms.values():
            yield from locales.values()


def read_index(body: bytes | None) -> Index | None:
    """Read an index that was written before; one that cannot be read counts as none."""
    if body is None:
        return None
    try:
        index = msgspec.json.decode(body, type=Index)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return index if index.schema == SCHEMA else None
