"""Published parts on their way into a node: fetched, checked against their digest, decoded.

Runs in the polling threads, never on the loop.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from flags.publishing.snapshot import (
    Access,
    Content,
    Kills,
    Token,
    decode_access,
    decode_content,
    decode_kills,
)
from flags.publishing.store import StoredPart
from regions.locales.formats import describe
from regions.locales.territory import list_countries

CHANNELS_MAX = 10_000
CHANNEL_PURPOSE = b"landfall stream channel 1"

FindBlob = Callable[[str], bytes | None]


class UnreadablePart(Exception):
    """A part that must not be served; `passing` when the same bytes may be fine later."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class PreparedContent:
    """Flags and texts with every text bundle that they name."""

    part: StoredPart
    value: Content
    blobs: dict[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparedKills:
    """Kill switches of a scope."""

    part: StoredPart
    value: Kills


@dataclass(frozen=True, slots=True)
class PreparedAccess:
    """Tokens of an environment, by digest and by stream channel."""

    part: StoredPart
    value: Access
    tokens: dict[str, Token]
    channels: dict[str, Token]


Prepared = PreparedContent | PreparedKills | PreparedAccess


def prepare(part: StoredPart, find_blob: FindBlob) -> Prepared:
    """Check and decode a part; raise UnreadablePart when it cannot be served."""
    if hashlib.sha256(part.body).hexdigest() != part.head.digest:
        raise UnreadablePart("does not match its digest", passing=True)
    try:
        if part.key.part == "content":
            content = decode_content(part.body)
            check_scope(part, content)
            read_formats(content)
            return PreparedContent(part, content, fetch_blobs(content, find_blob))
        if part.key.part == "kills":
            return PreparedKills(part, decode_kills(part.body))
        if part.key.part == "access":
            return prepare_access(part, decode_access(part.body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadablePart(f"cannot be decoded: {error}") from error
    raise UnreadablePart("is of an unknown kind")


def check_scope(part: StoredPart, content: Content) -> None:
    """Refuse content that was put under another scope's key."""
    named = (content.definitions.environment, content.definitions.app)
    if named != (part.key.environment, part.key.app):
        raise UnreadablePart(f"is of {named[1]} in {named[0]}")


def prepare_access(part: StoredPart, access: Access) -> PreparedAccess:
    """Index tokens by what clients show: the token's digest, or the stream channel."""
    return PreparedAccess(
        part=part,
        value=access,
        tokens={token.digest: token for token in access.tokens},
        channels={derive_channel(token.digest): token for token in access.tokens},
    )


@lru_cache(maxsize=CHANNELS_MAX)
def derive_channel(token_digest: str) -> str:
    """Return the stream credential of a token: it opens hints only and dies with the token.

    The same on every node, so EventSource may come back anywhere; neither the token nor
    its digest can be found from it.
    """
    return hmac.new(bytes.fromhex(token_digest), CHANNEL_PURPOSE, hashlib.sha256).hexdigest()


def read_formats(content: Content) -> None:
    """Have Babel read the formats of every locale in every country.

    People come from outside of a scope's territories too, and Babel reads files, once in a
    process: 0.7 s and 20 MB for ten locales.
    """
    for tag in {*content.texts.locales, content.texts.source_locale}:
        for code in (None, *list_countries()):
            describe(tag, code)


def fetch_blobs(content: Content, find_blob: FindBlob) -> dict[str, bytes]:
    """Fetch every bundle that the texts name; without one of them nothing is served."""
    names = {sha for locale in content.texts.locales.values() for sha in locale.bundles.values()}
    blobs: dict[str, bytes] = {}
    for sha256 in sorted(names):
        body = find_blob(sha256)
        if body is None or hashlib.sha256(body).hexdigest() != sha256:
            raise UnreadablePart(f"names the text {sha256[:12]}, which is not there", passing=True)
        blobs[sha256] = body
    return blobs
