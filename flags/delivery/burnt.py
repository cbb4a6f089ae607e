"""Tokens in addresses. Every proxy logs addresses, so a token that stood in one is burnt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterator
from urllib.parse import unquote_to_bytes

from flags.delivery.http import Refusal, Request
from flags.delivery.inputs import BURNT, MAX_QUERY_BYTES, TOKEN_NAMES

BETWEEN = re.compile(rb"[^\w*.\[\]:-]+")
BADLY_QUOTED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
SHORTEST_BYTES = 10


def names_token(rest: str) -> bool:
    """Tell whether the end of a path could hold a token; keys of flags have no such signs."""
    return ":" in rest or "%" in rest


def check_address(request: Request, digests: Container[str]) -> None:
    """Refuse an address with a known token anywhere in it, or with a token's name."""
    check_tokens(request, digests)
    for field in request.query[:MAX_QUERY_BYTES].split(b"&"):
        if unquote_to_bytes(field.partition(b"=")[0]).lower() in BURNT_NAMES:
            raise token_in_url()


def check_tokens(request: Request, digests: Container[str]) -> None:
    """Refuse an address with a known token anywhere in it."""
    if holds_token(request.path, request.query, digests):
        # Not even the refusal may repeat it.
        request.rest = ""
        raise token_in_url()


def holds_token(path: str, query: bytes, digests: Container[str]) -> bool:
    """Tell whether a known token stands anywhere in a path or query."""
    address = path.encode("utf-8", "surrogateescape") + b" " + query
    if not may_hold_colon(address):
        return False
    # A proxy may have quoted what was quoted.
    plain = unquote_to_bytes(address.replace(b"+", b" "))
    return any(
        hashlib.sha256(candidate).hexdigest() in digests
        for text in (plain, unquote_to_bytes(plain))
        for candidate in list_candidates(text)
    )


def may_hold_colon(address: bytes) -> bool:
    """Tell whether a colon may come out when an address is unquoted twice; cheap.

    Most have none, and no token is without. What is quoted badly may join to a good one.
    """
    return (
        b":" in address
        or b"%3A" in address
        or b"%3a" in address
        or b"%25" in address
        or BADLY_QUOTED.search(address) is not None
    )


def list_candidates(text: bytes) -> Iterator[bytes]:
    """Return what has the form of a token, `app:environment.secret`; linear in the text."""
    for piece in BETWEEN.split(text[: 2 * MAX_QUERY_BYTES]):
        head, colon, secret = piece.rpartition(b":")
        if colon and b"." in secret and len(secret) >= SHORTEST_BYTES:
            yield head.rpartition(b":")[2] + colon + secret


def token_in_url() -> Refusal:
    """Build the refusal; it does not repeat the token."""
    return Refusal(400, BURNT, name="token_in_url")


BURNT_NAMES = frozenset(name.encode() for name in TOKEN_NAMES)
