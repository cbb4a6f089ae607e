"""Commands about what people must have agreed to, where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import ConsentRule
from flags.operations.placed import check_overlap, find_row, get_row, get_slot, read_words
from regions.governance.commands import Change, Command, Moment, operation
from regions.operations.checks import check_key, check_period, get_app
from regions.operations.rows import drop, put

KIND = "consent-rule"
COLUMNS = (
    *("feature", "bundle", "territory", "market", "consent"),
    *("starts_date", "ends_date", "reason", "owner", "source", "review_date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsentRule(Command):
    """Ask for a consent at a place, `[starts_date, ends_date)`, in every environment.

    `consent` is the name that apps send in `consents`. Every rule that holds counts: a
    place cannot take back what everywhere asks for. The row of the same target, place,
    consent and first day is changed; another one is made when there is none. `rule_id`
    names the row instead, so that its first day can change.
    """

    app: str
    feature: str = ""
    bundle: str = ""
    territory: str = ""
    market: str = ""
    consent: str
    starts_date: date | None = None
    ends_date: date | None = None
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None
    rule_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveConsentRule(Command):
    """Ask for this consent at this place no more."""

    app: str
    rule_id: int


@operation(SetConsentRule, permission="duties")
def set_consent_rule(command: SetConsentRule, _moment: Moment) -> Iterable[Change]:
    """Write the rule; it never overlaps another one of the same target, place and consent."""
    app = get_app(command.app)
    slot = get_slot(app, command, of="A consent rule")
    of = f"The consent rule of {slot.target.key} at {slot.place.key}"
    check_key(command.consent, kind="consent", field="consent")
    check_period(command.starts_date, command.ends_date, of=of)
    own = {**slot.values(), "consent": command.consent}
    rows = list(ConsentRule.objects.filter(app=app, **own))
    found = find_row(rows, command.rule_id, starts=command.starts_date, of=of)
    others = [row for row in rows if row is not found]
    check_overlap(command.starts_date, command.ends_date, others, of=of)
    values = {
        **own,
        "starts_date": command.starts_date,
        "ends_date": command.ends_date,
        **read_words(command, of=of),
    }
    return put(found, ConsentRule(app=app), values).changes(KIND, slot.key)


@operation(RemoveConsentRule, permission="duties")
def remove_consent_rule(command: RemoveConsentRule, _moment: Moment) -> Iterable[Change]:
    """Delete the rule; what it was stays in the audit."""
    app = get_app(command.app)
    rows = ConsentRule.objects.filter(app=app)
    row = get_row(rows, command.rule_id, of=f"The consent rules of {app.key}")
    return drop(row, COLUMNS, KIND, row.slot_key)
