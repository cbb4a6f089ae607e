"""When tokens were last used, as nodes tell it: on its way through Redis to the rows.

Minutes are told by the clock of Redis alone. Digests are shortened: enough to tell tokens
apart, too little to stand for one. No Django here, since edges tell too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flags.publishing.redis_store import PREFIX, RedisStore, unavailable_as_oserror

KEY = f"{PREFIX}:token-uses"
SHORT_DIGEST_CHARACTERS = 16
# Rows are brought up to date every minute; a day without that and the rest is let go.
FORGET_SECONDS = 86_400
MINUTE_SECONDS = 60

_WRITE = """
local now = tonumber(redis.call('TIME')[1])
local minute = now - now % tonumber(ARGV[1])
for i = 3, #ARGV do
  redis.call('HSET', KEYS[1], ARGV[i], minute)
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


def shorten(digest: str) -> str:
    """Return as much of a digest as tells tokens apart."""
    return digest[:SHORT_DIGEST_CHARACTERS]


def write_uses(store: RedisStore, uses: Iterable[tuple[str, str]]) -> None:
    """Tell that these tokens, as (environment, digest), are in use this minute."""
    fields = [f"{environment}/{shorten(digest)}" for environment, digest in uses]
    if fields:
        limits = (str(MINUTE_SECONDS), str(FORGET_SECONDS))
        with unavailable_as_oserror():
            store.client.eval(_WRITE, 1, KEY, *limits, *fields)


def list_uses(store: RedisStore) -> dict[tuple[str, str], datetime]:
    """Return the last minute of use by environment and shortened digest."""
    with unavailable_as_oserror():
        rows = store.client.hgetall(KEY)
    found = {}
    for name, seconds in rows.items():
        told = name.decode() if isinstance(name, bytes) else name
        environment, _, short = told.partition("/")
        found[environment, short] = datetime.fromtimestamp(int(seconds), UTC)
    return found
