"""Publish until nothing waits, with few compiles when changes come in a burst."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from flags.publishing.access import publish_access
from flags.publishing.collector import without_collector
from flags.publishing.kills import publish_kills
from flags.publishing.lock import publisher_lock
from flags.publishing.outbox import Due, list_due
from flags.publishing.publish import Published, publish_alone

_log = structlog.get_logger(__name__)

# A single change is published at once. When more come while it is on its way or just after,
# the next publish waits until the outbox was quiet for a moment, but never long.
QUIET_SECONDS = 0.15
PATIENCE_SECONDS = 0.6
# Changes further apart than the quiet that is waited for would not come together anyway; what
# comes while a publisher rests is such a burst already.
BURST_SECONDS = 0.1
# On a small machine the nodes that are to serve a change share the processor with the publisher.
REST_SECONDS = 0.1
LOOK_SECONDS = 0.03
# A publisher that was given other work for this long lets go, so that others get their turn.
MOST_ROUNDS = 20

# When this process last published an environment, by the monotonic clock.
_published_at: dict[str, float] = {}


def drain(
    environment_key: str, *, read_clock: Callable[[], datetime], wait_seconds: float = 10.0
) -> list[Published]:
    """Publish everything that waits in the outbox of an environment.

    Kill switches and tokens go first and wait for no lock. Raises what `publish` raises.
    """
    parts = {due.part for due in list_due(now=read_clock(), environment_key=environment_key)}
    if parts:
        _log.info("outbox.draining", environment=environment_key, parts=sorted(parts))
    if "kills" in parts:
        publish_kills(environment_key, now=read_clock())
    if "access" in parts:
        publish_access(environment_key, now=read_clock())
    if "content" not in parts:
        return []
    with publisher_lock(environment_key, wait_seconds=wait_seconds), without_collector():
        return _drain_content(environment_key, read_clock)


def _drain_content(environment_key: str, read_clock: Callable[[], datetime]) -> list[Published]:
    done: list[Published] = []
    for attempt in range(MOST_ROUNDS):
        due = _find_content(environment_key, read_clock())
        if due is None:
            break
        if attempt or due.newest_seq > due.oldest_seq or _is_burst(environment_key):
            _settle(due, lambda: _find_content(environment_key, read_clock()))
        published = publish_alone(environment_key, now=read_clock(), rest_seconds=REST_SECONDS)
        _published_at[environment_key] = time.monotonic()
        if published is not None:
            done.append(published)
    return done


def _is_burst(environment_key: str) -> bool:
    """Tell whether a change comes so soon after a publish that more will."""
    last = _published_at.get(environment_key)
    return last is not None and time.monotonic() - last < BURST_SECONDS


def _settle(due: Due | None, look: Callable[[], Due | None]) -> None:
    """Wait until nothing new came for a moment, or patience ends."""
    start = quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        if time.monotonic() - start > PATIENCE_SECONDS:
            return
        time.sleep(LOOK_SECONDS)
        seen = look()
        if seen != due:
            due, quiet_since = seen, time.monotonic()


def _find_content(environment_key: str, now: datetime) -> Due | None:
    found = list_due(now=now, environment_key=environment_key)
    return next((due for due in found if due.part == "content"), None)
