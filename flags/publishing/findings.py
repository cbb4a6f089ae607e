"""Keep what a publish found out about features, for people to see in the admin.

Web processes compile nothing, so what only the compiler knows is written down here: which
features are broken and off, and which are stricter in SDKs that evaluate by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.lower import lower_steps
from flags.engine.outcomes import Finding
from flags.models import Findings
from regions.governance.models import Environment

_log = structlog.get_logger(__name__)


def save_broken(
    environment: Environment, app_id: int, found: Iterable[Finding], *, now: datetime
) -> None:
    """Name the broken features of a scope; the caller saves its parts in the same transaction."""
    broken = {finding.feature: finding.message for finding in found}
    rows = Findings.objects.filter(environment=environment, app_id=app_id)
    if not rows.update(broken=broken, at=now):
        Findings.objects.create(environment=environment, app_id=app_id, broken=broken, at=now)


def save_notes(
    environment_key: str, app_id: int, snapshot: CompiledSnapshot, *, now: datetime
) -> None:
    """Say of every feature of a scope where it is stricter in backend SDKs.

    It is no part of what is published and comes after it, so whatever goes wrong is logged
    and costs nothing but the notes.
    """
    try:
        notes = list_notes(snapshot, now=now)
        rows = Findings.objects.filter(environment__key=environment_key, app_id=app_id)
        rows.update(notes=notes)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001  # what was published stays published
        _log.error("findings.lost", environment=environment_key, error=repr(error))


def list_notes(snapshot: CompiledSnapshot, *, now: datetime) -> dict[str, list[str]]:
    """Return the notes of lowering by feature, as the rules are without any kill switch.

    Kill switches come and go without a publish of the content.
    """
    if snapshot.kills:
        snapshot = compile_snapshot(snapshot.definitions, previous=snapshot)
    steps = lower_steps(snapshot, now=now)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return {one.key: list(one.notes) for one in stop.value.features if not one.hidden}
