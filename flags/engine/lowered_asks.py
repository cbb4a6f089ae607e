"""PURE: what gates ask of a person beside the place, as Unleash constraints.

A gate that looks at more than places, platforms and time is told here, one function a gate.
What is said must never be looser than the gate; what cannot be said is left out and noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from flags.engine.atoms import normalise_name
from flags.engine.canonical import canonical_constraint
from flags.engine.context import LIST_FIELDS
from flags.engine.definitions import Cap, ClusterRollout, Constraint
from flags.engine.gates.age import AGE_FIELD, AgeGate
from flags.engine.gates.cap import CapGate
from flags.engine.gates.clusters import ClustersGate
from flags.engine.gates.consent import CONSENTS_FIELD, ConsentGate
from flags.engine.gates.lifecycle import LifeCycleGate
from flags.engine.gates.partner import PartnerGate
from flags.engine.gates.schedule import ScheduleGate
from flags.engine.lowered_partners import list_partner_ways
from flags.engine.outcomes import Gate
from flags.engine.places import Period
from flags.engine.result import Reason

# What every SDK's patterns read alike: no letter that means something, none beyond ASCII.
_PLAIN = re.compile(r"[A-Za-z0-9_ -]+([.][A-Za-z0-9_ -]+)*", re.ASCII)
_ALL_CLOCKS = "a schedule begins with its last zone and ends with its first"
_ENROLLED = Constraint(context_name="enrolled", operator="IN", values=("true",))


class Asks(NamedTuple):
    """Constraints that let people in at a place, nobody when `closed`; and what was left out."""

    constraints: tuple[Constraint, ...] = ()
    notes: tuple[str, ...] = ()
    closed: bool = False
    # One of these must hold as well; each is a strategy of its own.
    ways: tuple[tuple[Constraint, ...], ...] = ((),)


def find_signal(attribute: str) -> str:
    """Return the signal by which SDKs know an attribute; they never fall back to another."""
    return "account" if attribute == "residence" else attribute


def list_asks(gates: Iterable[Gate], signal: str, code: str | None, now: datetime) -> Asks:
    """Return what the gates ask of people of whom this signal is at this territory.

    An empty signal stands for what they ask wherever a person is.
    """
    constraints: list[Constraint] = []
    notes: list[str] = []
    ways: tuple[tuple[Constraint, ...], ...] = ((),)
    for gate in gates:
        if isinstance(gate, PartnerGate) and signal == gate.basis:
            served = list_partner_ways(gate, code, now)
            ways = served.ways
            asks = Asks(notes=served.notes, closed=not ways)
        elif isinstance(gate, ScheduleGate) and signal == gate.anchor:
            asks = _ask_schedule(gate, code, now)
        else:
            asks = _ask(gate, signal, code, now)
        if asks.closed:
            return asks
        constraints += asks.constraints
        notes += asks.notes
    return Asks(tuple(dict.fromkeys(constraints)), tuple(notes), ways=ways)


def _ask(gate: Gate, signal: str, code: str | None, now: datetime) -> Asks:
    if isinstance(gate, ClustersGate) and signal in (gate.places or ("",)):
        return _ask_clusters(gate.find_rollout(code))
    if isinstance(gate, CapGate) and signal in (gate.places or ("",)):
        return _ask_cap(gate.find_cap(code, now))
    if (
        isinstance(gate, AgeGate | ConsentGate | LifeCycleGate)
        and code is not None
        and signal == find_signal(gate.place.attribute)
    ):
        return _ask_at(gate, code, now)
    return Asks()


def _ask_at(gate: AgeGate | ConsentGate | LifeCycleGate, code: str, now: datetime) -> Asks:
    if isinstance(gate, AgeGate):
        return _ask_age(gate.find_least(code, now))
    if isinstance(gate, ConsentGate):
        return _ask_consents(gate.list_consents(code, now))
    return _ask_enrolled(gate.find_reason(code, now))


def _ask_age(least: int) -> Asks:
    """Ask for the least age; a text that is no number is too young for SDKs too."""
    if least <= 0:
        return Asks()
    return Asks((Constraint(context_name=AGE_FIELD, operator="NUM_GTE", value=str(least)),))


def _ask_consents(names: tuple[str, ...]) -> Asks:
    """Ask for each consent."""
    for name in names:
        if not _is_plain(name):
            return Asks(notes=(f"the consent {name} cannot be sent",), closed=True)
    return Asks(tuple(_entry(CONSENTS_FIELD, (name,)) for name in names))


def _ask_enrolled(reason: Reason | None) -> Asks:
    """Ask for people who have the feature already, once it is closed to others."""
    if reason is None:
        return Asks()
    return Asks((_ENROLLED,), closed=reason is Reason.SUNSET)


def _ask_cap(cap: Cap | None) -> Asks:
    """Ask for people who are enrolled where a cap is full, else for no count that says so.

    An SDK that is told of a count cannot let enrolled people in beyond it: stricter.
    """
    if cap is None:
        return Asks()
    if cap.full:
        return Asks((_ENROLLED,))
    limit = str(cap.limit)
    full = Constraint(context_name="enrolledCount", operator="NUM_GTE", value=limit, inverted=True)
    return Asks((full,))


def list_flips(gate: Gate) -> set[datetime]:
    """List the instants at which what is said of a gate flips."""
    if not isinstance(gate, ScheduleGate):
        return {flip.at for flip in gate.flips}
    codes = (*gate.timetables.codes, None)
    return {at for code in codes for period in gate.timetables.list_sure(code) for at in period}


def list_times(gate: Gate, signal: str, code: str) -> tuple[Period, ...]:
    """Return when a schedule that asks this signal is open to everybody at a territory."""
    if isinstance(gate, ScheduleGate) and signal == gate.anchor:
        return gate.timetables.list_sure(code)
    return ()


def _ask_schedule(gate: ScheduleGate, code: str | None, now: datetime) -> Asks:
    """Let people in while a window is open on every clock of the world.

    Whose clock a person keeps cannot be said in a few constraints: it is the zone that they
    name, the territory's without one. So all begin when the last begins, and end with the
    first: up to 26 hours stricter than the engine.
    """
    sure = gate.timetables.list_sure(code)
    closed = not any(starts <= now < ends for starts, ends in sure)
    return Asks(notes=(_ALL_CLOCKS,), closed=closed)


def _ask_clusters(rollout: ClusterRollout | None) -> Asks:
    """Ask for one of the enabled groups, as it is written and in small letters."""
    if rollout is None:
        return Asks()
    field = rollout.field
    is_list = field in LIST_FIELDS
    names: set[str] = set()
    notes = []
    for typed in rollout.order[: max(0, rollout.enabled)]:
        spellings = {typed.strip(), normalise_name(typed)}
        sendable = {
            one for one in spellings if (_is_plain(one) if is_list else _is_value(field, one))
        }
        names |= sendable
        if not sendable:
            notes.append(f"the group {typed} cannot be sent")
    if not names:
        return Asks(notes=tuple(notes), closed=True)
    listed = tuple(sorted(names))
    constraint = Constraint(context_name=field, operator="IN", values=listed)
    if is_list:
        constraint = _entry(field, listed)
    return Asks((constraint,), tuple(notes))


def _entry(field: str, names: Iterable[str]) -> Constraint:
    """Ask for one of the names in a list, which SDKs send as one text with commas."""
    words = "|".join(name.replace(".", "[.]") for name in names)
    pattern = f"(?:^|,)(?:{words})(?:,|$)"
    return Constraint(context_name=field, operator="REGEX", value=pattern)


def _is_plain(name: str) -> bool:
    return _PLAIN.fullmatch(name) is not None


def _is_value(field: str, name: str) -> bool:
    """Tell whether every SDK reads the field and the name alike."""
    # SDKs call their environment as they like; the token's is the one that counts.
    listed = Constraint(context_name=field, operator="IN", values=(name,))
    return field != "environment" and canonical_constraint(listed) is not None
