"""Listen to the event stream as a client does, with the time at which each event came."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from tests.product import eventually


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its data, and the monotonic second at which it was read."""

    data: dict[str, Any]
    at_seconds: float


@dataclass
class Listener:
    """A client of `/api/stream`; use it as a context manager."""

    base: str
    token: str
    query: str = ""
    events: list[Event] = field(default_factory=list)
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))
    _leaving: threading.Event = field(default_factory=threading.Event)
    _socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        eventually(lambda: self.events)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving.set()
        if self._socket is not None:
            # Closing the client would not wake a thread that reads.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)

    @property
    def revision(self) -> int:
        """Return the newest revision heard of."""
        return max((event.data["revision"] for event in self.events), default=0)

    def hears(self, revision: int, *, within_seconds: float = 5.0) -> Event:
        """Return the first event of this revision or a later one."""
        return eventually(
            lambda: next((e for e in self.events if e.data["revision"] >= revision), None),
            within_seconds=within_seconds,
            every_seconds=0.005,
        )

    def _listen(self) -> None:
        headers = {"Authorization": self.token}
        try:
            with self._client.stream(
                "GET", f"{self.base}/api/stream{self.query}", headers=headers
            ) as answer:
                stream = answer.extensions["network_stream"]
                self._socket = stream.get_extra_info("socket")
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        data = json.loads(line.removeprefix("data:"))
                        if "revision" in data:
                            self.events.append(Event(data, time.monotonic()))
        except httpx.HTTPError:
            if not self._leaving.is_set():
                raise
        finally:
            self._client.close()
