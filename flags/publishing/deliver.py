"""Bring saved parts to Redis, where nodes read them, and tell that they are there.

What is saved in the database is published; Redis is only the fast way to it. So nothing
here fails a publish: what Redis did not take is put again by `put_lacking`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import structlog
from django.conf import settings

from flags.publishing.redis_store import RedisStore
from flags.publishing.snapshot import named_blobs
from flags.publishing.store import DamagedPart, PartKey, StoredPart
from flags.queries.snapshots import find_blob, find_part, load_heads

_log = structlog.get_logger(__name__)


def live_store() -> RedisStore:
    """Return this process's store in the Redis of the settings."""
    return _open_store(settings.REDIS_URL)


def deliver(parts: Iterable[StoredPart], *, blobs: Mapping[str, bytes] | None = None) -> bool:
    """Put parts and the text bundles that they name, then announce them.

    Returns False, and logs, when Redis does not answer; what is left is put by the sweep.
    """
    store = live_store()
    try:
        store.put_blobs(blobs or {})
        for part in parts:
            store.put_and_announce(part)
            _log.info("part.delivered", part=str(part.key), revision=part.head.revision)
    except OSError as error:
        _log.warning("snapshot.not_delivered", error=str(error))
        return False
    return True


def put_lacking() -> int:
    """Put again whatever Redis lacks or has older, and return how many parts that were.

    Four queries and two round trips when nothing is lacking. Raises OSError when Redis
    does not answer.
    """
    store = live_store()
    kept = store.heads()
    lacking: list[PartKey] = []
    for key, head in sorted(load_heads().items()):
        there = kept.get(key)
        if head.is_newer_than(there) or (head != there and _discard_damaged(store, key)):
            lacking.append(key)
    for key in lacking:
        try:
            part = find_part(key)
        except DamagedPart as error:
            _log.error("snapshot.damaged_in_database", part=str(key), error=str(error))
            continue
        if part is not None and deliver([part], blobs=_find_blobs(named_blobs(part))):
            _log.info("snapshot.put_again", part=str(key), revision=part.head.revision)
    return len(lacking)


def _discard_damaged(store: RedisStore, key: PartKey) -> bool:
    """Discard a part that is not the one saved and does not match its digest either.

    However new it says it is, it would stand in the way of every later one. A whole part
    that is newer stays: revisions never go back, and a restored database is told in the log.
    """
    try:
        store.get(key)
    except DamagedPart as error:
        _log.error("snapshot.damaged_in_redis", part=str(key), error=str(error))
        store.discard(key)
        return True
    _log.error("snapshot.redis_is_ahead", part=str(key))
    return False


def _find_blobs(names: Iterable[str]) -> dict[str, bytes]:
    found = {sha256: find_blob(sha256) for sha256 in sorted(names)}
    return {sha256: body for sha256, body in found.items() if body is not None}


@lru_cache(maxsize=4)
def _open_store(url: str) -> RedisStore:
    return RedisStore(url)
