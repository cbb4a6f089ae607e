"""Commands about how features end, where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import LifeCycle
from flags.operations.lookups import get_environment
from flags.operations.placed import get_row, get_slot, read_words
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.operations.checks import get_app
from regions.operations.rows import drop, put

KIND = "life-cycle"
COLUMNS = (
    *("feature", "bundle", "territory", "market", "closed_to_new_date", "sunset_date"),
    *("reason", "owner", "source", "review_date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLifeCycle(Command):
    """Close a feature or a bundle at a place to new people, then to everybody.

    A target has one life cycle at a place; the most specific one counts alone. From
    `sunset_date` on it is off for everybody; without one it stays with those who have it.
    """

    app: str
    environment: str
    feature: str = ""
    bundle: str = ""
    territory: str = ""
    market: str = ""
    closed_to_new_date: date | None = None
    sunset_date: date | None = None
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLifeCycle(Command):
    """Let a feature go on, as far as no less specific life cycle ends it."""

    app: str
    environment: str
    rule_id: int


@operation(SetLifeCycle, permission="offers")
def set_life_cycle(command: SetLifeCycle, _moment: Moment) -> Iterable[Change]:
    """Write the life cycle of the target at the place."""
    app = get_app(command.app)
    slot = get_slot(app, command, of="A life cycle")
    of = f"The life cycle of {slot.target.key} at {slot.place.key}"
    _check_steps(command.closed_to_new_date, command.sunset_date, of=of)
    found = LifeCycle.objects.filter(
        app=app, environment__key=command.environment, **slot.values()
    ).first()
    values = {
        **slot.values(),
        "closed_to_new_date": command.closed_to_new_date,
        "sunset_date": command.sunset_date,
        **read_words(command, of=of),
    }
    blank = LifeCycle(app=app, environment=get_environment(command.environment))
    return put(found, blank, values).changes(KIND, slot.key)


@operation(RemoveLifeCycle, permission="offers")
def remove_life_cycle(command: RemoveLifeCycle, _moment: Moment) -> Iterable[Change]:
    """Delete the life cycle; what it was stays in the audit."""
    app = get_app(command.app)
    rows = LifeCycle.objects.filter(app=app, environment__key=command.environment)
    of = f"The life cycles of {app.key} in {command.environment}"
    row = get_row(rows, command.rule_id, of=of)
    return drop(row, COLUMNS, KIND, row.slot_key)


def _check_steps(closed: date | None, sunset: date | None, *, of: str) -> None:
    """Refuse a life cycle without a step, and one that ends before it is closed to new people."""
    if closed is None and sunset is None:
        raise Refused(
            f"{of} needs a day from which it is closed to new people, or off; none was given.",
            code="steps_missing",
            field="closed_to_new_date",
        )
    if closed is not None and sunset is not None and sunset < closed:
        raise Refused(
            f"{of} would be off from {sunset} on, before it is closed to new people on {closed}.",
            code="dates_order",
            field="sunset_date",
        )
