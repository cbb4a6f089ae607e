"""What waits in the outbox, and what of it is worth trying now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min

from flags.models import PublishRefusal
from regions.governance.models import Outbox

# A refused publish is tried again when something changes, or after this time: a promise
# about "now" may hold later.
RETRY_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Due:
    """Changes of one part of one environment that are not published; numbers included."""

    environment: str
    part: str
    oldest_seq: int
    newest_seq: int


def list_due(*, now: datetime, environment_key: str = "") -> list[Due]:
    """Return what should be published now; two queries whatever the size.

    Content that was refused is left out until it changes or `RETRY_AFTER` has passed.
    """
    rows = Outbox.objects.all()
    if environment_key:
        rows = rows.filter(environment__key=environment_key)
    waiting = [
        Due(environment=environment, part=part, oldest_seq=oldest, newest_seq=newest)
        for environment, part, oldest, newest in rows.order_by()
        .values("environment__key", "part")
        .annotate(oldest=Min("change_seq"), newest=Max("change_seq"))
        .values_list("environment__key", "part", "oldest", "newest")
    ]
    if not waiting:
        return []
    refusals = {row.environment.key: row for row in _list_refusals()}
    return sorted(
        due
        for due in waiting
        if due.part != "content" or not _must_wait(due, refusals.get(due.environment), now)
    )


def _list_refusals() -> list[PublishRefusal]:
    return list(PublishRefusal.objects.select_related("environment"))


def _must_wait(due: Due, refusal: PublishRefusal | None, now: datetime) -> bool:
    if refusal is None or due.newest_seq > refusal.change_seq:
        return False
    return timedelta(0) <= now - refusal.at < RETRY_AFTER
