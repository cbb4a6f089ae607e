"""The sole writer of audit rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from regions.governance.commands import Change, Moment
from regions.governance.models import AuditEntry, Environment
from regions.governance.policy import CANARY, PROBE


def record(
    changes: Iterable[Change],
    *,
    moment: Moment,
    command_name: str,
    app_key: str,
    environment: Environment | None,
    change_seq: int,
) -> None:
    """Record one row per change, in one statement."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=moment.now,
            actor_name=moment.actor_name,
            command=command_name,
            app_key=app_key,
            environment=environment,
            object_type=change.object_type,
            object_key=change.object_key,
            action=change.action,
            before=change.before,
            after=change.after,
            change_seq=change_seq,
        )
        for change in changes
    )


def forget_measurements(*, before: datetime) -> int:
    """Delete what the probe noted of the canary's own changes; return how many rows.

    Nobody decided them, and there is one a minute. What people and the system did is kept
    for ever, the making of the canary and of its token too.
    """
    rows = AuditEntry.objects.filter(
        actor_name=PROBE, app_key=CANARY, command="SetTargeting", at__lt=before
    )
    return rows.delete()[0]
