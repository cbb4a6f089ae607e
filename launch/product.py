"""Run the whole product: prepare, start every process, keep them running, end them all.

One thread and one loop: it passes on what the children say, starts again who ended, and stops on
Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from launch.children import Child, Keeper, tie_to_parent
from launch.commands import (
    ROOT,
    beat_command,
    environment,
    preparation_digest,
    redis_command,
    web_command,
    worker_command,
)
from launch.guide import guide, name_host
from launch.places import UnableToStart, check_port, data_folder, hold, read_port

STOP_SECONDS = 8.0
READY_SECONDS = 60.0
QUICK_SECONDS = 5.0
QUICK_ENDS_ALLOWED = 3
PAUSE_SECONDS = 5.0
VITAL = frozenset({"web", "redis"})


class Product:
    """The processes of the product on this machine, and the loop that watches them."""

    def __init__(self, *, host: str, port: int, data_dir: Path) -> None:
        self.host, self.port, self.data_dir = host, port, data_dir
        self.environ = environment(data_dir)
        self.environ.setdefault("LANDFALL_PUBLIC_URL", f"http://{name_host(host)}:{port}")
        self.keeper = Keeper()
        self.selector = selectors.DefaultSelector()
        self.children: list[Child] = []
        self.stopping = False
        self.ready = False
        self.started_at = self.served_at = time.monotonic()

    def run(self) -> int:
        """Start everything and watch it until told to stop; return the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            if not os.environ.get("REDIS_URL"):
                self._start("redis", redis_command(self.data_dir))
            self._prepare()
            if not self.stopping:
                self.served_at = time.monotonic()
                self._start("web", web_command(self.host, self.port))
                self._start("worker", worker_command())
            self._watch()
        except UnableToStart as error:
            say("landfall", str(error))
            return 1
        finally:
            self._end()
        return 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _start(self, name: str, command: list[str]) -> None:
        child = Child(name, command, self.environ, self.keeper, say)
        child.start()
        self.children.append(child)
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def _prepare(self) -> None:
        stamp = self.data_dir / "prepared"
        wanted = preparation_digest(self.environ)
        database = self.data_dir / "landfall.sqlite3"
        with contextlib.suppress(FileNotFoundError):
            if database.exists() and stamp.read_text(encoding="utf-8") == wanted:
                return
        say("landfall", "Preparing the database.")
        process = subprocess.Popen(
            [sys.executable, "-m", "launch.prepare"],
            env=self.environ,
            cwd=ROOT,
            preexec_fn=tie_to_parent,  # noqa: PLW1509 - the launcher has no threads
            start_new_session=True,
        )
        while process.poll() is None and not self.stopping:
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
        if process.wait() == 0:
            stamp.write_text(wanted, encoding="utf-8")
        elif not self.stopping:
            raise UnableToStart("The database could not be prepared; see above.")

    def _watch(self) -> None:
        while not self.stopping:
            for key, _ in self.selector.select(timeout=0.1):
                child: Child = key.data
                if not child.relay():
                    self.selector.unregister(key.fd)
            for child in self.children:
                if child.ended() is not None and not self.stopping:
                    self._start_again(child)
            if not self.ready:
                self._look_whether_ready()

    def _look_whether_ready(self) -> None:
        now = time.monotonic()
        if is_ready(self.host, self.port):
            self.ready = True
            # Beat only sweeps; before, it would take its share of two cores from the others.
            self._start("beat", beat_command(self.data_dir))
            say("landfall", f"Ready after {now - self.started_at:.1f} s.")
            given = str(self.data_dir) if os.environ.get("LANDFALL_DATA_DIR") else ""
            sys.stdout.write(guide(self.host, self.port, data_dir=given))
            sys.stdout.flush()
        elif now - self.served_at > READY_SECONDS:  # The demo may have taken longer than that.
            raise UnableToStart(f"Not ready after {READY_SECONDS:.0f} s; everything was ended.")

    def _start_again(self, child: Child) -> None:
        if child.again_at is None:
            child.again_at = time.monotonic() + self._note_end(child)
        if time.monotonic() < child.again_at:
            return
        with contextlib.suppress(KeyError):
            self.selector.unregister(child.output)
        child.clear()
        child.start()
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def _note_end(self, child: Child) -> float:
        """Say that a process ended; return the seconds to wait before it is started again.

        Clients need web and Redis; a worker that keeps failing must not take those with it.
        """
        child.relay()
        status = child.ended()
        quick = time.monotonic() - child.started_at < QUICK_SECONDS
        child.quick_ends = child.quick_ends + 1 if quick else 1
        why = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        hopeless = child.quick_ends >= QUICK_ENDS_ALLOWED
        if (hopeless and child.name in VITAL) or (child.name == "web" and not self.ready):
            raise UnableToStart(f"{child.name} ended with {why}; everything was ended.")
        pause_seconds = PAUSE_SECONDS if hopeless else 0.0
        when = f" in {pause_seconds:.0f} s" if hopeless else ""
        say("landfall", f"{child.name} ended with {why} and is started again{when}.")
        return pause_seconds

    def _end(self) -> None:
        """End web, worker and beat together, Redis after them, and whatever is left by force."""
        last = [child for child in self.children if child.name == "redis"]
        first = [child for child in self.children if child.name != "redis"]
        for group in (first, last):
            for child in group:
                child.signal(signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and any(child.ended() is None for child in group):
                for child in group:
                    child.relay()
                time.sleep(0.02)
            for child in group:
                child.clear()
        self.keeper.close()


def is_ready(host: str, port: int) -> bool:
    """Ask the web process whether it can answer clients."""
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def say(name: str, line: str) -> None:
    """Write one line of a process, after its name."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{name:<8} | {line}\n" if name != "landfall" else f"landfall: {line}\n")
        sys.stdout.flush()


def main() -> int:
    """Run the product in the folder and on the port that the environment names."""
    data_dir = data_folder()
    host = os.environ.get("HOST") or "127.0.0.1"
    try:
        port = read_port(os.environ.get("PORT") or "8000")
        lock = hold(data_dir)
        check_port(host, port)
    except UnableToStart as error:
        sys.stderr.write(f"landfall: {error}\n")
        return 1
    with lock:
        status = Product(host=host, port=port, data_dir=data_dir).run()
    say("landfall", "Everything has ended.")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
