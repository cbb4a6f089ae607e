"""Commands about how old people must be, where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import AgeRule
from flags.models.age import AGE_MAX
from flags.operations.placed import check_overlap, find_row, get_row, get_slot, read_words
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.operations.checks import check_period, get_app
from regions.operations.rows import drop, put

KIND = "age-rule"
COLUMNS = (
    *("feature", "bundle", "territory", "market", "minimum"),
    *("starts_date", "ends_date", "reason", "owner", "source", "review_date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAgeRule(Command):
    """Ask for a least age at a place, `[starts_date, ends_date)`, in every environment.

    The most specific rule counts, so a `minimum` of 0 lets everybody in at a place. The
    row of the same target, place and first day is changed; another one is made when there
    is none. `rule_id` names the row instead, so that its first day can change.
    """

    app: str
    feature: str = ""
    bundle: str = ""
    territory: str = ""
    market: str = ""
    minimum: int
    starts_date: date | None = None
    ends_date: date | None = None
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None
    rule_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAgeRule(Command):
    """Take an age rule back, so that the next less specific one counts."""

    app: str
    rule_id: int


@operation(SetAgeRule, permission="duties")
def set_age_rule(command: SetAgeRule, _moment: Moment) -> Iterable[Change]:
    """Write the rule; it never overlaps another one of the same target and place."""
    app = get_app(command.app)
    slot = get_slot(app, command, of="An age rule")
    of = f"The age rule of {slot.target.key} at {slot.place.key}"
    check_period(command.starts_date, command.ends_date, of=of)
    if isinstance(command.minimum, bool) or not 0 <= command.minimum <= AGE_MAX:
        raise Refused(
            f"{of} may ask for an age from 0 to {AGE_MAX}; this one is {command.minimum}.",
            code="out_of_range",
            field="minimum",
        )
    rows = list(AgeRule.objects.filter(app=app, **slot.values()))
    found = find_row(rows, command.rule_id, starts=command.starts_date, of=of)
    others = [row for row in rows if row is not found]
    check_overlap(command.starts_date, command.ends_date, others, of=of)
    values = {
        **slot.values(),
        "minimum": command.minimum,
        "starts_date": command.starts_date,
        "ends_date": command.ends_date,
        **read_words(command, of=of),
    }
    return put(found, AgeRule(app=app), values).changes(KIND, slot.key)


@operation(RemoveAgeRule, permission="duties")
def remove_age_rule(command: RemoveAgeRule, _moment: Moment) -> Iterable[Change]:
    """Delete the rule; what it was stays in the audit."""
    app = get_app(command.app)
    row = get_row(
        AgeRule.objects.filter(app=app), command.rule_id, of=f"The age rules of {app.key}"
    )
    return drop(row, COLUMNS, KIND, row.slot_key)
