"""Watch a client that runs in a process of its own and prints a line of JSON at each change."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from launch.javascript import EXAMPLES, NODE


class Watched:
    """A JavaScript client; use it as a context manager. `last` is what it said last."""

    def __init__(self, script: Path, *arguments: str) -> None:
        self.command = [str(NODE), str(script), *arguments]
        self.last: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self.command, cwd=EXAMPLES, stdout=subprocess.PIPE, stderr=self._complaints, text=True
        )
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._complaints.close()

    @property
    def complaints(self) -> str:
        """Return what it has said on its error stream."""
        self._complaints.seek(0)
        return self._complaints.read().decode()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.last = json.loads(line)
        self._process.stdout.close()
