"""Tell Celery that there is something to publish, without making anybody wait.

A commit only sets an event. One daemon thread per process sends the task by name on a
connection of its own with short time-outs; when Redis does not answer, the nudge is
dropped, since the beat sweep and the reconcile loop find the outbox row anyway.
"""

from __future__ import annotations

import threading
from typing import cast

import structlog
from celery import current_app
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

TASK_NAME = "flags.tasks.drain_outbox"

# Workers wait long for their next task, so these time-outs may not be theirs. Without
# `max_retries` kombu would try for ever to reach a Redis that stalls.
NUDGE_TRANSPORT = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "max_retries": 0}
# A nudge that nobody took in this time has been overtaken by the sweep.
NUDGE_SECONDS = 10

_log = structlog.get_logger(__name__)
_kept = threading.local()
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
    """Send the task once, and tell whether Redis took it within a few tenths of a second.

    Each thread keeps its connection, which is most of the work; one that broke meanwhile is
    made anew at once.
    """
    kept: Connection | None = getattr(_kept, "connection", None)
    if kept is not None and _send(kept) is None:
        return True
    error = _send(current_app.connection_for_write(transport_options=NUDGE_TRANSPORT))
    if error is not None:
        _log.warning("relay.nudge_dropped", error=str(error))
    return error is None


def _send(connection: Connection) -> Exception | None:
    """Send the task on a connection and keep it; return what went wrong, and drop it then."""
    _kept.connection = None
    lost = cast("tuple[type[Exception], ...]", connection.connection_errors)
    errors: tuple[type[Exception], ...] = (OperationalError, KombuError, OSError, *lost)
    try:
        current_app.send_task(
            TASK_NAME,
            connection=connection,
            retry=False,
            ignore_result=True,
            expires=NUDGE_SECONDS,
        )
    except errors as error:
        connection.collect()
        return error
    _kept.connection = connection
    _log.info("relay.nudged")
    return None


def _send_for_ever() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        send_nudge()
