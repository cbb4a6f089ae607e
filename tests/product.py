"""Start the real product in a folder of its own, as a user does, and talk to it by HTTP.

Every process is found through the operating system, so that tests can kill, stop and count them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from launch.places import redis_socket

ROOT = Path(__file__).resolve().parent.parent
BACKEND_TOKEN = "superapp:production.demo-backend"
FRONTEND_TOKEN = "superapp:production.demo-frontend"

T = TypeVar("T")


def eventually(
    look: Callable[[], T | None], *, within_seconds: float = 10.0, every_seconds: float = 0.02
) -> T:
    """Return what `look` sees as soon as it is true, or fail at the deadline with what it saw.

    A connection that is refused meanwhile counts as not yet.
    """
    deadline = time.monotonic() + within_seconds
    seen: object = None
    while True:
        try:
            seen = value = look()
        except (httpx.HTTPError, OSError) as error:
            seen = error
        else:
            if value:
                return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within_seconds} s; last seen: {seen!r}.")
        time.sleep(every_seconds)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Product:
    """A running product: its address, its folder, its launcher."""

    data_dir: Path
    port: int
    environ: Mapping[str, str] = field(default_factory=dict)
    launcher: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Return the address of the web process."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def locale_dir(self) -> Path:
        """Return this product's own copy of the catalogs; the project's are never touched."""
        return self.data_dir / "locale"

    @property
    def log(self) -> str:
        """Return everything the launcher has said."""
        return (self.data_dir / "said.log").read_text(encoding="utf-8", errors="replace")

    def copy(self, folder: Path) -> None:
        """Begin with what another product's folder holds, so that the demo is loaded once."""
        shutil.copytree(folder, self.data_dir, ignore=shutil.ignore_patterns("*.sock", "*.log"))

    def start(self, *, wait: bool = True) -> None:
        """Start the launcher; wait until it says where to go, unless told not to."""
        environ = {
            name: value
            for name, value in os.environ.items()
            if name not in {"REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "MAKELEVEL"}
        }
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not self.locale_dir.exists():
            shutil.copytree(ROOT / "locale", self.locale_dir)
        environ |= self._settings() | {"PORT": str(self.port)}
        with (self.data_dir / "said.log").open("ab") as said:
            self.launcher = subprocess.Popen(
                [sys.executable, "-m", "launch.product"],
                cwd=ROOT,
                env=environ,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            eventually(self.is_ready, within_seconds=90)

    def _settings(self) -> dict[str, str]:
        return {
            "LANDFALL_DATA_DIR": str(self.data_dir),
            "LANDFALL_LOCALE_DIR": str(self.locale_dir),
            "DEBUG": "1",
            "LANDFALL_DEMO": "1",
            # Its own changes would stand between those that a test counts.
            "LANDFALL_PROBE_SECONDS": "0",
            **self.environ,
        }

    def is_ready(self) -> bool:
        """Say whether the launcher called it ready; fail when the launcher ended instead."""
        if self.launcher is not None and self.launcher.poll() is not None:
            raise AssertionError(f"The launcher ended:\n{self.log}")
        return "landfall: Ready" in self.log and httpx.get(f"{self.base}/readyz").is_success

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the launcher and return its exit status."""
        assert self.launcher is not None
        if self.launcher.poll() is None:
            self.launcher.send_signal(number)
        return self.launcher.wait(timeout=20)

    def processes(self) -> dict[int, str]:
        """Return the command of every process of this product that the system still lists."""
        return processes_of(self.data_dir)

    def process(self, word: str) -> int:
        """Return the first process whose command has the word in it, waiting for it."""
        return eventually(
            lambda: min(
                (pid for pid, command in self.processes().items() if word in command), default=0
            )
        )

    def manage(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a management command beside the product, with its folder and its Redis."""
        environ = dict(os.environ) | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        for name in ("REDIS_URL", "DATABASE_URL"):
            environ.pop(name, None)
        environ |= self._settings()
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environ,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )


def processes_of(data_dir: Path) -> dict[int, str]:
    """Return the processes, zombies left out, whose environment or socket is in the folder.

    Valkey writes its title over its environment; the title names its socket.
    """
    needle = b"LANDFALL_DATA_DIR=" + os.fsencode(data_dir) + b"\0"
    title = f"unixsocket:{redis_socket(data_dir)}"
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environ = (entry / "environ").read_bytes() + b"\0"
        except OSError:
            continue
        if command and (needle in environ or title in command):
            found[int(entry.name)] = command
    return found
