"""Reading what clients send: query texts and JSON bodies, never trusted.

What the fields mean is `flags.wire.context`'s matter; the limits here are
many times what any sensible client sends.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from flags.delivery.http import Refusal, Request

CONTEXT_BYTES = 64 * 1024
METRICS_BYTES = 1024 * 1024
# Unleash Edge sends what it gathered from many SDKs in one body.
BULK_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_FIELDS = 100
MAX_QUERY_BYTES = 16 * 1024
MAX_NAME_BYTES = 500
CACHED_NAMES = 4_096
TOKEN_NAMES = frozenset({"token", "authorization", "api_key", "apikey", "api-key", "access_token"})
BURNT = (
    "A token belongs in the Authorization header, never in an address: addresses stand in logs,"
    " so put a new token in the place of this one."
)
PROPERTY = re.compile(r"properties\[(.*)\]", re.DOTALL)

Pairs = list[tuple[str, str]]


def parse_query(raw: bytes) -> Pairs:
    """Return the names and texts of a query, in order; a token in it is refused.

    A query stands in the logs of every proxy, so a token that came this way is burnt.
    """
    if not raw:
        return []
    if len(raw) > MAX_QUERY_BYTES:
        raise Refusal(413, f"The query has {len(raw)} bytes; the limit is {MAX_QUERY_BYTES}.")
    if b"%00" in raw or b"\x00" in raw:
        raise Refusal(400, "The query holds a NUL character.", code="PARSE_ERROR")
    if not raw.isascii():
        raise not_utf_8()
    # Texts are searched for a sign several times as fast as bytes.
    fields = raw.decode("ascii").split("&")
    if len(fields) > MAX_FIELDS and sum(map(bool, fields)) > MAX_FIELDS:
        raise Refusal(400, f"The query has more than {MAX_FIELDS} fields.")
    pairs: Pairs = []
    try:
        for field in fields:
            if field:
                name, _, text = field.partition("=")
                quoted = "%" in text or "+" in text
                pairs.append((decode_name(name), decode_text(text) if quoted else text))
    except UnicodeDecodeError as error:
        raise not_utf_8() from error
    return pairs


def not_utf_8() -> Refusal:
    """Build the refusal of bytes that are no text."""
    return Refusal(400, "The query is not UTF-8.", code="PARSE_ERROR")


def decode_text(raw: str) -> str:
    """Decode one name or text of a query, as forms are encoded (WHATWG URL, section 5.1)."""
    return unquote_to_bytes(raw.replace("+", " ")).decode()


@lru_cache(CACHED_NAMES)
def decode_name(raw: str) -> str:
    """Decode a name; clients use few, so they are remembered. A token's name is refused."""
    if len(raw) > MAX_NAME_BYTES:
        raise Refusal(400, f"A name in the query has more than {MAX_NAME_BYTES} bytes.")
    name = decode_text(raw)
    if name.lower() in TOKEN_NAMES:
        raise Refusal(400, BURNT, name="token_in_url")
    return name


@lru_cache(CACHED_NAMES)
def find_property(name: str) -> str | None:
    """Return what stands in the brackets of `properties[name]`."""
    found = PROPERTY.fullmatch(name)
    return found[1] if found else None


def query_context(pairs: Pairs) -> dict[str, Any]:
    """Build a context of query fields; `properties[name]` makes a property, last one wins."""
    context: dict[str, Any] = {}
    properties: dict[str, str] = {}
    for name, text in pairs:
        inner = find_property(name)
        if inner is None:
            context[name] = text
        else:
            properties[inner] = text
    if properties:
        context["properties"] = properties
    return context


def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object of a body; anything else is a 415 or 400."""
    check_content_type(request)
    try:
        value = msgspec.json.decode(request.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The body is not JSON: {error}.", code="PARSE_ERROR") from error
    if not isinstance(value, dict):
        raise Refusal(400, "The body must be a JSON object.", code="PARSE_ERROR")
    brackets = request.body.count(b"{") + request.body.count(b"[")
    if brackets >= MAX_DEPTH or b"\\u0000" in request.body:
        # Nearly all bodies are too small and plain for what is looked for here.
        check_value(value)
    return value


def check_content_type(request: Request) -> None:
    """Refuse bodies that are not plain JSON; parameters such as a charset are allowed."""
    kind = request.headers.get(b"content-type", b"")
    if kind.partition(b";")[0].strip().lower() != b"application/json":
        raise Refusal(415, "The body must have the content type application/json.")
    if request.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refusal(415, "A compressed body is not understood.")


def check_value(value: Any) -> None:
    """Refuse NUL characters and nesting beyond 32; lone surrogates do not parse at all."""
    level = [value]
    for _depth in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item)
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            elif isinstance(item, str) and "\x00" in item:
                raise Refusal(400, "The body holds a NUL character.", code="PARSE_ERROR")
        if not deeper:
            return
        level = deeper
    raise Refusal(400, f"The body is nested deeper than {MAX_DEPTH}.", code="PARSE_ERROR")
