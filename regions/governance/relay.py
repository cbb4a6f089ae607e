"""Tell Celery that there is something to publish, without making anybody wait.

A commit only sets an event. One daemon thread per process sends the task by name, with
short time-outs; when Redis does not answer, the nudge is dropped, since the beat sweep
and the reconcile loop find the outbox row anyway.
"""

from __future__ import annotations

import threading

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

TASK_NAME = "flags.tasks.drain_outbox"

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


def _send_for_ever() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            current_app.send_task(TASK_NAME, retry=False, ignore_result=True)
        except (OperationalError, OSError) as error:
            _log.warning("relay.nudge_dropped", error=str(error))
