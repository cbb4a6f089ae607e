"""The probe's figures on their way through Redis to the metrics of every node.

Ages are told by the clock of Redis alone. No Django here, since nodes read them too.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from flags.publishing.redis_store import PREFIX, RedisStore, unavailable_as_oserror

KEY = f"{PREFIX}:probe"
SWEPT_KEY = f"{PREFIX}:swept"
# A week without a probe, and its figures are history.
FORGET_SECONDS = 604_800

_WRITE = """
redis.call('HSET', KEYS[1], 'at', redis.call('TIME')[1], 'figures', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'probes', 1)
redis.call('HINCRBY', KEYS[1], 'failures', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
_READ = """
local found = redis.call('HMGET', KEYS[1], 'at', 'figures', 'probes', 'failures')
if not found[1] then return {} end
return {tostring(redis.call('TIME')[1] - found[1]), found[2], found[3], found[4]}
"""
_SWEEP = "return redis.call('SET', KEYS[1], redis.call('TIME')[1], 'EX', ARGV[1])"
_SWEPT = """
local at = redis.call('GET', KEYS[1])
if not at then return -1 end
return redis.call('TIME')[1] - at
"""


class Figures(Struct, frozen=True):
    """What the newest probe said, and those of its last hour, in seconds by name.

    `probes` and `failures` count since Redis began; `age_seconds` is that of the newest.
    """

    arrived: bool
    seconds: Mapping[str, float]
    probes: int = 0
    failures: int = 0
    age_seconds: float = 0.0


_decode = msgspec.json.Decoder(Figures).decode


def write_figures(store: RedisStore, figures: Figures) -> None:
    """Say what the newest probe found, and count it."""
    body = msgspec.json.encode(figures).decode()
    failed = "0" if figures.arrived else "1"
    with unavailable_as_oserror():
        store.client.eval(_WRITE, 1, KEY, body, failed, str(FORGET_SECONDS))


def read_figures(store: RedisStore) -> Figures | None:
    """Return what the newest probe found, None where there has been none that can be read.

    A worker of another version may have written it.
    """
    with unavailable_as_oserror():
        found = store.client.eval(_READ, 1, KEY)
    if not found:
        return None
    try:
        age, body, probes, failures = found
        return msgspec.structs.replace(
            _decode(body), age_seconds=float(age), probes=int(probes), failures=int(failures)
        )
    except (ValueError, TypeError):  # also what msgspec raises
        return None


def note_sweep(store: RedisStore) -> None:
    """Say that a worker has just looked for what there is to publish, as beat told it to."""
    with unavailable_as_oserror():
        store.client.eval(_SWEEP, 1, SWEPT_KEY, str(FORGET_SECONDS))


def read_sweep_age(store: RedisStore) -> float | None:
    """Return how many seconds ago a worker looked last, None when none ever did."""
    with unavailable_as_oserror():
        age = int(store.client.eval(_SWEPT, 1, SWEPT_KEY))
    return float(age) if age >= 0 else None
