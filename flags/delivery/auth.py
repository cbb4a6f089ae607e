"""Who asks: tokens and stream channels to what they may see.

The token's text is only a hint; authority comes from the digest in the access part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from flags.delivery.burnt import check_address
from flags.delivery.guesses import Guesses
from flags.delivery.http import Refusal, Request, unavailable
from flags.delivery.settings import Settings
from flags.delivery.state import Known, State, View
from flags.delivery.uses import Uses

MAX_TOKEN_BYTES = 512
CACHED_TOKENS = 10_000

UNKNOWN = "The token is not known."

EVALUATION = frozenset({"frontend", "preview"})
ANY_KIND = frozenset({"backend", "frontend", "preview"})
BACKEND = frozenset({"backend"})


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Find tokens; what was found stays in a table that every change of access empties."""

    state: State
    settings: Settings
    found: dict[bytes, Known]
    guesses: Guesses
    uses: Uses

    @classmethod
    def build(cls, state: State, settings: Settings) -> Gatekeeper:
        """Build one that forgets whenever the tokens change."""
        found: dict[bytes, Known] = {}
        state.on_access.append(found.clear)
        return cls(state, settings, found, Guesses(settings.guesses_per_minute), Uses(found.clear))

    def identify(self, request: Request, kinds: frozenset[str], *, api_key: bool = False) -> Known:
        """Return the token of a request, or refuse: 401 unknown, 403 wrong kind, 503 not ready."""
        raw = self.read_shown(request, api_key=api_key)
        known = self.found.get(raw) if raw is not None else None
        if known is None:
            if raw is None:
                # Whoever shows none may have put it into the address, as for an EventSource.
                check_address(request, self.state.tokens)
            known = self.look_up(raw, request.peer)
        request.shown = raw or b""
        token = known.token
        if token.expires is not None:
            check_expiry(token.expires)
        if token.kind not in kinds:
            raise Refusal(403, f"A {token.kind} token may not be used here.")
        return known

    def read_shown(self, request: Request, *, api_key: bool = False) -> bytes | None:
        """Return the header that counts as the token; X-API-Key is OFREP's alone."""
        raw = request.headers.get(b"authorization")
        if raw is None and api_key:
            raw = request.headers.get(b"x-api-key")
        if raw is None and self.settings.token_header:
            raw = request.headers.get(self.settings.token_header)
        return raw

    def find(self, request: Request, *, api_key: bool) -> Known | None:
        """Return the token of a request, if it was shown of late."""
        return self.found.get(self.read_shown(request, api_key=api_key) or b"")

    def look_up(self, raw: bytes | None, peer: str) -> Known:
        """Find a token by its digest and remember its raw header.

        Nothing is compared but digests in a table, so an answer's time tells nothing.
        """
        if not self.state.access:
            raise unavailable()
        if raw is None:
            raise Refusal(401, "A token is needed in the Authorization header.")
        if len(raw) > MAX_TOKEN_BYTES:
            raise self.guesses.refuse(peer, UNKNOWN)
        text = raw.strip()
        if text[:7].lower() == b"bearer ":
            text = text[7:].strip()
        known = self.state.tokens.get(hashlib.sha256(text).hexdigest())
        if known is None:
            if self.state.heard_at is None or self.state.lacks_access():
                # The token may be newer than what this node has: nobody has answered since
                # the start, or the part did not arrive. SDKs stop for ever on 401.
                raise unavailable()
            raise self.guesses.refuse(peer, UNKNOWN)
        if len(self.found) >= CACHED_TOKENS:
            self.found.clear()
        self.found[raw] = known
        self.uses.note(known)
        return known

    def identify_channel(self, channel: str, peer: str) -> Known:
        """Return the token of a stream channel, which dies with it."""
        if not self.state.access:
            raise unavailable()
        known = self.state.channels.get(channel)
        if known is None:
            raise self.guesses.refuse(peer, "The stream channel is not known.")
        if known.token.expires is not None:
            check_expiry(known.token.expires)
        self.uses.note(known)
        return known

    def view(self, known: Known) -> View:
        """Return what a token may see; 503 while it has not reached this node."""
        view = self.state.view(known.token.app, known.environment)
        if view is None:
            raise unavailable()
        return view


def check_expiry(expires: datetime) -> None:
    """Refuse a token from the instant on at which it expires."""
    if expires <= datetime.now(UTC):
        raise Refusal(401, "The token has expired.")
