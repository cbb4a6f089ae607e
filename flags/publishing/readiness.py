"""Have a publisher ready before anybody waits, and see that it has read rightly."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import DatabaseError

from flags.publishing.collector import settle_memory
from flags.publishing.lock import PublisherBusy, publisher_lock
from flags.publishing.prove import UnableToPublish
from flags.publishing.publish import find_drift, publish_alone, rehearse
from regions.governance.models import Environment

CHECK_EVERY_SECONDS = 600.0

_log = structlog.get_logger(__name__)
# When each environment was last read as a whole to be compared, by the monotonic clock.
_checked_at: dict[str, float] = {}


def warm_up(*, read_clock: Callable[[], datetime]) -> None:
    """Read, compile and prove every environment once, as a first publish would have to."""
    try:
        for key in Environment.objects.values_list("key", flat=True):
            try:
                with publisher_lock(key):
                    rehearse(key, now=read_clock())
            except (PublisherBusy, UnableToPublish) as error:
                _log.info("publisher.not_warm", environment=key, why=str(error))
    except DatabaseError as error:
        _log.info("publisher.not_warm", why=str(error))
    settle_memory()


def check_readings(*, read_clock: Callable[[], datetime]) -> None:
    """Every ten minutes read in full what was read piece by piece; publish again if it differs.

    A difference would be a mistake of ours. For environments in which nothing waits, one at a
    time: a change that comes meanwhile has to wait.
    """
    for key in Environment.objects.values_list("key", flat=True):
        now = time.monotonic()
        if now - _checked_at.setdefault(key, now) < CHECK_EVERY_SECONDS:
            continue
        _checked_at[key] = now
        try:
            with publisher_lock(key):
                if find_drift(key):
                    _log.error("publisher.read_wrongly", environment=key)
                    publish_alone(key, now=read_clock(), again=True)
        except (PublisherBusy, UnableToPublish) as error:
            _log.info("publisher.not_checked", environment=key, why=str(error))
        return
