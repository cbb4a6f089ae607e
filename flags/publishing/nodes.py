"""What each serving node says that it serves, for people who ask "is it live?".

Ages are told by the clock of Redis alone, so that no node's clock has to be right. No
Django here, since an edge writes its receipt too.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec
from msgspec import Struct

from flags.publishing.redis_store import PREFIX, RedisStore, unavailable_as_oserror
from flags.publishing.store import Head, PartKey

STALE_SECONDS = 5.0
FORGET_SECONDS = 3600.0

_WRITE = """
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], time[1] .. ' ' .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
_LIST = """
local now = tonumber(redis.call('TIME')[1])
local rows = redis.call('HGETALL', KEYS[1])
local found = {}
for i = 1, #rows, 2 do
  local at, text = string.match(rows[i + 1], '^(%d+) (.*)$')
  local age = now - (tonumber(at) or 0)
  if age > tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], rows[i])
  else
    found[#found + 1] = tostring(age)
    found[#found + 1] = text
  end
end
return found
"""


class Receipt(Struct, frozen=True):
    """What a node serves of one environment: `parts` maps `app/part` to (epoch, revision)."""

    node: str
    environment: str
    parts: dict[str, tuple[int, int]] = {}
    age_seconds: float = 0.0

    def has(self, key: PartKey, *, epoch: int, revision: int) -> bool:
        """Tell whether the node serves this part at least as new as asked."""
        return self.parts.get(part_name(key), (0, 0)) >= (epoch, revision)


_decode = msgspec.json.Decoder(Receipt).decode


def part_name(key: PartKey) -> str:
    """Return the name of a part within its environment, such as `superapp/content`."""
    return f"{key.app}/{key.part}"


def make_receipt(node: str, environment: str, heads: dict[PartKey, Head]) -> Receipt:
    """Build a node's receipt for one environment from the heads that it serves."""
    return Receipt(
        node=node,
        environment=environment,
        parts={
            part_name(key): (head.epoch, head.revision)
            for key, head in sorted(heads.items())
            if key.environment == environment
        },
    )


def write_receipt(store: RedisStore, receipt: Receipt) -> None:
    """Say what this node serves; to be said again every second, or it counts as gone."""
    with unavailable_as_oserror():
        store.client.eval(
            _WRITE,
            1,
            _name(receipt.environment),
            receipt.node,
            msgspec.json.encode(receipt).decode(),
            str(int(FORGET_SECONDS)),
        )


def list_receipts(store: RedisStore, environment: str) -> list[Receipt]:
    """Return the receipts of nodes that have spoken within `STALE_SECONDS`, by node.

    What cannot be read is passed over: a node of another version may have written it.
    """
    with unavailable_as_oserror():
        rows = store.client.eval(_LIST, 1, _name(environment), str(int(FORGET_SECONDS)))
    fresh = []
    for age, text in zip(rows[::2], rows[1::2], strict=True):
        if float(age) <= STALE_SECONDS:
            with suppress(ValueError):  # also what msgspec raises
                fresh.append(msgspec.structs.replace(_decode(text), age_seconds=float(age)))
    return sorted(fresh, key=lambda receipt: receipt.node)


def _name(environment: str) -> str:
    return f"{PREFIX}:nodes:{environment}"
