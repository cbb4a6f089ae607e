"""From which address a request came, when proxies stand before this node.

A header can say anything. Only what a trusted proxy wrote counts: it writes at the right,
so the hops are read from there, as far as each was written by somebody trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from flags.delivery.http import Header

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

CACHED_CHAINS = 10_000
HOPS_MAX = 32
CHAIN_BYTES_MAX = 4_096


class Proxies:
    """The proxies that are believed; none unless an operator names them."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks = tuple(networks)
        self.find = lru_cache(CACHED_CHAINS)(self.find_client)

    def read_peer(self, peer: str, headers: Iterable[Header]) -> str:
        """Return the client's address: the right-most hop that is no trusted proxy."""
        chain, forwarded = [], []
        for name, text in headers:
            if name == b"x-forwarded-for":
                chain.append(text)
            elif name == b"forwarded":
                forwarded.append(text)
        if not chain and not forwarded:
            return peer
        return self.find(peer, b",".join(chain), b",".join(forwarded))

    def find_client(self, peer: str, chain: bytes, forwarded: bytes) -> str:
        """Return what the headers say, or the peer itself where they are not to be believed.

        A proxy writes one of the headers and passes the other on as the client sent it, and
        nobody can tell which: where they disagree, neither counts.
        """
        first = parse_address(peer)
        if first is None or not self.trusts(first):
            return peer
        found = [
            str(self.follow(first, hops))
            for text, hops in ((chain, split_chain(chain)), (forwarded, split_forwarded(forwarded)))
            if text and len(text) <= CHAIN_BYTES_MAX
        ]
        return found[0] if len(set(found)) == 1 else peer

    def follow(self, first: Address, hops: Iterator[Address | None]) -> Address:
        """Go from hop to hop, away from this node, until one is not trusted or not readable."""
        last = first
        for _count, hop in zip(range(HOPS_MAX), hops, strict=False):
            if hop is None:
                break
            last = hop
            if not self.trusts(hop):
                break
        return last

    def trusts(self, address: Address) -> bool:
        """Tell whether an address is one of the proxies'."""
        return any(address in network for network in self.networks)


def split_chain(text: bytes) -> Iterator[Address | None]:
    """Return the hops of X-Forwarded-For, the last one first."""
    return (parse_node(hop.decode("latin-1")) for hop in reversed(text.split(b",")))


def split_forwarded(text: bytes) -> Iterator[Address | None]:
    """Return the hops of Forwarded (RFC 7239, section 4), the last one first."""
    for element in reversed(text.split(b",")):
        node = ""
        for pair in element.decode("latin-1").split(";"):
            name, _, value = pair.partition("=")
            if name.strip().lower() == "for":
                node = value
        yield parse_node(node)


def parse_node(text: str) -> Address | None:
    """Return a hop's address without port, brackets and quotes; None for a hidden one."""
    text = text.strip().strip('"')
    if text.startswith("["):
        return parse_address(text[1:].partition("]")[0])
    if text.count(":") == 1:
        text = text.partition(":")[0]
    return parse_address(text)


def parse_address(text: str) -> Address | None:
    """Return an address, one of IPv4 that came as IPv6 as what it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
