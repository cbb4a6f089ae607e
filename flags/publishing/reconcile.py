"""See that changes get published even when Celery, its worker or Redis is gone.

The loop runs in every web process and only watches. It never compiles there, since one
busy thread would slow the serving loop a hundredfold: a child process publishes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import datetime
from itertools import count

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from flags.publishing.deliver import put_lacking
from flags.publishing.lock import is_publisher_busy
from flags.publishing.outbox import list_due

TICK_SECONDS = 0.5
PATIENCE_SECONDS = 0.5
PUT_EVERY_TICKS = 4
CHILD_SECONDS = 120.0
# Without the admin a child is ready in two thirds of the time.
CHILD_SETTINGS = "config.lean"

_log = structlog.get_logger(__name__)


class Watch:
    """What one loop remembers: how long each waiting change has been seen waiting.

    Ages are measured here and not read from the rows, so that no clock has to be right.
    """

    def __init__(self) -> None:
        self._seen_since: dict[tuple[str, str, int], float] = {}

    def list_overdue(self, *, now: datetime, tick: float) -> list[str]:
        """Return the environments with a change that has waited longer than patience."""
        waiting = {(due.environment, due.part, due.oldest_seq) for due in list_due(now=now)}
        self._seen_since = {key: self._seen_since.get(key, tick) for key in waiting}
        return sorted(
            {
                environment
                for (environment, _part, _seq), since in self._seen_since.items()
                if tick - since >= PATIENCE_SECONDS
            }
        )


def run(stop: threading.Event) -> None:
    """Watch the outbox until `stop`; outlives any outage of the database and Redis."""
    watch = Watch()
    for tick in count():
        if stop.wait(TICK_SECONDS):
            return
        try:
            connection.close_if_unusable_or_obsolete()
            for environment_key in watch.list_overdue(now=timezone.now(), tick=time.monotonic()):
                if not is_publisher_busy(environment_key):
                    _publish_in_child(environment_key, stop)
            if tick % PUT_EVERY_TICKS == 0:
                put_lacking()
        except DatabaseError as error:
            _log.warning("reconcile.database_silent", error=str(error))
            connection.close()
        except OSError as error:
            _log.info("reconcile.waiting", error=str(error))
        except Exception:  # noqa: BLE001 - a web process without this loop would not be noticed
            _log.exception("reconcile.failed_to_look")


def _publish_in_child(environment_key: str, stop: threading.Event) -> None:
    """Run `manage.py publish` and wait for its end; one child per web process at most."""
    command = [
        sys.executable,
        str(settings.BASE_DIR / "manage.py"),
        "publish",
        "--environment",
        environment_key,
    ]
    _log.warning("reconcile.publishing", environment=environment_key)
    deadline = time.monotonic() + CHILD_SECONDS
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": CHILD_SETTINGS}
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as child:
        while child.poll() is None:
            if stop.wait(0.05) or time.monotonic() > deadline:
                child.kill()
                return
    if child.returncode:
        _log.error("reconcile.failed", environment=environment_key, status=child.returncode)
