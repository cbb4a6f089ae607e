"""PURE: the variant manifest: everything that a client has to know of its regional variant.

One document of pieces that are made apart and joined: who asks, from where, in which words
and formats, then the features, and what follows from them. A piece is made once for all who
share it. The ETag is made of the pieces' digests (docs/decisions.md 17); the revision stands
outside of it. The document is described in docs/api/variant.v1.schema.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from flags.engine.atoms import REMEMBERED_LENGTH_MAX, normalise_platform
from flags.engine.campaigns import Campaign, Campaigns
from flags.engine.compiled import measure
from flags.engine.context import Context
from flags.engine.definitions import Definitions
from flags.engine.signals import (
    EVIDENCE,
    believe,
    find_participants,
    raw_account,
    raw_location,
    raw_participants,
    raw_storefront,
)
from flags.engine.tables import Purse, Table
from flags.engine.versions import parse_padded
from flags.wire.bundles import Bundles
from regions.locales.formats import describe, find_territory

encode = msgspec.json.Encoder().encode

# A client that reads v1 goes on reading it: fields and words are added, none is taken away
# or changes its meaning. What cannot be done so is v2, at an address of its own.
SCHEMA = "landfall.variant.v1"
FRAMES_MAX = 4_096
PLACES_MAX = 4_096
# For fragments that were read and for what followed from them, in each of two generations.
FOLLOWS_BYTES = 8 * 2**20
FOLLOW_BYTES = 400
_DIGEST_BYTES = 16
_RAW = {"account": raw_account, "location": raw_location, "storefront": raw_storefront}


class TextSlot(Struct, frozen=True, rename={"size_bytes": "bytes"}):
    """Where a text bundle is; `locale` is the last of the chain that has the very same one."""

    url: str
    sha256: str
    size_bytes: int
    locale: str


class LocaleChoice(Struct, frozen=True, rename="camel"):
    """The locale that a manifest is written in, and where missing words come from."""

    tag: str
    chain: tuple[str, ...]
    direction: str
    texts: dict[str, TextSlot] = {}


class Piece(NamedTuple):
    """Some members of the document, with the digest of their bytes."""

    body: bytes
    digest: bytes


class Frame(NamedTuple):
    """All of a manifest but its revision and what its features say, for all who share it."""

    bodies: tuple[bytes, ...]
    digest: bytes
    campaigns: tuple[Campaign, ...]


class Asked(NamedTuple):
    """What is asked for besides the context: a locale as it was sent, and the stream's address."""

    locale: str = ""
    stream: str = ""


class Manifests:
    """What manifests of a scope share; frames and what follows are remembered, within bounds."""

    def __init__(self, definitions: Definitions) -> None:
        """Lay out the scope's bundles, schedules and platforms."""
        self.definitions = definitions
        self.campaigns = Campaigns(definitions)
        purse = Purse(FOLLOWS_BYTES)
        self.bundles = Bundles(definitions, self.campaigns.features, purse)
        profiles = definitions.profiles
        self.platforms = frozenset(
            name.strip().lower()
            for name in (
                *(least.platform for profile in profiles for least in profile.minimums),
                *(retirement.platform for retirement in definitions.retirements),
            )
        )
        self.scope = cut({"app": definitions.app, "environment": definitions.environment})
        self.frames: dict[Hashable, Frame] = {}
        self.follows: Table[Hashable, bytes] = Table()
        purse.adopt(self.follows)

    def frame(self, context: Context, choice: LocaleChoice, asked: Asked, era: int) -> Frame:
        """Return the frame of a person; `era` numbers the time between two dated flips."""
        get = context.properties.get
        key = (
            choice.tag,
            asked,
            era,
            context.unreadable,
            raw_participants(context),
            *map(get, _FRAMING),
        )
        frame = None if context.as_of else self.frames.get(key)
        if frame is None:
            frame = self._build_frame(context, choice, asked)
            if not context.as_of and measure(key) <= REMEMBERED_LENGTH_MAX:
                if len(self.frames) >= FRAMES_MAX:
                    self.frames.clear()
                self.frames[key] = frame
        return frame

    def _build_frame(self, context: Context, choice: LocaleChoice, asked: Asked) -> Frame:
        signals = tell_signals(context)
        code, source = choose_territory(signals, asked.locale or choice.tag)
        person = cut({"signals": signals, "client": self.tell_client(context)})
        words = cut({"locale": tell_locale(choice), "texts": choice.texts})
        pieces = [self.scope, person, words, cut_place(choice.tag, code, source)]
        if asked.stream:
            pieces.append(cut({"stream": asked.stream}))
        campaigns = self.campaigns.list_current(context)
        told = encode([(one.key, one.features, one.starts, one.ends) for one in campaigns])
        digests = [piece.digest for piece in pieces]
        return Frame(
            bodies=tuple(piece.body for piece in pieces),
            digest=_digest(b"".join([*digests, self.bundles.digest, told])),
            campaigns=campaigns,
        )

    def tell_client(self, context: Context) -> dict[str, Any]:
        """Tell the platform and versions as they were understood; unreadable versions are null."""
        get = context.properties.get
        platform = normalise_platform(get("platform"))
        told: dict[str, Any] = {"platform": platform, "known": platform in self.platforms}
        for name in ("osVersion", "appVersion"):
            text = get(name)
            told[name] = text if text and parse_padded(text) else None
        told["profile"] = get("profile")
        return told

    def follow(
        self,
        features: bytes,
        fragments: list[bytes],
        frame: Frame,
        choice: LocaleChoice,
        texts: Mapping[str, str],
    ) -> bytes:
        """Return what follows from features: bundles, and campaigns of which something is on.

        `features` is the ETag of the fragments, by which it is remembered.
        """
        key = (choice.tag, frame.campaigns, features)
        known = self.follows.get(key)
        if known is None:
            standing = self.bundles.sum_up(fragments)
            bundles = self.bundles.build(standing, texts)
            campaigns = [
                told for one in frame.campaigns if (told := tell_campaign(one, standing.running))
            ]
            known = encode({"bundles": bundles, "campaigns": campaigns})[1:-1]
            self.follows.put(key, known, FOLLOW_BYTES + len(known))
        return known


