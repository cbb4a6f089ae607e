"""Start processes that cannot outlive the launcher, and pass on what they say.

Each child leads a process group of its own and dies with the launcher (parent-death signal,
where the system has one). A keeper, which holds nothing but a pipe, ends the groups as soon as
the launcher is gone, however it went: so grandchildren go too.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

PR_SET_PDEATHSIG = 1
GRACE_AFTER_DEATH_SECONDS = 1.0


def tie_to_parent(number: int = signal.SIGTERM) -> None:
    """Ask the system to signal this process when its parent ends; Linux only, else nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


class Keeper:
    """A process that ends the groups it was told of when its pipe closes."""

    def __init__(self) -> None:
        reading, self._pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            _keep(reading)
        os.close(reading)

    def watch(self, group: int) -> None:
        """Remember a group of processes."""
        os.write(self._pipe, b"+%d\n" % group)

    def forget(self, group: int) -> None:
        """Forget a group that has ended, for its number may be given to somebody else."""
        os.write(self._pipe, b"-%d\n" % group)

    def close(self) -> None:
        """Let the keeper end what is left, and wait for it."""
        os.close(self._pipe)
        os.waitpid(self._pid, 0)


def _keep(reading: int) -> NoReturn:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    with os.fdopen(reading, "rb") as told:
        for line in told:
            group = int(line[1:])
            (groups.add if line.startswith(b"+") else groups.discard)(group)
    _end_groups(groups)
    os._exit(0)


def _end_groups(groups: set[int]) -> None:
    _signal_groups(groups, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_AFTER_DEATH_SECONDS
    while time.monotonic() < deadline and any(map(group_lives, groups)):
        time.sleep(0.05)
    _signal_groups(groups, signal.SIGKILL)


def _signal_groups(groups: set[int], number: int) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def group_lives(group: int) -> bool:
    """Say whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


@dataclass
class Child:
    """One process of the product, started again when it ends."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    keeper: Keeper
    say: Callable[[str, str], None]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    quick_ends: int = 0
    again_at: float | None = None
    _rest: bytes = field(default=b"", repr=False)

    def start(self) -> None:
        """Start the process in a group of its own, tied to this one."""
        self.process = subprocess.Popen(
            self.command,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=tie_to_parent,  # noqa: PLW1509 - the launcher has no threads
        )
        self.started_at = time.monotonic()
        self.again_at = None
        self.keeper.watch(self.process.pid)
        os.set_blocking(self.output, False)

    @property
    def output(self) -> int:
        """Return the file descriptor of what the process says."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def relay(self) -> bool:
        """Pass on the lines said so far; return False when there is nothing more to come."""
        try:
            while said := os.read(self.output, 65536):
                *lines, self._rest = (self._rest + said).split(b"\n")
                for line in lines:
                    self.say(self.name, line.decode("utf-8", "replace").rstrip())
        except BlockingIOError:
            return True
        return False

    def ended(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        assert self.process is not None
        return self.process.poll()

    def signal(self, number: int) -> None:
        """Signal the process alone; it ends its own children."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)

    def clear(self) -> None:
        """Kill what is left of the group and reap the process."""
        assert self.process is not None
        _signal_groups({self.process.pid}, signal.SIGKILL)
        self.process.wait()
        self.keeper.forget(self.process.pid)
        assert self.process.stdout is not None
        self.process.stdout.close()
