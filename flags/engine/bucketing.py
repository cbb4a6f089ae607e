"""PURE: sticky chance. The vectors in the tests are Unleash's own and never move.

Every SDK in the field computes the same buckets; to change a seed or a separator here
moves people in and out of every rollout.
"""

from __future__ import annotations

import mmh3

from flags.engine.atoms import read_field
from flags.engine.context import Context

ROLLOUT_SEED = 0
# Another seed than the rollout's, so that a 10 % rollout is not always the same variant.
VARIANT_SEED = 86_028_157
ROLLOUT_SIZE = 100

# Unsigned murmur3 (x86, 32 bit) of bytes; given texts, mmh3 is slower and not safe.
digest = mmh3.mmh3_32_uintdigest


def bucket(group: str, identity: str, size: int, seed: int = ROLLOUT_SEED) -> int:
    """Return the bucket, 1 to `size` inclusive, of an identity in a group.

    Unleash's: unsigned murmur3 (x86, 32 bit) of `group:identity` in UTF-8. Raises
    UnicodeEncodeError for half a surrogate pair; `mmh3.hash` of such a text ends the process.
    """
    return digest(f"{group}:{identity}".encode(), seed) % size + 1


def find_identity(context: Context, stickiness: str) -> str | None:
    """Return the text that a person is recognised by, or None when chance decides.

    `default` means the user, else the session; `random` means nothing at all.
    """
    if stickiness == "default":
        return context.user_id or context.session_id
    if stickiness == "random":
        return None
    return read_field(context, stickiness)
