"""Many clients of an event stream in one lean process, who note when they read a revision.

One thread on one epoll and nothing but sockets, so that five hundred clients cost the machine
little and the server is what gets measured. Times are those of the system's clock.
"""

from __future__ import annotations

import gc
import multiprocessing
import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NamedTuple

_REVISION = re.compile(rb'"revision":(\d+)')
OPEN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Group:
    """Clients who listen with the same token and query."""

    name: str
    count: int
    token: str
    query: str


class Heard(NamedTuple):
    """One event at one client."""

    group: str
    client: int
    revision: int
    at: float


class Crowd:
    """The clients, in a process of their own; use it as a context manager."""

    def __init__(self, port: int, groups: list[Group]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(port, groups, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(OPEN_SECONDS):
            raise TimeoutError("Not all clients could open their streams.")
        opened: int = self._pipe.recv()
        if opened != sum(group.count for group in groups):
            raise RuntimeError(f"Only {opened} streams could be opened.")

    def finish(self) -> list[Heard]:
        """End all streams and return everything that was heard, in order of time."""
        self._pipe.send(None)
        heard: list[Heard] = self._pipe.recv()
        self._process.join(timeout=10)
        return heard


def _run(port: int, groups: list[Group], pipe: Connection) -> None:
    gc.disable()
    poll = select.epoll()
    clients: dict[int, tuple[socket.socket, str, int]] = {}
    for group in groups:
        for number in range(group.count):
            client = _open(port, group)
            clients[client.fileno()] = (client, group.name, number)
            poll.register(client.fileno(), select.EPOLLIN)
    pipe.send(len(clients))
    poll.register(pipe.fileno(), select.EPOLLIN)
    pipe.send(_listen(poll, clients, pipe.fileno()))


def _open(port: int, group: Group) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(
        b"GET /api/stream%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n"
        % (group.query.encode(), group.token.encode())
    )
    answer = b""
    while b'"revision":' not in answer:
        piece = client.recv(65536)
        if not piece or b" 200 " not in (answer + piece)[:20]:
            raise ConnectionError((answer + piece)[:200].decode(errors="replace"))
        answer += piece
    client.setblocking(False)
    return client


def _listen(
    poll: select.epoll,
    clients: dict[int, tuple[socket.socket, str, int]],
    last: int,
    clock: Callable[[], float] = time.time,
) -> list[Heard]:
    found: list[Heard] = []
    while True:
        for number, _event in poll.poll():
            if number == last:
                return found
            client, group, index = clients[number]
            piece = client.recv(65536)
            at = clock()
            found += [Heard(group, index, int(told), at) for told in _REVISION.findall(piece)]
            if not piece:
                poll.unregister(number)
