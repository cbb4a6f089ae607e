"""One publisher per environment at a time, in whichever process it runs.

The lock saves work; correctness does not rest on it but on the environment's row and its
`published_seq`. It is released when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

POLL_SECONDS = 0.02
# "LAND" in ASCII: the first half of the advisory locks that Landfall takes in PostgreSQL.
ADVISORY_SPACE = 0x4C414E44


class PublisherBusy(Exception):
    """Another publisher of this environment is at work."""

    def __init__(self, environment_key: str) -> None:
        super().__init__(f"Another publisher of “{environment_key}” is at work.")


@contextmanager
def publisher_lock(environment_key: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the environment's publisher lock, or raise PublisherBusy after `wait_seconds`.

    PostgreSQL: a session's advisory lock, so no pooler in transaction mode may stand
    between. SQLite: a lock on a file beside the database.
    """
    hold = _hold_advisory if connection.vendor == "postgresql" else _hold_file
    with hold(environment_key, wait_seconds):
        yield


def is_publisher_busy(environment_key: str) -> bool:
    """Tell whether somebody publishes this environment just now."""
    try:
        with publisher_lock(environment_key):
            return False
    except PublisherBusy:
        return True


@contextmanager
def _hold_file(environment_key: str, wait_seconds: float) -> Iterator[None]:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    path = settings.DATA_DIR / f"publisher-{environment_key}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(lambda: _try_flock(descriptor), environment_key, wait_seconds)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _hold_advisory(environment_key: str, wait_seconds: float) -> Iterator[None]:
    name = [ADVISORY_SPACE, zlib.crc32(environment_key.encode()) - 2**31]
    _wait_for(lambda: _ask("pg_try_advisory_lock", name), environment_key, wait_seconds)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            _ask("pg_advisory_unlock", name)


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ask(function: str, name: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", name)
        row = cursor.fetchone()
    return bool(row and row[0])


def _wait_for(attempt: Callable[[], bool], environment_key: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while not attempt():
        if time.monotonic() >= deadline:
            raise PublisherBusy(environment_key)
        time.sleep(POLL_SECONDS)
