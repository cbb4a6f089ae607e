"""Commands about markets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import Market, MarketMember, Territory
from regions.operations.checks import (
    MARKET_KEY,
    check_given,
    check_key,
    check_period,
    get_territories,
)
from regions.operations.rows import put

HIGHEST_PRIORITY = 32767  # what a PositiveSmallIntegerField holds on every database


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSpec:
    """A territory in a market, `[starts_date, ends_date)` in its own dates."""

    territory: str
    starts_date: date | None = None
    ends_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMarket(Command):
    """Have a market with exactly these members; the higher priority decides overlaps."""

    key: str
    name: str
    priority: int
    members: tuple[MemberSpec, ...]
    note: str = ""


@operation(SetMarket, permission="regions")
def set_market(command: SetMarket, _moment: Moment) -> Iterable[Change]:
    """Write the market and replace its members where they differ."""
    check_key(command.key, kind="market", pattern=MARKET_KEY)
    name = check_given(command.name, name="a name", of=f"The market {command.key}", field="name")
    _check_priority(command)
    territories = get_territories([member.territory for member in command.members], field="members")
    _check_members(command)
    written = put(
        Market.objects.filter(key=command.key).first(),
        Market(key=command.key),
        {"name": name, "priority": command.priority, "note": command.note},
    )
    before = _list_members(written.row)
    after = _sorted([_plain(member) for member in command.members])
    if before != after:
        _replace_members(written.row, command.members, territories)
    return written.changes("market", command.key, members=(before, after))


def _check_priority(command: SetMarket) -> None:
    if not 0 <= command.priority <= HIGHEST_PRIORITY:
        raise Refused(
            f"The priority of {command.key} must be from 0 to {HIGHEST_PRIORITY};"
            f" this one is {command.priority}.",
            code="out_of_range",
            field="priority",
        )
    other = Market.objects.filter(priority=command.priority).exclude(key=command.key).first()
    if other is not None:
        raise Refused(
            f"The priority {command.priority} is taken by the market {other.key};"
            " two markets of one priority could not be told apart.",
            code="priority_taken",
            field="priority",
        )


def _check_members(command: SetMarket) -> None:
    by_territory: dict[str, list[MemberSpec]] = {}
    for member in command.members:
        check_period(
            member.starts_date,
            member.ends_date,
            of=f"{member.territory} in {command.key}",
            field="members",
        )
        by_territory.setdefault(member.territory, []).append(member)
    for code, periods in by_territory.items():
        periods.sort(key=lambda member: member.starts_date or date.min)
        for earlier, later in pairwise(periods):
            if (earlier.ends_date or date.max) > (later.starts_date or date.min):
                raise Refused(
                    f"{code} stands in {command.key} twice at the same time.",
                    code="overlapping_members",
                    field="members",
                )


def _replace_members(
    market: Market, members: tuple[MemberSpec, ...], territories: dict[str, Territory]
) -> None:
    market.members.all().delete()
    MarketMember.objects.bulk_create(
        MarketMember(
            market=market,
            territory=territories[member.territory],
            starts_date=member.starts_date,
            ends_date=member.ends_date,
        )
        for member in members
    )


def _list_members(market: Market) -> list[list[str | None]]:
    return _sorted(
        [
            _plain(
                MemberSpec(
                    territory=member.territory_id,
                    starts_date=member.starts_date,
                    ends_date=member.ends_date,
                )
            )
            for member in market.members.all()
        ]
    )


def _plain(member: MemberSpec) -> list[str | None]:
    return [
        member.territory,
        member.starts_date.isoformat() if member.starts_date else None,
        member.ends_date.isoformat() if member.ends_date else None,
    ]


def _sorted(members: list[list[str | None]]) -> list[list[str | None]]:
    return sorted(members, key=lambda member: [part or "" for part in member])
