"""What people were shown, as nodes count it: on its way through Redis to the hourly rows.

Nodes add parcels of counts to one hash per environment; a worker takes the hash away under a
name of its own, writes its rows, and only then forgets it. Each step may be repeated and
counts once: a parcel has a name that Redis remembers, a batch one that the rows remember.
Hours are told by the clock of Redis alone. No Django here, since edges count too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple, cast

from msgspec import Struct

from flags.publishing.redis_store import PREFIX, RedisStore, unavailable_as_oserror

# What is more than the bounds allow, and what is no name of the scope.
OTHER = "(other)"
UNKNOWN = "(unknown)"
# What Unleash's SDKs call the variant of a flag without one.
NO_VARIANT = "disabled"
BATCHES = f"{PREFIX}:exposure-batches"
# Different lines that wait for the worker, per environment.
LINES_MAX = 100_000
# Rows are brought up to date every minute; a day without that and the rest is let go.
FORGET_SECONDS = 86_400
SEPARATOR = "\x1f"

_ADD = """
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[2]) then return 0 end
local now = tonumber(redis.call('TIME')[1])
local hour = string.format('%d', now - now % 3600)
local size = redis.call('HLEN', KEYS[1])
local other = string.rep('\\31(other)', 5)
for i = 3, #ARGV, 2 do
  local field = hour .. '\\31' .. ARGV[i]
  if redis.call('HEXISTS', KEYS[1], field) == 0 then
    if size >= tonumber(ARGV[1]) then
      field = hour .. '\\31' .. string.match(ARGV[i], '^[^\\31]*') .. other
        .. string.match(ARGV[i], '\\31[^\\31]*$')
    else
      size = size + 1
    end
  end
  redis.call('HINCRBY', KEYS[1], field, ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
_TAKE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('SADD', KEYS[3], KEYS[2])
return 1
"""


class Seen(NamedTuple):
    """What is counted together, within an environment; no person is in it."""

    app: str
    feature: str
    variant: str
    territory: str
    reason: str
    platform: str
    source: str


def merge(seen: Seen) -> Seen:
    """Return the line of all that is beyond a bound, of one app and source."""
    return Seen(seen.app, OTHER, OTHER, OTHER, OTHER, OTHER, seen.source)


class Parcel(Struct, frozen=True):
    """Counts of one node and environment; its name is never given twice."""

    name: str
    environment: str
    counts: dict[Seen, int]


class Batch(Struct, frozen=True):
    """What was taken away to be written to rows: counts by hour and line.

    `unreadable` are lines of another version.
    """

    name: str
    environment: str
    counts: dict[tuple[datetime, Seen], int]
    unreadable: int = 0


def add_parcel(store: RedisStore, parcel: Parcel, *, lines_max: int = LINES_MAX) -> bool:
    """Add a parcel, once; tell whether it was not there yet. New lines beyond the bound join."""
    told: list[str] = []
    for seen, count in parcel.counts.items():
        told += (SEPARATOR.join(seen), str(count))
    keys = (_waiting(parcel.environment), f"{PREFIX}:exposure-parcel:{parcel.name}")
    with unavailable_as_oserror():
        limits = (str(lines_max), str(FORGET_SECONDS))
        return bool(store.client.eval(_ADD, 2, *keys, *limits, *told))


def take_batch(store: RedisStore, environment: str, name: str) -> bool:
    """Take what waits of an environment under a new name; nodes begin another hash."""
    with unavailable_as_oserror():
        batch = f"{PREFIX}:exposure-batch:{environment}:{name}"
        return bool(store.client.eval(_TAKE, 3, _waiting(environment), batch, BATCHES))


def list_batches(store: RedisStore) -> list[str]:
    """Return the names of all that was taken and not forgotten, also by a worker that died."""
    with unavailable_as_oserror():
        names = cast("set[bytes]", store.client.smembers(BATCHES))
    return sorted(name.decode() for name in names)


def read_batch(store: RedisStore, name: str) -> Batch:
    """Return what was taken; empty when Redis has let it go."""
    with unavailable_as_oserror():
        lines = cast("dict[bytes, bytes]", store.client.hgetall(name))
    counts: dict[tuple[datetime, Seen], int] = {}
    unreadable = 0
    for field, count in lines.items():
        try:
            hour, *words = field.decode().split(SEPARATOR)
            at = datetime.fromtimestamp(int(hour), UTC)
            counts[at, Seen(*words)] = int(count)
        except (ValueError, TypeError, OverflowError):
            unreadable += 1
    return Batch(name, name.split(":")[2], counts, unreadable)


def forget_batch(store: RedisStore, name: str) -> None:
    """Let a batch go whose rows are written."""
    with unavailable_as_oserror():
        pipe = store.client.pipeline(transaction=True)
        pipe.delete(name)
        pipe.srem(BATCHES, name)
        pipe.execute()


def _waiting(environment: str) -> str:
    return f"{PREFIX}:exposure:{environment}"
