"""Tell Celery that there is something to publish, without making anybody wait.

A commit only sets an event. One daemon thread per process sends the task by name on a
connection of its own with short time-outs; when Redis does not answer, the nudge is
dropped, since the beat sweep and the reconcile loop find the outbox row anyway.
"""

from __future__ import annotations

import threading

import structlog
from celery import current_app
from kombu.exceptions import KombuError, OperationalError

TASK_NAME = "flags.tasks.drain_outbox"

# Workers wait long for their next task, so these time-outs may not be theirs. Without
# `max_retries` kombu would try for ever to reach a Redis that stalls.
NUDGE_TRANSPORT = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "max_retries": 0}
# A nudge that nobody took in this time has been overtaken by the sweep.
NUDGE_SECONDS = 10

_log = structlog.get_logger(__name__)
_wanted = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None


def nudge() -> None:
    """Ask for a publish soon; returns at once, whatever the state of Redis."""
    global _thread  # noqa: PLW0603 - one thread per process, also after a fork
    _wanted.set()
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_send_for_ever, name="relay", daemon=True)
            _thread.start()


def send_nudge() -> bool:
    """Send the task once, and tell whether Redis took it within a few tenths of a second."""
    try:
        with current_app.connection_for_write(transport_options=NUDGE_TRANSPORT) as connection:
            current_app.send_task(
                TASK_NAME,
                connection=connection,
                retry=False,
                ignore_result=True,
                expires=NUDGE_SECONDS,
            )
    except (OperationalError, KombuError, OSError) as error:
        _log.warning("relay.nudge_dropped", error=str(error))
        return False
    return True


def _send_for_ever() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        send_nudge()
