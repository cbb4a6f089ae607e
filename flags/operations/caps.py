"""Commands about caps: how many people may enrol, where and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import Cap
from flags.operations.lookups import get_environment
from flags.operations.placed import check_overlap, find_row, get_row, get_slot, read_words
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.operations.checks import check_period, get_app
from regions.operations.rows import drop, put

KIND = "cap"
LIMIT_MAX = 100_000_000_000
COLUMNS = (
    *("feature", "bundle", "territory", "market", "limit", "frees_place"),
    *("starts_date", "ends_date", "reason", "owner", "source", "review_date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCap(Command):
    """Let at most `limit` people enrol at a place, `[starts_date, ends_date)`.

    The row of the same target, place and first day is changed; another one is made when
    there is none. `rule_id` names the row instead, so that its first day can change. A
    limit below the number of enrolled people takes nobody's place: the cap is full.
    """

    app: str
    environment: str
    feature: str = ""
    bundle: str = ""
    territory: str = ""
    market: str = ""
    limit: int
    frees_place: bool = True
    starts_date: date | None = None
    ends_date: date | None = None
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None
    rule_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCap(Command):
    """Take a cap back, with all that is known of who enrolled."""

    app: str
    environment: str
    rule_id: int


@operation(SetCap, permission="caps")
def set_cap(command: SetCap, _moment: Moment) -> Iterable[Change]:
    """Write the cap; it never overlaps another one of the same target and place."""
    app = get_app(command.app)
    slot = get_slot(app, command, of="A cap")
    of = f"The cap of {slot.target.key} at {slot.place.key}"
    check_period(command.starts_date, command.ends_date, of=of)
    _check_limit(command.limit, of=of)
    same = Cap.objects.filter(app=app, environment__key=command.environment, **slot.values())
    # Whoever enrols meanwhile waits: saving a row writes its count as well.
    rows = list(same.select_for_update(of=("self",)))
    found = find_row(rows, command.rule_id, starts=command.starts_date, of=of)
    others = [row for row in rows if row is not found]
    check_overlap(command.starts_date, command.ends_date, others, of=of)
    values = {
        **slot.values(),
        "limit": command.limit,
        "frees_place": command.frees_place,
        "starts_date": command.starts_date,
        "ends_date": command.ends_date,
        **read_words(command, of=of),
    }
    blank = Cap(app=app, environment=get_environment(command.environment))
    return put(found, blank, values).changes(KIND, slot.key)


@operation(RemoveCap, permission="caps")
def remove_cap(command: RemoveCap, _moment: Moment) -> Iterable[Change]:
    """Delete the cap and its enrolments; how many they were stays in the audit."""
    app = get_app(command.app)
    caps = Cap.objects.filter(app=app, environment__key=command.environment)
    row = get_row(caps, command.rule_id, of=f"{app.key}, {command.environment}")
    return drop(row, (*COLUMNS, "enrolled"), KIND, row.slot_key)


def _check_limit(limit: int, *, of: str) -> None:
    if isinstance(limit, bool) or not 1 <= limit <= LIMIT_MAX:
        raise Refused(
            f"{of} may let in from 1 to {LIMIT_MAX} people; this limit is {limit}.",
            code="out_of_range",
            field="limit",
        )
