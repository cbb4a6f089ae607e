"""The sole writer of audit rows."""

from __future__ import annotations

from collections.abc import Iterable

from regions.governance.commands import Change, Moment
from regions.governance.models import AuditEntry, Environment


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
