"""Thousands of event-stream clients in one process, on bare sockets and one epoll.

`bench.streams` starts it and talks to it in lines: `open`, `report REVISION WANTED SECONDS`,
`back SECONDS` (after the server came back) and `mute` (who never reads). Each answer is one
line of JSON; times are seconds of the system's monotonic clock, which all processes share.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import re
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

ADDRESSES = 8
# Connecting at once: more would only wait in the listener's backlog.
AT_ONCE = 128
REVISION = re.compile(rb'"revision":(\d+)')
RETRY = re.compile(rb"retry: (\d+)")
NAME = re.compile(rb"id: (\S+)")
FIRST_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class Client:
    """One stream; `since` is when it was heard from first on this connection."""

    number: int
    group: str
    connection: socket.socket | None = None
    asked: bool = False
    since: float = 0.0
    status: int = 0
    pause_seconds: float = FIRST_PAUSE_SECONDS
    last_event_id: bytes = b""
    tail: bytes = b""


@dataclass
class Crowd:
    """All clients of this process."""

    address: tuple[str, int]
    token: str
    clients: list[Client]
    reading: bool = True
    poll: select.epoll = field(default_factory=select.epoll)
    by_descriptor: dict[int, Client] = field(default_factory=dict)
    due: list[tuple[float, int]] = field(default_factory=list)
    pending: int = 0
    heard: dict[int, dict[str, list[float]]] = field(default_factory=dict)
    refused: int = 0
    open_count: int = 0

    def open_all(self) -> None:
        """Have everybody connect, as fast as the server takes them."""
        now = time.monotonic()
        self.due = [(now, client.number) for client in self.clients]
        heapq.heapify(self.due)

    def connect(self, client: Client) -> None:
        """Begin to connect, from one of several addresses so that no ports run out."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.setsockopt(
                socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1
            )
        connection.bind((f"127.0.0.{2 + client.number % ADDRESSES}", 0))
        client.connection, client.asked, client.since, client.tail = connection, False, 0.0, b""
        client.status = 0
        self.pending += 1
        self.by_descriptor[connection.fileno()] = client
        connection.connect_ex(self.address)
        self.poll.register(connection.fileno(), select.EPOLLOUT)

    def ask(self, client: Client) -> None:
        """Send the request on a connection that stands."""
        assert client.connection is not None
        lines = [
            f"GET /api/stream?territories={client.group} HTTP/1.1",
            f"Host: {self.address[0]}",
            f"Authorization: {self.token}",
            "Accept: text/event-stream",
        ]
        if client.last_event_id:
            lines.append(f"Last-Event-ID: {client.last_event_id.decode()}")
        client.connection.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        client.asked = True
        self.poll.modify(client.connection.fileno(), select.EPOLLIN)

    def lose(self, client: Client) -> None:
        """Forget a connection and come back after the pause that the server asked for."""
        assert client.connection is not None
        if not client.since:
            self.pending -= 1
        self.by_descriptor.pop(client.connection.fileno(), None)
        client.connection.close()
        self.open_count -= client.status == 200
        client.connection, client.status = None, 0
        heapq.heappush(self.due, (time.monotonic() + client.pause_seconds, client.number))

    def read(self, client: Client) -> None:
        """Take what came; note which revisions it told, and when."""
        assert client.connection is not None
        try:
            data = client.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose(client)
            return
        now = time.monotonic()
        if not client.since:
            self.pending -= 1
            client.since = now
            client.status = int(data[9:12])
            if client.status != 200:
                self.refused += 1
                self.lose(client)
                return
            self.open_count += 1
            found = RETRY.search(data)
            if found is not None:
                client.pause_seconds = int(found[1]) / 1000
            self.note_id(client, data)
            if not self.reading:
                self.poll.unregister(client.connection.fileno())
            return
        data = client.tail + data
        cut = data.rfind(b"\n\n") + 2
        client.tail = data[cut:] if cut > 1 else data
        for revision in REVISION.findall(data[:cut]):
            by_group = self.heard.setdefault(int(revision), {})
            by_group.setdefault(client.group, []).append(now)
            self.note_id(client, data)

    def note_id(self, client: Client, data: bytes) -> None:
        """Remember the last event's id, to send it when coming back."""
        names = NAME.findall(data)
        if names:
            client.last_event_id = names[-1]

    def turn(self) -> bool:
        """Wait a moment for something to do, and do it; tell whether a command waits."""
        now = time.monotonic()
        while self.due and self.due[0][0] <= now and self.pending < AT_ONCE:
            self.connect(self.clients[heapq.heappop(self.due)[1]])
        wait = 0.05 if not self.due else min(max(self.due[0][0] - now, 0.001), 0.05)
        commanded = False
        for descriptor, events in self.poll.poll(wait, 4096):
            if descriptor == sys.stdin.fileno():
                commanded = True
                continue
            client = self.by_descriptor.get(descriptor)
            if client is None:
                continue
            if events & select.EPOLLOUT and not client.asked:
                try:
                    self.ask(client)
                except OSError:
                    self.lose(client)
            else:
                self.read(client)
        return commanded


def main() -> None:
    """Hold the streams and answer commands until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--groups", default="MY,BR")
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--mute", action="store_true", help="never read after the first bytes")
    options = parser.parse_args()
    groups = options.groups.split(",")
    crowd = Crowd(
        address=("127.0.0.1", options.port),
        token=options.token,
        clients=[Client(n, groups[n % len(groups)]) for n in range(options.clients)],
        reading=not options.mute,
    )
    crowd.poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while True:
        if crowd.turn():
            line = os.read(sys.stdin.fileno(), 4096)
            if not line:
                return
            answer(crowd, line.decode().split())


def answer(crowd: Crowd, words: list[str]) -> None:
    """Do one command and say what came of it."""
    started = time.monotonic()
    if words[0] == "open":
        crowd.open_all()
        run_until(crowd, lambda: crowd.open_count == len(crowd.clients), float(words[1]))
        say({"open": crowd.open_count, "seconds": time.monotonic() - started})
    elif words[0] == "report":
        revision, wanted = int(words[1]), int(words[2])
        run_until(
            crowd,
            lambda: sum(map(len, crowd.heard.get(revision, {}).values())) >= wanted,
            float(words[3]),
        )
        say(crowd.heard.pop(revision, {}))
    elif words[0] == "back":
        run_until(crowd, lambda: crowd.open_count == 0, float(words[1]))
        run_until(crowd, lambda: crowd.open_count == len(crowd.clients), float(words[1]))
        since = [client.since for client in crowd.clients if client.status == 200]
        say({"open": crowd.open_count, "since": since, "refused": crowd.refused})
    elif words[0] == "count":
        say({"open": crowd.open_count, "revisions": {k: len(v) for k, v in crowd.heard.items()}})


def run_until(crowd: Crowd, is_done: Callable[[], bool], seconds: float) -> None:
    """Go on until something holds, or for so long."""
    deadline = time.monotonic() + seconds
    while not is_done() and time.monotonic() < deadline:
        crowd.turn()


def say(value: object) -> None:
    """Answer one line."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
