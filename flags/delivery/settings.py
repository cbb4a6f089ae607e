"""What an operator may set about delivery; read from the environment by `config`."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits and switches of one node.

    `origins` are the web origins that may read answers, `*` for all. `token_header` is a
    further header in which browsers may send their token (their SDK's `headerName`).
    `ofrep_stream` adds `eventStreams` to OFREP bulk answers; off since Kotlin's provider
    fails on keys that it does not know. `edge_token` opens `/internal/parts` and is empty
    where edges may not connect. `guesses_per_minute` unknown tokens of an address are
    answered 401, further ones 429. `trusted_proxies` are believed when they say for whom
    they ask.
    """

    streams_per_process: int = 12_000
    streams_per_token: int = 200
    streams_per_address: int = 200
    keep_alive_seconds: float = 12.0
    origins: frozenset[str] = frozenset({"*"})
    token_header: bytes = b""
    ofrep_stream: bool = False
    edge_token: str = ""
    guesses_per_minute: int = 60
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
