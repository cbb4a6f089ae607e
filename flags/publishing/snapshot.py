"""What the parts of a snapshot hold, and their bytes.

Content (flags and texts, one atomic pair), kills and access publish alone, each over the
last good others. No Django here, since an edge imports it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from flags.engine.definitions import Definitions, KillSwitch
from flags.publishing.store import StoredPart
from regions import canonical
from regions.translations.bundles import Texts

TokenKind = Literal["backend", "frontend", "preview"]


class Content(Struct, frozen=True):
    """Flags and texts of one scope, of one moment."""

    definitions: Definitions
    texts: Texts


class Kills(Struct, frozen=True):
    """The kill switches of one scope that are pulled."""

    switches: tuple[KillSwitch, ...] = ()


class Token(Struct, frozen=True, omit_defaults=True):
    """A credential: SHA-256 of the whole token text, its app (`*` for all) and its kind.

    `territories` (alpha-2, sorted) are those whose people it may ask about, none for
    everywhere. `event_streams` puts `eventStreams` into its OFREP bulk answers.
    """

    digest: str
    app: str
    kind: TokenKind
    name: str = ""
    expires: datetime | None = None
    territories: tuple[str, ...] = ()
    event_streams: bool = False


class Access(Struct, frozen=True):
    """The tokens of one environment and the apps that it has."""

    apps: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()


class _Locale(Struct, frozen=True):
    bundles: dict[str, str] = {}


class _Texts(Struct, frozen=True):
    locales: dict[str, _Locale] = {}


class _NamedTexts(Struct, frozen=True):
    """The corner of a content part that names text bundles; the rest is not decoded."""

    texts: _Texts = _Texts()


decode_content = msgspec.json.Decoder(Content).decode
decode_kills = msgspec.json.Decoder(Kills).decode
decode_access = msgspec.json.Decoder(Access).decode
_decode_names = msgspec.json.Decoder(_NamedTexts).decode


def render_content(content: Content) -> bytes:
    """Return the bytes of a content part; equal contents give equal bytes.

    msgspec leaves a default out only when the value is the very same object, which a text
    from the database is not; once decoded, it is.
    """
    return canonical.encode(decode_content(canonical.encode(content)))


def named_blobs(part: StoredPart) -> frozenset[str]:
    """Return the hashes of the text bundles that a part names; only content names any."""
    if part.key.part != "content":
        return frozenset()
    locales = _decode_names(part.body).texts.locales.values()
    return frozenset(sha256 for locale in locales for sha256 in locale.bundles.values())
