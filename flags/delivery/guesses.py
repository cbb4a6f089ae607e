"""How many unknown tokens came from an address of late, so that nobody can guess for long.

Good tokens are never counted nor stopped: an office, or a whole country behind a carrier's
address, shares it with whoever guesses.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_network

from flags.delivery.http import Refusal
from flags.delivery.proxies import parse_address

WINDOW_SECONDS = 60.0
COUNTED_ADDRESSES = 10_000
# Those that come when the table is full are counted together until the minute is over.
THE_REST = ""


class Guesses:
    """Counts of unknown tokens by address, of one minute at a time."""

    def __init__(self, limit: int, read_seconds: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.read_seconds = read_seconds
        self.counts: dict[str, int] = {}
        self.window_ends = 0.0

    def refuse(self, address: str, message: str) -> Refusal:
        """Count an unknown credential and build its refusal: 401, then 429 above the limit."""
        now = self.read_seconds()
        if now >= self.window_ends:
            self.counts.clear()
            self.window_ends = now + WINDOW_SECONDS
        key = group_address(address)
        if key not in self.counts and len(self.counts) >= COUNTED_ADDRESSES:
            key = THE_REST
        self.counts[key] = count = self.counts.get(key, 0) + 1
        if count <= self.limit:
            return Refusal(401, message)
        return Refusal(
            429,
            f"More than {self.limit} unknown tokens came from this address within a minute."
            " A token that is known still works.",
            retry_after_seconds=int(self.window_ends - now) + 1,
        )


def group_address(address: str) -> str:
    """Return what counts as one address: of IPv6 the /64 that a single line is given."""
    parsed = parse_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address