# Fields that a frame is made of, besides participants.
_FRAMING = (
    *(name for names in EVIDENCE.values() for name in names),
    "accountTimeZone",
    "timeZone",
    "platform",
    "osVersion",
    "appVersion",
    "profile",
)


def cut(members: Mapping[str, Any]) -> Piece:
    """Render members without the braces around them; `members` must not be empty."""
    body = encode(members)[1:-1]
    return Piece(body, _digest(body))


@lru_cache(maxsize=PLACES_MAX)
def cut_place(tag: str, code: str | None, source: str) -> Piece:
    """Render a territory's facts and formats; `source` tells how the territory was found."""
    place = describe(tag, code)
    territory = None
    if place.territory is not None:
        territory = {"from": source, **msgspec.to_builtins(place.territory)}
    return cut({"territory": territory, "formats": place.formats})


def tell_signals(context: Context) -> dict[str, Any]:
    """Tell each signal with the evidence that won; null is unknown.

    `garbled` names signals of which some evidence was given and could not be read.
    """
    told: dict[str, Any] = {}
    garbled = []
    for signal, raw in _RAW.items():
        belief = believe(signal, raw(context))
        told[signal] = {"territory": belief.code, "from": belief.source} if belief.code else None
        if belief.garbled:
            garbled.append(signal)
    participants = find_participants(raw_participants(context))
    told["participants"] = participants.codes
    if participants.missing:
        garbled.append("participants")
    if garbled:
        told["garbled"] = garbled
    return told


def choose_territory(signals: Mapping[str, Any], locale: str) -> tuple[str | None, str]:
    """Return whose facts and formats are told, and what told so.

    The account's, else the location's, else that of the locale or of its language.
    """
    for signal in ("account", "location"):
        if signals[signal] is not None:
            return signals[signal]["territory"], signal
    return find_territory(locale), "locale"


def tell_locale(choice: LocaleChoice) -> dict[str, Any]:
    """Tell the locale and its chain."""
    return {"tag": choice.tag, "chain": choice.chain, "direction": choice.direction}


def tell_campaign(campaign: Campaign, running: frozenset[str]) -> dict[str, Any] | None:
    """Tell a campaign with those of its features that are on; None when none is."""
    features = [key for key in campaign.features if key in running]
    if not features:
        return None
    return {
        "key": campaign.key,
        "features": features,
        "starts": _tell_instant(campaign.starts),
        "ends": _tell_instant(campaign.ends),
    }


def make_etag(features: str, frame: Frame) -> bytes:
    """Join the ETag of the features with what else the document says; strong and quoted."""
    return b'"%s-%s"' % (features.strip('"').encode(), frame.digest.hex().encode())


def render_manifest(
    revision: int, epoch: int, frame: Frame, follow: bytes, fragments: list[bytes]
) -> bytes:
    """Join the whole document."""
    head = b'{"schema":"%s","revision":%d,"epoch":%d' % (SCHEMA.encode(), revision, epoch)
    features = b'"features":[' + b",".join(filter(None, fragments)) + b"]}"
    return b",".join([head, *frame.bodies, follow, features])


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _tell_instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None
