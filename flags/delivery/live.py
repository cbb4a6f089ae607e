"""What a node answers from: one scope's parts, compiled and rendered, never changed.

Building one costs tens of milliseconds, so it is done in small steps that `drive` spreads
over the loop; swapping is the state's matter.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from flags.delivery.concerned import list_concerned
from flags.engine.compile import compile_steps
from flags.engine.compiled import CompiledSnapshot
from flags.engine.definitions import Definitions, KillSwitch
from flags.engine.lower import LoweredDefinitions, lower_steps
from flags.publishing.snapshot import Content, Kills
from flags.publishing.store import Head
from flags.wire.manifest import LocaleChoice, Manifests, TextSlot
from flags.wire.ofrep import OfrepRenderer
from flags.wire.variant import (
    Phrases,
    VariantRenderer,
    build_phrases,
    collect_text_keys,
)
from regions.translations.bundles import LocaleTexts, Texts

Built = TypeVar("Built")
Steps = Generator[None, None, Built]

# docs/decisions.md 1: one busy thread or long step beside the loop costs nearly all its speed.
SLICE_SECONDS = 0.001
TEXTS_PATH = "/api/texts/"
NO_HEAD = Head(epoch=0, revision=0, digest="")


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """One scope as it is served; equal to itself only.

    `flags_revision` is the last revision that changed what backend SDKs get. `blobs`
    holds the text bundles of this content and of the one before, since clients fetch
    them a moment after the manifest that named them.
    """

    app: str
    environment: str
    content_head: Head
    kills_head: Head
    content: Content
    kills: Kills
    snapshot: CompiledSnapshot
    lowered: LoweredDefinitions
    flags_revision: int
    blobs: dict[str, bytes] = field(repr=False)
    own_blobs: dict[str, bytes] = field(repr=False)
    locales: dict[str, LocaleChoice] = field(repr=False)
    renderers: dict[str, VariantRenderer] = field(repr=False)
    ofrep: OfrepRenderer
    manifests: Manifests = field(repr=False)
    concerned: tuple[str, ...] = ()

    @property
    def definitions(self) -> Definitions:
        """Return the definitions that were compiled."""
        return self.content.definitions

    @property
    def texts(self) -> Texts:
        """Return the hashes of the texts of this revision."""
        return self.content.texts

    @property
    def epoch(self) -> int:
        """Return the newest epoch of its parts."""
        return max(self.content_head.epoch, self.kills_head.epoch)

    @property
    def revision(self) -> int:
        """Return the newest revision of its parts."""
        return max(self.content_head, self.kills_head).revision


def run(steps: Steps[Built]) -> Built:
    """Run steps in one go, for a request that cannot do without the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            built: Built = end.value
            return built


async def drive(steps: Steps[Built]) -> Built:
    """Run steps on the loop in slices of about 1 ms; requests that wait come in between.

    A sleep of 0 costs nothing on a quiet node, where it halves the time to a swap.
    """
    until = time.perf_counter() + SLICE_SECONDS
    while True:
        try:
            next(steps)
        except StopIteration as end:
            built: Built = end.value
            return built
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + SLICE_SECONDS


def build_live(
    content: Content,
    kills: Kills,
    *,
    content_head: Head,
    kills_head: Head,
    blobs: dict[str, bytes],
    previous: Live | None,
    now: datetime,
) -> Steps[Live]:
    """Build what a scope is served from; what did not change is taken over.

    Raises whatever compiling raises: the caller keeps the old one then.
    """
    definitions = content.definitions
    same_flags = previous is not None and previous.content.definitions == definitions
    yield
    same_kills = previous is not None and previous.kills == kills
    if previous is not None and same_flags and same_kills:
        snapshot, lowered = previous.snapshot, previous.lowered
        flags_revision = previous.flags_revision
    else:
        snapshot = yield from compile_steps(
            definitions, kills.switches, previous.snapshot if previous else None
        )
        yield
        lowered = yield from lower_steps(snapshot, now=now)
        flags_revision = max(content_head, kills_head).revision
    yield
    locales, renderers = yield from build_words(content, blobs, previous)
    return Live(
        app=definitions.app,
        environment=definitions.environment,
        content_head=content_head,
        kills_head=kills_head,
        content=content,
        kills=kills,
        snapshot=snapshot,
        lowered=lowered,
        flags_revision=flags_revision,
        blobs={**(previous.own_blobs if previous else {}), **blobs},
        own_blobs=blobs,
        locales=locales,
        renderers=renderers,
        ofrep=OfrepRenderer(definitions.app, definitions.features),
        manifests=Manifests(definitions),
        concerned=_concerned(content, kills.switches, snapshot, previous),
    )


def lower_again(live: Live, *, now: datetime) -> Steps[Live]:
    """Build the same scope with definitions lowered for a later time."""
    lowered = yield from lower_steps(live.snapshot, now=now)
    return replace(live, lowered=lowered)


def _concerned(
    content: Content,
    switches: tuple[KillSwitch, ...],
    snapshot: CompiledSnapshot,
    previous: Live | None,
) -> tuple[str, ...]:
    """Return whom the change concerns; changed texts and broken features concern everybody."""
    if previous is None or previous.texts != content.texts:
        return ()
    if previous.snapshot.warnings != snapshot.warnings:
        return ()
    return list_concerned(
        previous.definitions, content.definitions, previous.kills.switches, switches
    )


def build_words(
    content: Content, blobs: dict[str, bytes], previous: Live | None
) -> Steps[tuple[dict[str, LocaleChoice], dict[str, VariantRenderer]]]:
    """Build a renderer per locale from the bundles that it is served with."""
    text_keys = collect_text_keys((f.key, f.text_key) for f in content.definitions.features)
    if previous is not None and previous.texts == content.texts:
        old_keys = collect_text_keys((f.key, f.text_key) for f in previous.definitions.features)
        if old_keys == text_keys:
            return previous.locales, previous.renderers
    wanted = frozenset(text_keys.values())
    locales: dict[str, LocaleChoice] = {}
    renderers: dict[str, VariantRenderer] = {}
    for tag, texts in content.texts.locales.items():
        phrases = build_phrases((blobs[sha] for sha in texts.bundles.values()), wanted)
        slots = list_slots(texts, content.texts, blobs)
        locales[tag] = LocaleChoice(tag, texts.chain, texts.direction, slots)
        renderers[tag] = VariantRenderer(tag, phrases, text_keys)
        yield
    source = content.texts.source_locale
    if source not in renderers:
        locales[source] = LocaleChoice(tag=source, chain=(source,), direction="ltr")
        renderers[source] = VariantRenderer(source, Phrases(), text_keys)
    return locales, renderers


def list_slots(own: LocaleTexts, texts: Texts, blobs: dict[str, bytes]) -> dict[str, TextSlot]:
    """List where the bundles of a locale are, by component.

    A locale that adds nothing shares its parent's bundle, and says whose it is.
    """
    slots: dict[str, TextSlot] = {}
    for name, sha256 in sorted(own.bundles.items()):
        chain = [step for step in own.chain if step in texts.locales]
        same = [step for step in chain if texts.locales[step].bundles.get(name) == sha256]
        locale = same[-1] if same else own.chain[0]
        slots[name] = TextSlot(TEXTS_PATH + sha256, sha256, len(blobs[sha256]), locale)
    return slots
