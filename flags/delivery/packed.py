"""Bodies that nearly every server of a customer fetches, compressed once for all of them."""

from __future__ import annotations

import zlib

from flags.delivery.live import Steps

# Higher levels save a tenth of the bytes and cost twice the time.
LEVEL = 4
GZIP_WINDOW = 31
SLICE_BYTES = 64 * 1024
# Below this a packet holds it anyway.
LEAST_BYTES = 1_200


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Tell whether a client takes gzip (RFC 9110, section 12.5.3); `*` is not looked at."""
    for item in accept_encoding.split(b","):
        name, _, weight = item.partition(b";")
        if name.strip().lower() == b"gzip":
            return weight.replace(b" ", b"").lower() not in {
                b"q=0",
                b"q=0.0",
                b"q=0.00",
                b"q=0.000",
            }
    return False


def compress(body: bytes) -> Steps[bytes]:
    """Compress a body in slices of about half a millisecond."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    packed = b""
    for start in range(0, len(body), SLICE_BYTES):
        packed += packer.compress(body[start : start + SLICE_BYTES])
        yield
    return packed + packer.flush()


def name_packed(etag: bytes) -> bytes:
    """Return the ETag of the compressed form: other bytes need another strong one (8.8.3)."""
    return etag[:-1] + b'-gzip"'
