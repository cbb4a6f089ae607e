"""Make the bytes and digests that every published thing is known by.

Two equal values give the same bytes on every machine, so a digest can be compared
between processes, revisions and years.
"""

from __future__ import annotations

import hashlib

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(value: object) -> bytes:
    """Render a value as JSON with sorted keys and no white space."""
    return _ENCODER.encode(value)


def digest(body: bytes) -> str:
    """Return the SHA-256 of the bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()
