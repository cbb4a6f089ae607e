"""Descriptors that are left, and peers that are gone."""

from __future__ import annotations

import os
import resource
import socket
import sys
from pathlib import Path

import pytest

from flags.delivery.sockets import Descriptors, notice_vanished_peers, raise_descriptor_limit

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have no TCP_USER_TIMEOUT; run it on Linux"
)


def test_connections_inherit_when_a_silent_peer_counts_as_gone() -> None:
    """Set it where connections are accepted, since servers hand out no sockets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert notice_vanished_peers() >= 1
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            with accepted:
                timeout = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                alive = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert (timeout, alive) == (30_000, 1)


def test_the_descriptor_limit_is_raised_as_far_as_it_goes() -> None:
    """Have as many descriptors as the system allows."""
    limit = raise_descriptor_limit()
    assert (
        resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    )
    assert limit > 0


def test_room_is_left_for_everything_but_streams() -> None:
    """Say no while requests can still be accepted."""
    descriptors = Descriptors()
    assert descriptors.have_room()
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    descriptors.limit = lowest + lowest // 4
    assert not descriptors.have_room()


@pytest.mark.parametrize(
    ("limits", "allowed", "expected"),
    [
        ((256, resource.RLIM_INFINITY), 10_240, 10_240),
        ((20_000, resource.RLIM_INFINITY), 10_240, 20_000),
        ((256, 4_096), 100, 256),
        ((1_024, 524_288), 524_288, 524_288),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 0, sys.maxsize),
    ],
)
def test_a_limit_that_the_system_refuses_keeps_no_node_from_starting(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], allowed: int, expected: int
) -> None:
    """Take as many descriptors as are given."""

    def set_limit(_resource: int, wanted: tuple[int, int]) -> None:
        if not 0 <= wanted[0] <= allowed:
            raise ValueError(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _resource: limits)
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    assert expected == raise_descriptor_limit()


def test_a_system_that_lists_no_descriptors_keeps_no_node_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Go without: a vanished peer is noticed later then."""
    monkeypatch.setattr("flags.delivery.sockets.DESCRIPTORS", tmp_path / "fd")
    assert 0 == notice_vanished_peers()
