"""A web node as a source of parts, for edges (the other end of `parts`)."""

from __future__ import annotations

import http.client
from urllib.parse import quote, urlsplit

import msgspec

from flags.delivery.parts import PartHead
from flags.publishing.store import (
    Head,
    PartKey,
    StoredPart,
    StoreUnavailable,
    check_blob,
    check_part,
)

TIMEOUT_SECONDS = 2.0
MAX_BYTES = 64 * 1024 * 1024
FOUND = 200
ABSENT = 404

_decode_heads = msgspec.json.Decoder(list[PartHead]).decode
_decode_part = msgspec.msgpack.Decoder(StoredPart).decode


class UpstreamSource:
    """Read parts from `url` of a web node with the edges' credential."""

    name = "upstream"

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._netloc = parts.netloc
        self._base = parts.path.rstrip("/")
        self._token = token

    def heads(self) -> dict[PartKey, Head]:
        """Return how new each part is on the web node."""
        body = self._get("/internal/parts")
        if body is None:
            raise StoreUnavailable("The web node has no address for edges.")
        try:
            return {row.key: row.head for row in _decode_heads(body)}
        except msgspec.MsgspecError as error:
            raise StoreUnavailable(f"The web node's answer cannot be read: {error}") from error

    def get(self, key: PartKey) -> StoredPart | None:
        """Return a part, or None."""
        names = "/".join(quote(name, safe="") for name in (key.environment, key.app, key.part))
        body = self._get(f"/internal/parts/{names}")
        if body is None:
            return None
        try:
            return check_part(_decode_part(body))
        except msgspec.MsgspecError as error:
            raise StoreUnavailable(f"The web node's answer cannot be read: {error}") from error

    def get_blob(self, sha256: str) -> bytes | None:
        """Return a text bundle, or None."""
        body = self._get(f"/internal/blobs/{sha256}")
        return None if body is None else check_blob(sha256, body)

    def _get(self, path: str) -> bytes | None:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._netloc, timeout=TIMEOUT_SECONDS)
        try:
            headers = {"Authorization": f"Bearer {self._token}"}
            connection.request("GET", self._base + path, headers=headers)
            response = connection.getresponse()
            body = response.read(MAX_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise StoreUnavailable(f"The web node does not answer: {error}") from error
        finally:
            connection.close()
        if response.status == ABSENT:
            return None
        if response.status != FOUND:
            raise StoreUnavailable(f"The web node answers {response.status}.")
        return body
