"""Published parts in Redis, and the channel on which new ones are announced.

Every call has a deadline and is never repeated by itself, so that a stalled Redis costs
its caller one time-out (redis-py's defaults wait for tens of seconds). Errors surface as
StoreUnavailable, an OSError. No Django here, since an edge imports it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import cast

import msgspec
import redis
import structlog

from flags.publishing.store import (
    Head,
    Hint,
    PartKey,
    StoredPart,
    StoreUnavailable,
    check_blob,
    check_part,
)
from regions import canonical

PREFIX = "landfall"
CHANNEL = f"{PREFIX}:hints"
TIMEOUT_SECONDS = 0.5
LISTEN_SECONDS = 0.25
RECONNECT_SECONDS = 0.25

# Compare and set in one step. The index is added to even when the part is refused, so that
# an index lost by eviction heals at the next put. What is no part gives way to one.
_PUT = """
redis.call('SADD', KEYS[2], ARGV[1])
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
local kept = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'digest', 'body')
local function whole(text)
  return text and #text < 19 and string.match(text, '^%d+$') and tonumber(text)
end
local epoch, revision = whole(kept[1]), whole(kept[2])
local readable = kept[3] and #kept[3] == 64 and string.match(kept[3], '^%x+$') and kept[4]
if epoch and revision and readable then
  local new_epoch, new_revision = tonumber(ARGV[2]), tonumber(ARGV[3])
  if new_epoch < epoch or (new_epoch == epoch and new_revision <= revision) then return 0 end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'revision', ARGV[3], 'digest', ARGV[4],
  'body', ARGV[5])
