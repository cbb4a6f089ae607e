"""The one door: every change of Landfall's rows goes through `execute`.

Permission, transaction, the environment's lock, audit and outbox are written here once.
What a command means for the rows stands in the operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import F, Model

from regions.governance import audit, policy, relay
from regions.governance.characters import check_characters
from regions.governance.commands import (
    Change,
    Command,
    Moment,
    Refused,
    Registration,
    get_registration,
)
from regions.governance.models import Environment, Outbox
from regions.governance.newness import only_new

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_log = structlog.get_logger(__name__)


class PermissionRefused(Exception):
    """The actor may not give this command; nothing was stored."""

    def __init__(self, actor_name: str, command_name: str, permission: str) -> None:
        super().__init__(
            f"{actor_name} may not do {command_name}: it needs the permission “{permission}”."
        )
        self.permission = permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of a command.

    `change_seqs` maps the key of each environment touched to the number of this change in
    it; a publish whose `published_seq` has reached that number carries the change. It is
    empty when everything already was as the command wants it.
    """

    changes: tuple[Change, ...]
    change_seqs: dict[str, int]

    @property
    def changed(self) -> bool:
        """Tell whether any row changed."""
        return bool(self.changes)


def execute(
    command: Command,
    *,
    actor: User | None,
    now: datetime,
    adding: type[Model] | None = None,
    system_name: str = "system",
) -> Receipt:
    """Carry out a command in one transaction: rows, audit and outbox, or nothing.

    `actor` None is the system itself (first set-up, scheduled work), in the audit under
    `system_name`. Raises
    PermissionRefused, or Refused from the operation; either leaves everything as it was.
    With `adding`, a command that would change a row of that model raises AlreadyThere.
    """
    registration = get_registration(type(command))
    moment = Moment(
        actor_name=actor.get_username() if actor else system_name,
        now=now,
        by_system=actor is None,
    )
    _check_permission(registration, actor, moment)
    check_characters(command)
    with transaction.atomic():
        environments = _lock_environments(registration.environment(command))
        with only_new(adding):
            changes = tuple(registration.apply(command, moment))
        change_seqs = _count(changes, command, registration, moment, environments)
        if changes:
            transaction.on_commit(relay.nudge)
    _log.info(
        "command.executed",
        command=registration.command.__name__,
        actor=moment.actor_name,
        changes=len(changes),
        change_seqs=change_seqs,
    )
    if changes and registration.after_commit is not None:
        # At once, or when the caller's own transaction commits: never about undone rows.
        transaction.on_commit(partial(registration.after_commit, command, moment))
    return Receipt(changes=changes, change_seqs=change_seqs)


def is_allowed(command_type: type[Command], actor: User) -> bool:
    """Tell whether the actor may give this kind of command, to draw a form or not."""
    registration = get_registration(command_type)
    return _has_permission(registration.permission, actor)


def _has_permission(permission: str, actor: User) -> bool:
    groups = set(actor.groups.values_list("name", flat=True))
    return actor.is_active and policy.is_granted(permission, groups, superuser=actor.is_superuser)


def _check_permission(
    registration: Registration[Command], actor: User | None, moment: Moment
) -> None:
    if actor is None or _has_permission(registration.permission, actor):
        return
    _log.warning(
        "command.refused",
        command=registration.command.__name__,
        actor=moment.actor_name,
        permission=registration.permission,
    )
    raise PermissionRefused(
        moment.actor_name, registration.command.__name__, registration.permission
    )


def _lock_environments(key: str | None) -> list[Environment]:
    """Lock the environment of the key, or all in key order; the order avoids deadlocks."""
    rows = Environment.objects.select_for_update().order_by("key")
    environments = list(rows if key is None else rows.filter(key=key))
    if key is not None and not environments:
        raise Refused(
            f"There is no environment “{key}”.", code="unknown_environment", field="environment"
        )
    return environments


def _count(
    changes: tuple[Change, ...],
    command: Command,
    registration: Registration[Command],
    moment: Moment,
    environments: list[Environment],
) -> dict[str, int]:
    """Raise each environment's counter and write the audit and outbox rows of the change."""
    if not changes:
        return {}
    for environment in environments:
        environment.change_seq += 1
    Environment.objects.filter(pk__in=[environment.pk for environment in environments]).update(
        change_seq=F("change_seq") + 1
    )
    Outbox.objects.bulk_create(
        Outbox(
            environment=environment,
            part=registration.part,
            change_seq=environment.change_seq,
            created_at=moment.now,
        )
        for environment in environments
    )
    audit.record(
        changes,
        moment=moment,
        command_name=registration.command.__name__,
        app_key=registration.app(command),
        environment=environments[0] if len(environments) == 1 else None,
        change_seq=environments[0].change_seq if environments else 0,
    )
    return {environment.key: environment.change_seq for environment in environments}
