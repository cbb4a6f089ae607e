"""Publish kill switches: at once, in the request, waiting for nobody.

Neither a compile nor a broken definition, neither Celery nor Redis stands between the
commit of a kill switch and its part.
"""

from __future__ import annotations

import time
from datetime import datetime

import structlog
from django.db import DatabaseError, transaction

from flags.publishing.deliver import deliver
from flags.publishing.parts import Draft, clear_outbox, lock_environment, save_changed
from flags.publishing.store import PartKey, StoredPart
from flags.queries.definitions import load_kills
from regions import canonical
from regions.governance.models import Environment
from regions.models import App

_log = structlog.get_logger(__name__)


def publish_kills(
    environment_key: str, app_key: str = "", *, now: datetime, rest_seconds: float = 0.0
) -> tuple[StoredPart, ...]:
    """Publish the kill switches of an environment, and return the parts that are new.

    `app_key` names the app that changed, for the log: all apps are looked at, since an
    outbox row does not tell its app. The change is committed already, so a database that
    fails now is logged; the outbox row is still there and the sweep publishes it.

    Once it is on its way it rests: whoever draws a page here next would share the processor
    with the node that is to serve it.
    """
    try:
        with transaction.atomic():
            parts = _save(environment_key, now=now)
    except DatabaseError as error:
        _log.error("kills.postponed", app=app_key, error=str(error))
        return ()
    delivered = deliver(parts)
    for part in parts:
        _log.info(
            "snapshot.published",
            environment=environment_key,
            app=part.key.app,
            part="kills",
            revision=part.head.revision,
        )
    if parts and delivered:
        time.sleep(rest_seconds)
    return parts


def draft_kills(environment: Environment) -> list[Draft]:
    """Build the kills part of every app, from the rows as they are under the lock."""
    return [
        Draft(
            key=PartKey(environment=environment.key, app=key, part="kills"),
            app_id=pk,
            change_seq=environment.change_seq,
            body=canonical.encode(load_kills(key, environment.key)),
        )
        for pk, key in App.objects.order_by("key").values_list("pk", "key")
    ]


def _save(environment_key: str, *, now: datetime) -> tuple[StoredPart, ...]:
    environment = lock_environment(environment_key)
    parts = save_changed(environment, draft_kills(environment), now=now)
    clear_outbox(environment, kills=environment.change_seq)
    return parts