if ARGV[6] then redis.call('PUBLISH', ARGV[7], ARGV[6]) end
return 1
"""

_NUMBER = re.compile(rb"[0-9]{1,18}")
_DIGEST = re.compile(rb"[0-9a-f]{64}")

_log = structlog.get_logger(__name__)
_decode_hint = msgspec.json.Decoder(Hint).decode


class RedisStore:
    """Parts and text bundles in one Redis; `url` is `redis://`, `rediss://` or `unix://`.

    A body never leaves Redis for `heads`, and a part whose key was evicted is simply
    absent, so that whoever compares heads puts it again.
    """

    name = "redis"

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=None,
        )
        self._put = self.client.register_script(_PUT)

    def heads(self) -> dict[PartKey, Head]:
        """Return how new each part is, in two round trips."""
        with unavailable_as_oserror():
            names = sorted(self.client.smembers(_index()))
            keys = [key for key in map(_parse_key, names) if key is not None]
            pipe = self.client.pipeline(transaction=False)
            for key in keys:
                pipe.hmget(_part_name(key), ["epoch", "revision", "digest"])
            rows = pipe.execute(raise_on_error=False) if keys else []
        found = {key: _head(row) for key, row in zip(keys, rows, strict=True)}
        return {key: head for key, head in found.items() if head is not None}

    def get(self, key: PartKey) -> StoredPart | None:
        """Return the newest part, or None."""
        with unavailable_as_oserror():
            row = self.client.hmget(_part_name(key), ["epoch", "revision", "digest", "body"])
        head = _head(row)
        if head is None or row[3] is None:
            return None
        return check_part(StoredPart(key=key, head=head, body=cast("bytes", row[3])))

    def get_blob(self, sha256: str) -> bytes | None:
        """Return a text bundle, or None."""
        with unavailable_as_oserror():
            body = self.client.get(_blob_name(sha256))
        return None if body is None else check_blob(sha256, cast("bytes", body))

    def put(self, part: StoredPart) -> bool:
        """Keep the part unless one at least as new is there; tell whether it was kept."""
        return self._put_part(part)

    def put_and_announce(self, part: StoredPart) -> bool:
        """Put a part and, when it was kept, announce it: one round trip.

        Who does not listen finds it by polling.
        """
        hint = canonical.encode(Hint(key=part.key, head=part.head))
        return self._put_part(part, hint, CHANNEL)

    def _put_part(self, part: StoredPart, *announced: bytes | str) -> bool:
        check_part(part)
        head = part.head
        with unavailable_as_oserror():
            kept = self._put(
                keys=[_part_name(part.key), _index()],
                args=[
                    *(_key_text(part.key), head.epoch, head.revision, head.digest, part.body),
                    *announced,
                ],
            )
        return bool(kept)

    def put_blob(self, sha256: str, body: bytes) -> None:
        """Keep an immutable text bundle."""
        check_blob(sha256, body)
        with unavailable_as_oserror():
            self.client.set(_blob_name(sha256), body)

    def put_blobs(self, blobs: Mapping[str, bytes]) -> None:
        """Keep the text bundles that are not there yet; one round trip when all are."""
        names = sorted(blobs)
        with unavailable_as_oserror():
            pipe = self.client.pipeline(transaction=False)
            for sha256 in names:
                pipe.exists(_blob_name(sha256))
            there = pipe.execute() if names else []
        for sha256, is_there in zip(names, there, strict=True):
            if not is_there:
                self.put_blob(sha256, blobs[sha256])

    def discard(self, key: PartKey) -> None:
        """Take a part away that is not what it says, so that a good one can be put."""
        with unavailable_as_oserror():
            self.client.delete(_part_name(key))

    def listen(
        self,
        on_hint: Callable[[Hint], None],
        stop: threading.Event,
        *,
        on_connected: Callable[[], None] | None = None,
    ) -> threading.Thread:
        """Start a daemon thread that calls `on_hint` for every announcement until `stop`.

        It outlives Redis: after an outage it subscribes again and calls `on_connected`,
        since announcements made in between are lost. Both are called in that thread.
        """
        thread = threading.Thread(
            target=self._listen, args=(on_hint, stop, on_connected), name="hints", daemon=True
        )
        thread.start()
        return thread

    def _listen(
        self,
        on_hint: Callable[[Hint], None],
        stop: threading.Event,
        on_connected: Callable[[], None] | None,
    ) -> None:
        told = False  # An outage is told once, not at each of its four attempts a second.

        def connected() -> None:
            nonlocal told
            told = False
            if on_connected is not None:
                on_connected()

        while not stop.is_set():
            try:
                with self.client.pubsub() as subscription:  # type: ignore[no-untyped-call]
                    subscription.subscribe(CHANNEL)
                    _follow(subscription, on_hint, stop, connected)
            except redis.RedisError as error:
                if not told:
                    _log.warning("hints.lost", error=str(error))
                told = True
                stop.wait(RECONNECT_SECONDS)


@contextmanager
def unavailable_as_oserror() -> Iterator[None]:
    """Turn what redis-py raises into StoreUnavailable."""
    try:
        yield
    except redis.RedisError as error:
        raise StoreUnavailable(f"Redis does not answer: {error}") from error


def _follow(
    subscription: redis.client.PubSub,
    on_hint: Callable[[Hint], None],
    stop: threading.Event,
    on_connected: Callable[[], None],
) -> None:
    while not stop.is_set():
        message = subscription.get_message(timeout=LISTEN_SECONDS)
        if message is None:
            continue
        if message["type"] == "subscribe":
            on_connected()
        if message["type"] == "message":
            with suppress(ValueError):  # no hint, or another version's: polling finds it
                on_hint(_decode_hint(message["data"]))


def _index() -> str:
    return f"{PREFIX}:parts"


def _part_name(key: PartKey) -> str:
    return f"{PREFIX}:part:{_key_text(key)}"


def _blob_name(sha256: str) -> str:
    return f"{PREFIX}:blob:{sha256}"


def _key_text(key: PartKey) -> str:
    return f"{key.environment}:{key.app}:{key.part}"


def _parse_key(name: object) -> PartKey | None:
    """Return the key, None for a name that somebody else put into the index."""
    try:
        environment, app, part = cast("bytes", name).decode().split(":")
    except ValueError:
        return None
    return PartKey(environment=environment, app=app, part=part)


def _head(row: object) -> Head | None:
    """Return how new a part is, None when it is not there or cannot be read."""
    if not isinstance(row, list) or None in row[:3]:
        return None
    epoch, revision, digest = cast("list[bytes]", row[:3])
    if not (_NUMBER.fullmatch(epoch) and _NUMBER.fullmatch(revision) and _DIGEST.fullmatch(digest)):
        return None
    return Head(epoch=int(epoch), revision=int(revision), digest=digest.decode())
