"""Commands about legal orders: drafted by one person, decided by another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import Bundle, Feature, LegalOrder
from flags.operations.lookups import PLACE_COLUMNS, get_place
from regions import canonical
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.governance.models import AuditEntry
from regions.models import App
from regions.operations.checks import (
    check_choice,
    check_given,
    check_key,
    check_once,
    check_period,
    get_app,
    shown,
)
from regions.operations.rows import describe, put

NEXT_STATES: dict[str, tuple[str, ...]] = {
    "drafted": ("scheduled",),
    "scheduled": ("in-force", "stopped"),
    "in-force": ("stopped", "lifted"),
    "stopped": (),
    "lifted": (),
}
KIND = "legal-order"
COLUMNS = (*PLACE_COLUMNS, "issued_date", "effective_date", "reason", "owner", "source", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLegalOrder(Command):
    """Draft a block of features and bundles at a place; of the whole app when none is named.

    Naming neither target nor place blocks the whole app everywhere, so `everything` has to
    say that this is meant.
    """

    app: str
    key: str
    features: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    territory: str = ""
    market: str = ""
    subdivision: str = ""
    issued_date: date | None = None
    effective_date: date | None = None
    reason: str
    owner: str
    source: str = ""
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceLegalOrder(Command):
    """Bring a legal order to its next state.

    `seen` is the `order_digest` of what the person decides about: when the order reads
    otherwise by now, nothing is stored.
    """

    app: str
    key: str
    state: str
    seen: str = ""


@operation(SetLegalOrder, permission="orders.draft")
def set_legal_order(command: SetLegalOrder, moment: Moment) -> Iterable[Change]:
    """Write the draft; what was once decided is never edited."""
    app = get_app(command.app)
    check_key(command.key, kind="legal order")
    of = f"The legal order {command.key}"
    found = LegalOrder.objects.filter(app=app, key=command.key).first()
    if found is not None and found.state != "drafted" and not _is_same(found, command):
        raise Refused(
            f"{of} is {found.state}; only a drafted one can be changed.",
            code="already_decided",
            field="key",
        )
    _check_reach(command, of)
    check_period(command.issued_date, _after(command.effective_date), of=of, field="effective_date")
    values = {
        **get_place(command, of=of).values(),
        "issued_date": command.issued_date,
        "effective_date": command.effective_date,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "source": command.source.strip(),
    }
    features, bundles = _get_targets(app, command)
    blank = LegalOrder(
        app=app,
        key=command.key,
        state="drafted",
        state_since_at=moment.now,
        drafted_by=moment.actor_name,
    )
    written = put(found, blank, values)
    order = written.row
    before = _list_targets(order)
    after = (sorted(command.features), sorted(command.bundles))
    if before != after:
        order.features.set(features)
        order.bundles.set(bundles)
    return written.changes(
        KIND, command.key, features=(before[0], after[0]), bundles=(before[1], after[1])
    )


@operation(AdvanceLegalOrder, permission="orders.decide")
def advance_legal_order(command: AdvanceLegalOrder, moment: Moment) -> Iterable[Change]:
    """Write the state; who drafted the order may not decide about it."""
    app = get_app(command.app)
    order = LegalOrder.objects.filter(app=app, key=command.key).first()
    if order is None:
        raise Refused(
            f"{app.key} has no legal order “{shown(command.key)}”.",
            code="unknown_order",
            field="key",
        )
    check_choice(command.state, tuple(NEXT_STATES), name="state", field="state")
    if order.state == command.state:
        return []
    _check_step(order, command.state)
    _check_second_person(order, moment)
    if command.seen and command.seen != order_digest(order):
        raise Refused(
            f"The legal order {order.key} was changed meanwhile; open it anew to decide.",
            code="stale",
        )
    values = {"state": command.state, "state_since_at": moment.now}
    return put(order, order, values).changes(KIND, order.key)


def order_digest(order: LegalOrder) -> str:
    """Return the digest of all that an order says: what it blocks, where, from when and why."""
    facts = describe(order, COLUMNS)
    return canonical.digest(canonical.encode([facts, _list_targets(order)]))


def _check_reach(command: SetLegalOrder, of: str) -> None:
    """Refuse a block of everything that nobody asked for, and one that is not of everything."""
    narrowed = any(getattr(command, name) for name in (*PLACE_COLUMNS, "features", "bundles"))
    if narrowed == command.everything:
        told = (
            f"{of} names a place or a target, so it does not block everything."
            if narrowed
            else f"{of} names neither place nor target: it would block the whole app everywhere."
            " Name one, or say that everything is meant."
        )
        raise Refused(told, code="everything_unclear", field="everything")


def _check_step(order: LegalOrder, state: str) -> None:
    possible = NEXT_STATES[order.state]
    if state not in possible:
        raise Refused(
            f"The legal order {order.key} is {order.state} and cannot become {state};"
            f" it can become {' or '.join(possible) or 'nothing else'}.",
            code="wrong_state",
            field="state",
        )
    if order.effective_date is None:
        raise Refused(
            f"The legal order {order.key} needs the day from which it blocks.",
            code="effective_date_missing",
            field="state",
        )


def _check_second_person(order: LegalOrder, moment: Moment) -> None:
    """Everybody who ever wrote the draft is barred, not only who wrote it last."""
    if moment.by_system:
        return
    drafters = AuditEntry.objects.filter(
        object_type=KIND, object_key=order.key, app_key=order.app.key, command="SetLegalOrder"
    )
    if (
        order.drafted_by == moment.actor_name
        or drafters.filter(actor_name=moment.actor_name).exists()
    ):
        raise Refused(
            f"{moment.actor_name} drafted the legal order {order.key};"
            " another person has to decide.",
            code="own_order",
            field="state",
        )


def _get_targets(app: App, command: SetLegalOrder) -> tuple[list[Feature], list[Bundle]]:
    check_once(command.features, things="features", field="features")
    check_once(command.bundles, things="bundles", field="bundles")
    features = list(Feature.objects.filter(app=app, key__in=command.features, archived_at=None))
    bundles = list(Bundle.objects.filter(app=app, key__in=command.bundles))
    for field, wanted, rows in (
        ("features", command.features, {row.key for row in features}),
        ("bundles", command.bundles, {row.key for row in bundles}),
    ):
        for key in wanted:
            if key not in rows:
                raise Refused(
                    f"{app.key} has no {field[:-1]} “{shown(key)}”.",
                    code=f"unknown_{field[:-1]}",
                    field=field,
                )
    return features, bundles


def _list_targets(order: LegalOrder) -> tuple[list[str], list[str]]:
    return (
        sorted(order.features.values_list("key", flat=True)),
        sorted(order.bundles.values_list("key", flat=True)),
    )


def _is_same(order: LegalOrder, command: SetLegalOrder) -> bool:
    """Tell whether the command asks for what is decided already, so that it can be repeated."""
    names = ("issued_date", "effective_date", "reason", "owner", "source")
    place = [getattr(getattr(order, name), "pk", "") or "" for name in PLACE_COLUMNS[:2]]
    place.append(order.market.key if order.market else "")
    return (
        all(getattr(order, name) == getattr(command, name) for name in names)
        and place == [getattr(command, name) for name in PLACE_COLUMNS]
        and _list_targets(order) == (sorted(command.features), sorted(command.bundles))
    )


def _after(day: date | None) -> date | None:
    """Return the next day, since an order may take effect on the day it is issued."""
    return None if day is None else date.fromordinal(day.toordinal() + 1)
