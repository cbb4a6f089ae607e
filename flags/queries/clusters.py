"""Load cluster rollouts as the engine's values."""

from __future__ import annotations

from flags.engine import definitions as made
from flags.models import ClusterRollout
from flags.queries.rules import LIVE_FEATURE


def load_clusters(
    app_key: str, environment_key: str, *, using: str
) -> tuple[made.ClusterRollout, ...]:
    """Load the cluster rollouts of one scope, ordered by key; one query."""
    rows = (
        ClusterRollout.objects.using(using)
        .filter(LIVE_FEATURE, app__key=app_key, environment__key=environment_key)
        .select_related("feature")
        .order_by("key")
    )
    return tuple(
        made.ClusterRollout(
            rule=made.Rule(key=row.key, reason=row.reason, owner=row.owner, source=row.source),
            feature=row.feature.key,
            order=tuple(row.order),
            enabled=row.enabled,
            field=row.field,
            territory=row.territory_id or "",
        )
        for row in rows
    )
