"""One measurement after the other, in a thread of its own that no task waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connections

from flags.operations.probes import (
    VALUES,
    forget_turns,
    keep_result,
    prepare_canary,
    turn_canary,
)
from flags.probing.client import CanaryClient
from flags.probing.diagnosis import diagnose
from flags.publishing.deliver import live_store
from flags.publishing.probes import Figures, write_figures
from flags.queries.probes import list_measured, sum_up
from regions.governance.commands import Refused

# A client that has nothing after this long is told as a failure.
PATIENCE_SECONDS = 10.0
FIGURES_OF = timedelta(hours=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is probed: an environment as the public address serves it."""

    environment: str
    url: str


class Failed(Exception):
    """The client did not have the change in time; the message says what was seen instead."""


class Prober:
    """The probe of this process; its client stays connected until something fails."""

    def __init__(self, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._target: Target | None = None
        self._client: CanaryClient | None = None
        self._token = ""

    def start(self, target: Target, *, read_clock: Callable[[], datetime]) -> threading.Thread:
        """Probe in a thread, unless the probe before is still at work; return at once."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, args=(target, read_clock), name="probe", daemon=True
                )
                self._thread.start()
            return self._thread

    def _run(self, target: Target, read_clock: Callable[[], datetime]) -> None:
        try:
            self.probe(target, read_clock=read_clock)
        except DatabaseError as error:
            _log.error("probe.not_kept", error=str(error))
        except Exception:  # noqa: BLE001 - whatever an SDK raises, the next probe begins anew
            _log.exception("probe.broken")
            self.close()
        finally:
            connections.close_all()

    def probe(self, target: Target, *, read_clock: Callable[[], datetime]) -> float | None:
        """Measure once, keep the result and tell the nodes; None when nothing arrived."""
        seconds, trouble = None, ""
        try:
            seconds = self._measure(target, read_clock)
        except (Failed, Refused) as failure:
            trouble = str(failure)
            _log.warning("probe.failed", trouble=trouble)
            self.close()
        now = read_clock()
        keep_result(target.environment, at=now, seconds=seconds, trouble=trouble)
        forget_turns(target.environment, now=now)
        with suppress(OSError):
            write_figures(live_store(), _build_figures(now, arrived=seconds is not None))
        return seconds

    def close(self) -> None:
        """End the client; the next probe begins with a new one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _measure(self, target: Target, read_clock: Callable[[], datetime]) -> float:
        client = self._connect(target, read_clock)
        value = client.wait(VALUES, seconds=self.patience_seconds)
        if not value:
            raise Failed(self._tell(target, "The client has nothing to decide with."))
        wanted = VALUES[1 - VALUES.index(value)]
        at = read_clock()
        receipt = turn_canary(target.environment, wanted, now=at)
        committed = time.monotonic()
        if not receipt.changed:
            raise Failed(self._tell(target, "The client has an older value."))
        if client.wait((wanted,), seconds=self.patience_seconds):
            return time.monotonic() - committed
        told = f"Not seen within {self.patience_seconds:g} s."
        number = receipt.change_seqs[target.environment]
        told = self._tell(target, told, change_seq=number, committed_at=at)
        raise Failed(f"{told} The client has it now." if client.read() == wanted else told)

    def _connect(self, target: Target, read_clock: Callable[[], datetime]) -> CanaryClient:
        """Return the client of the probe before, or a new one."""
        if self._target != target:
            self.close()
        if self._client is None:
            self._token = prepare_canary(target.environment, now=read_clock())
            self._client = CanaryClient(
                target.url, token=self._token, environment=target.environment
            )
            self._target = target
        return self._client

    def _tell(
        self,
        target: Target,
        seen: str,
        *,
        change_seq: int = 0,
        committed_at: datetime | None = None,
    ) -> str:
        found = diagnose(
            target.environment,
            change_seq=change_seq,
            committed_at=committed_at,
            url=target.url,
            token=self._token,
        )
        return f"{seen} {found}"


def _build_figures(now: datetime, *, arrived: bool) -> Figures:
    found = sum_up(list_measured(now - FIGURES_OF))
    named = {"last": found.last, "p50": found.p50, "p99": found.p99}
    seconds = {name: value for name, value in named.items() if value is not None}
    return Figures(arrived=arrived, seconds=seconds)
