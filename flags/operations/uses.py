"""Keep when tokens were last used, from what the nodes tell.

These minutes go beside the one door: that a client asked is no decision of anybody's, and
the audit keeps decisions. Nothing is published of them, and no answer depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flags.models import ClientToken
from flags.publishing.uses import shorten


def keep_uses(uses: Mapping[tuple[str, str], datetime]) -> int:
    """Write newer minutes to their tokens, and return how many; one query when none is.

    `uses` are by environment and shortened digest. A clock that went back takes nothing back.
    """
    if not uses:
        return 0
    newer = []
    rows = ClientToken.objects.filter(revoked_at=None).select_related("environment")
    for row in rows.only("digest", "last_used_at", "environment__key"):
        at = uses.get((row.environment.key, shorten(row.digest)))
        if at is not None and (row.last_used_at is None or row.last_used_at < at):
            row.last_used_at = at
            newer.append(row)
    ClientToken.objects.bulk_update(newer, ["last_used_at"], batch_size=500)
    return len(newer)
