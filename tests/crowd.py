"""Hundreds of event streams at once, on bare sockets."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.node import Node


def open_stream(node: Node, token: str, query: str = "", last_event_id: str = "") -> socket.socket:
    """Ask for a stream and return its connection."""
    connection = socket.create_connection(("127.0.0.1", node.port), timeout=10)
    lines = [
        f"GET /api/stream{query} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {token}",
        *([f"Last-Event-ID: {last_event_id}"] if last_event_id else []),
    ]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connection


def read_until(connection: socket.socket, end: bytes, *, within_seconds: float = 10) -> bytes:
    """Return what comes up to and with some bytes, or all of it when the stream ends."""
    heard = b""
    connection.settimeout(within_seconds)
    while end not in heard:
        chunk = connection.recv(65536)
        if not chunk:
            break
        heard += chunk
    return heard


@contextmanager
def crowd(node: Node, token: str, count: int, query: str = "") -> Iterator[list[socket.socket]]:
    """Open many streams; all have been greeted inside."""
    connections = [open_stream(node, token, query) for _ in range(count)]
    try:
        for connection in connections:
            assert b"data: {" in read_until(connection, b'"lastModified"')
        yield connections
    finally:
        for connection in connections:
            connection.close()


def listen_all(connections: list[socket.socket], seconds: float, *, wanted: int) -> list[bytes]:
    """Return what each hears within some seconds, or until so many have heard something."""
    heard = dict.fromkeys((connection.fileno() for connection in connections), b"")
    by_descriptor = {connection.fileno(): connection for connection in connections}
    poll = select.poll()
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and sum(map(bool, heard.values())) < wanted:
        for descriptor, _ in poll.poll(50):
            with contextlib.suppress(OSError):
                heard[descriptor] += by_descriptor[descriptor].recv(65536)
    return list(heard.values())


def reset(connection: socket.socket) -> None:
    """Close a connection as a crash does: with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
