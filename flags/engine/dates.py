"""PURE: when a rule that decided begins and ends, found in the definitions it came from.

A `Rule` is told by every evaluation, so it stays small; explanations alone ask for dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flags.engine.compiled import CompiledSnapshot
from flags.engine.definitions import Rule, Schedule, Window

# Every date that a kind of rule can have, and the name under which it is told.
_NAMES = {
    "effective": "effective",
    "since": "since",
    "expires": "expires",
    "starts": "starts",
    "closed_to_new": "closedToNew",
    "sunset": "sunset",
    "off": "off",
    "ends": "ends",
}


def list_dates(
    snapshot: CompiledSnapshot, gate: str, rule: Rule, territory: str | None = None
) -> dict[str, str]:
    """Return a rule's dates in ISO 8601: local to its territory, or UTC for kill switches.

    `territory` chooses among the windows of a schedule. Rules without dates give none.
    """
    for one in _list_kinds(snapshot, gate):
        if one.rule == rule:
            dated = _find_window(one, territory) if isinstance(one, Schedule) else one
            found = {told: getattr(dated, name, None) for name, told in _NAMES.items()}
            return {told: at.isoformat() for told, at in found.items() if isinstance(at, date)}
    return {}


def _list_kinds(snapshot: CompiledSnapshot, gate: str) -> Iterable[Any]:
    """Return the definitions among which a gate's rules are; keys are unique in each kind."""
    made = snapshot.definitions
    kinds: dict[str, Iterable[Any]] = {
        "kill": snapshot.kills,
        "law": (*made.orders, *made.offers),
        "platform": made.retirements,
        "age": made.ages,
        "consent": made.consents,
        "offer": made.offers,
        "lifecycle": made.life_cycles,
        "cap": made.caps,
        "partner": made.partners,
        "schedule": made.schedules,
        "clusters": made.clusters,
        # What is on owes it to the offer that let it in.
        "targeting": made.offers,
    }
    return kinds.get(gate, ())


def _find_window(schedule: Schedule, territory: str | None) -> Window:
    """Return the window of a territory, else the one for all; several span from first to last."""
    own = [window for window in schedule.windows if window.territory == territory]
    found = own or [window for window in schedule.windows if not window.territory]
    starts = [window.starts for window in found]
    ends = [window.ends for window in found]
    return Window(
        starts=min((at for at in starts if at), default=None) if None not in starts else None,
        ends=max((at for at in ends if at), default=None) if None not in ends else None,
    )
