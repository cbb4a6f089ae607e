"""Publish tokens: a revoked one stops working within a second, whatever else is going on."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError, transaction

from flags.publishing.deliver import deliver
from flags.publishing.parts import Draft, clear_outbox, lock_environment, save_changed
from flags.publishing.store import PartKey, StoredPart
from flags.queries.definitions import load_access
from flags.queries.snapshots import EVERY_APP
from regions import canonical
from regions.governance.models import Environment

_log = structlog.get_logger(__name__)


def publish_access(environment_key: str, *, now: datetime) -> tuple[StoredPart, ...]:
    """Publish the tokens and apps of an environment, and return the part when it is new.

    The change is committed already, so a database that fails now is logged; the outbox row
    is still there and the sweep publishes it.
    """
    try:
        with transaction.atomic():
            environment = lock_environment(environment_key)
            parts = save_changed(environment, [draft_access(environment, now=now)], now=now)
            clear_outbox(environment, access=environment.change_seq)
    except DatabaseError as error:
        _log.error("access.postponed", environment=environment_key, error=str(error))
        return ()
    deliver(parts)
    for part in parts:
        _log.info(
            "snapshot.published",
            environment=environment_key,
            part="access",
            revision=part.head.revision,
        )
    return parts


def draft_access(environment: Environment, *, now: datetime) -> Draft:
    """Build the access part from the rows as they are under the lock."""
    return Draft(
        key=PartKey(environment=environment.key, app=EVERY_APP, part="access"),
        app_id=None,
        change_seq=environment.change_seq,
        body=canonical.encode(load_access(environment.key, now=now)),
    )
