"""What commands about rules at a place have in common: their target, place, dates and words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from django.db.models import QuerySet

from flags.models.rule import DatedRule, PlacedRule
from flags.operations.lookups import FoundPlace, FoundTarget, get_target
from regions.governance.commands import Refused
from regions.models import App
from regions.operations.checks import check_given, get_market, get_territory, shown

D = TypeVar("D", bound=DatedRule)
P = TypeVar("P", bound=PlacedRule)


class RuleCommand(Protocol):
    """A command that sets a rule for a feature or a bundle, at a region, for a reason."""

    @property
    def feature(self) -> str:
        """The feature's key, or empty."""
        ...

    @property
    def bundle(self) -> str:
        """The bundle's key, or empty."""
        ...

    @property
    def territory(self) -> str:
        """The ISO 3166-1 alpha-2 code, or empty."""
        ...

    @property
    def market(self) -> str:
        """The market's key, or empty."""
        ...

    @property
    def reason(self) -> str:
        """Why it is so."""
        ...

    @property
    def owner(self) -> str:
        """Who answers for it."""
        ...

    @property
    def source(self) -> str:
        """Where it is written, or empty."""
        ...

    @property
    def review_date(self) -> date | None:
        """When somebody looks at it again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Which rules are of one kind: those of one target at one place, in one environment."""

    target: FoundTarget
    place: FoundPlace

    @property
    def key(self) -> str:
        """Return `pay.card@SG`, under which the audit keeps the rules of a slot."""
        return f"{self.target.key}@{self.place.key}"

    def values(self) -> dict[str, object]:
        """Return the columns that tell a slot's rules from all others."""
        place = {"territory": self.place.territory, "market": self.place.market}
        return {**self.target.values(), **place}


def get_slot(app: App, command: RuleCommand, *, of: str) -> Slot:
    """Get the target and the region that a command names, or refuse; `of` begins a sentence."""
    target = get_target(app, feature=command.feature, bundle=command.bundle, of=of)
    if command.territory and command.market:
        raise Refused(
            f"{of} for {target.key} holds at one place;"
            f" given were {shown(command.territory)} and {shown(command.market)}.",
            code="one_place",
            field="territory",
        )
    place = FoundPlace(
        subdivision=None,
        territory=get_territory(command.territory) if command.territory else None,
        market=get_market(command.market) if command.market else None,
    )
    return Slot(target=target, place=place)


def read_words(command: RuleCommand, *, of: str) -> dict[str, object]:
    """Return the columns that say why a rule is there, or refuse when they are empty."""
    return {
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "source": command.source.strip(),
        "review_date": command.review_date,
    }


def find_row(rows: Iterable[D], number: int | None, *, starts: date | None, of: str) -> D | None:
    """Find the row of a slot that a command changes: by its number, else by its first day."""
    if number is None:
        return next((row for row in rows if row.starts_date == starts), None)
    found = next((row for row in rows if row.pk == number), None)
    if found is None:
        raise _unknown(number, of=of)
    return found


def get_row(rows: QuerySet[P], number: int, *, of: str) -> P:
    """Get a rule by its number, with what its slot is called, or refuse."""
    row = rows.select_related("feature", "bundle", "market").filter(pk=number).first()
    if row is None:
        raise _unknown(number, of=of)
    return row


def _unknown(number: int, *, of: str) -> Refused:
    return Refused(f"{of}: there is no row number {number}.", code="unknown_rule", field="rule_id")


def check_overlap(
    starts: date | None, ends: date | None, others: Iterable[DatedRule], *, of: str
) -> None:
    """Refuse a rule that holds on a day on which another one of its slot does."""
    for row in others:
        begins_first = (starts or date.min) < (row.ends_date or date.max)
        if begins_first and (row.starts_date or date.min) < (ends or date.max):
            raise Refused(
                f"{of} for [{starts or '…'}, {ends or '…'}) overlaps the one for"
                f" [{row.starts_date or '…'}, {row.ends_date or '…'}) ({shown(row.reason)})."
                " End one before the other begins.",
                code="overlapping_rule",
                field="starts_date",
            )
