"""Whose address counts when proxies stand before a node."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from config.env import WrongSetting, read_networks
from flags.delivery.proxies import Network, Proxies
from flags.delivery.settings import Settings
from tests.unit.delivery.world import build_client

TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.7", "2001:db8::/32")))


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("198.51.100.1", {}, "198.51.100.1"),
        ("198.51.100.1", {"X-Forwarded-For": "203.0.113.9"}, "198.51.100.1"),
        ("10.0.0.1", {}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "1.1.1.1, 203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "1.1.1.1, 203.0.113.9, 10.9.9.9"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "10.1.1.1, 10.2.2.2"}, "10.1.1.1"),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.9:4711"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "[2001:dba::1]:4711"}, "2001:dba::1"),
        ("10.0.0.1", {"X-Forwarded-For": "::ffff:203.0.113.9"}, "203.0.113.9"),
        ("::ffff:10.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.9, nonsense, 10.2.2.2"}, "10.2.2.2"),
        ("10.0.0.1", {"X-Forwarded-For": ""}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "1.1.1.1," * 1_000}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "10.1.1.1," * 100 + "10.2.2.2"}, "10.1.1.1"),
        ("10.0.0.1", {"Forwarded": "for=203.0.113.9;proto=https"}, "203.0.113.9"),
        ("10.0.0.1", {"Forwarded": 'for=1.1.1.1, For="[2001:dba::1]:80"'}, "2001:dba::1"),
        ("10.0.0.1", {"Forwarded": "for=unknown"}, "10.0.0.1"),
        ("10.0.0.1", {"Forwarded": "by=203.0.113.9"}, "10.0.0.1"),
        (
            "10.0.0.1",
            {"Forwarded": "for=203.0.113.9", "X-Forwarded-For": "203.0.113.9"},
            "203.0.113.9",
        ),
        ("10.0.0.1", {"Forwarded": "for=1.1.1.1", "X-Forwarded-For": "203.0.113.9"}, "10.0.0.1"),
        ("", {"X-Forwarded-For": "203.0.113.9"}, ""),
    ],
)
def test_only_what_a_trusted_proxy_wrote_counts(
    peer: str, headers: dict[str, str], expected: str
) -> None:
    """Take the right-most hop that is nobody trusted; from others, the header says nothing."""
    sent = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    assert expected == Proxies(TRUSTED).read_peer(peer, sent)


def test_headers_that_come_twice_are_one_chain() -> None:
    """Read the lines in their order, so that a client's own line does not hide the proxy's."""
    headers = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"203.0.113.9")]
    assert "203.0.113.9" == Proxies(TRUSTED).read_peer("10.0.0.1", headers)


@pytest.mark.parametrize(("trusted", "statuses"), [(TRUSTED, [401] * 3), ((), [401, 429, 429])])
def test_limits_count_the_clients_behind_a_proxy(
    trusted: tuple[Network, ...], statuses: list[int]
) -> None:
    """Count guesses by client where the proxy is trusted, else by the proxy's address."""
    client = build_client(settings=Settings(guesses_per_minute=1, trusted_proxies=trusted))
    assert statuses == [
        client.get(
            "/api/frontend",
            token="superapp:production.guess",
            headers={"X-Forwarded-For": f"203.0.113.{n}"},
        ).status
        for n in range(3)
    ]


@pytest.mark.parametrize(
    ("trusted", "chain", "on"),
    [
        (TRUSTED, "203.0.113.9", True),
        (TRUSTED, "203.0.113.9, 198.51.100.1", False),
        ((), "203.0.113.9", False),
    ],
)
def test_a_spoofed_address_is_nobody_s_remote_address(
    trusted: tuple[Network, ...],
    chain: str,
    on: bool,  # noqa: FBT001
) -> None:
    """Fill the context's `remoteAddress` with the address that counts."""
    client = build_client(settings=Settings(trusted_proxies=trusted))
    for _ in range(2):
        client.get("/api/frontend?userId=7&sessionId=7", headers={"X-Forwarded-For": chain})
    # What was answered is kept by whom it was answered to.
    assert on is ("203.0.113.9" in str(client.app.service.recall.kept.young.keys()))


def test_networks_are_read_from_the_environment() -> None:
    """Take addresses and networks with commas between them; refuse to start with others."""
    environ = {"P": "10.0.0.0/8, 192.0.2.7,2001:db8::/32,"}
    assert TRUSTED == read_networks("P", environ=environ)
    assert () == read_networks("P", environ={})
    with pytest.raises(WrongSetting, match="P must be addresses or networks"):
        read_networks("P", environ={"P": "proxy.example"})
