"""Commands about what is offered where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import Feature, Offer
from flags.models.feature import LAW_SIGNALS, OFFER_STATUSES
from flags.operations.lookups import (
    PLACE_COLUMNS,
    FoundPlace,
    FoundTarget,
    check_platform,
    get_environment,
    get_place,
    get_target,
)
from regions import canonical
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.governance.models import AuditEntry
from regions.models import App
from regions.operations.checks import check_choice, check_given, check_period, get_app, shown
from regions.operations.rows import describe, drop, put

FULL_ROLLOUT = 100
BLOCKED = "blocked-by-law"
KIND = "offer"
COLUMNS = (
    "feature",
    "bundle",
    *PLACE_COLUMNS,
    "basis",
    "platform",
    "status",
    "starts_date",
    "ends_date",
    "rollout",
    "reason",
    "owner",
    "source",
    "review_date",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOffer(Command):
    """Offer a feature or a bundle at a place with this status, `[starts_date, ends_date)`.

    The row of the same target, place, basis, platform and first day is changed; another
    one is made when there is none. `offer_id` names the row instead, so that its first day
    can change; it stays with its target, place, basis and platform. `basis` is given where
    it is not the feature's own. `seen` is the `offer_digest` of what the person changes:
    when the offer reads otherwise by now, nothing is stored.
    """

    app: str
    environment: str
    feature: str = ""
    bundle: str = ""
    subdivision: str = ""
    territory: str = ""
    market: str = ""
    basis: str = ""
    platform: str = ""
    status: str
    starts_date: date | None = None
    ends_date: date | None = None
    rollout: int | None = None
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None
    offer_id: int | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveOffer(Command):
    """Take an offer back, so that the next less specific one decides."""

    app: str
    environment: str
    offer_id: int


@operation(SetOffer, permission="offers")
def set_offer(command: SetOffer, _moment: Moment) -> Iterable[Change]:
    """Write the offer; it never overlaps another one of the same target, place and basis."""
    app = get_app(command.app)
    target = get_target(app, feature=command.feature, bundle=command.bundle, of="An offer")
    place = get_place(command, of=f"The offer of {target.key}")
    of = f"The offer of {target.key} at {place.key}"
    _check_words(app, command, of)
    basis = _own_basis(command, target.feature)
    slot = {**target.values(), **place.values(), "basis": basis, "platform": command.platform}
    rows = list(Offer.objects.filter(app=app, environment__key=command.environment, **slot))
    found = _find_row(command, rows)
    values = {
        **slot,
        "status": command.status,
        "starts_date": command.starts_date,
        "ends_date": command.ends_date,
        "rollout": command.rollout,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "source": command.source.strip(),
        "review_date": command.review_date,
    }
    key = offer_key(target, place)
    _check_seen(command, found, values, of=of, key=key)
    if command.offer_id is not None and found is None:
        raise Refused(
            f"{of} has no row number {command.offer_id}"
            f"{f' for {command.platform}' if command.platform else ''}.",
            code="unknown_offer",
            field="offer_id",
        )
    _check_overlap(command, [row for row in rows if row is not found], of)
    blank = Offer(app=app, environment=get_environment(command.environment))
    return put(found, blank, values).changes(KIND, key)


@operation(RemoveOffer, permission="offers")
def remove_offer(command: RemoveOffer, _moment: Moment) -> Iterable[Change]:
    """Delete the offer; what it was stays in the audit."""
    app = get_app(command.app)
    row = (
        Offer.objects.filter(app=app, environment__key=command.environment, id=command.offer_id)
        .select_related("feature", "bundle", "market")
        .first()
    )
    if row is None:
        raise Refused(
            f"{app.key} has no offer number {command.offer_id} in {command.environment}.",
            code="unknown_offer",
            field="offer_id",
        )
    target = FoundTarget(feature=row.feature, bundle=row.bundle)
    return drop(row, COLUMNS, KIND, f"{target.key}@{row.place_key}")


def offer_key(target: FoundTarget, place: FoundPlace) -> str:
    """Return the key under which the audit keeps all offers of a target at a place."""
    return f"{target.key}@{place.key}"


def offer_digest(row: Offer | None) -> str:
    """Return the digest of all that an offer says; of nothing, when there is none."""
    facts = None if row is None else describe(row, COLUMNS)
    return canonical.digest(canonical.encode(facts))


def _find_row(command: SetOffer, rows: list[Offer]) -> Offer | None:
    """Return the row of the slot that the command changes: by its number, else its first day."""
    if command.offer_id is not None:
        return next((row for row in rows if row.pk == command.offer_id), None)
    return next((row for row in rows if row.starts_date == command.starts_date), None)


def _check_seen(
    command: SetOffer, found: Offer | None, values: dict[str, object], *, of: str, key: str
) -> None:
    """Refuse to overwrite what the person has not seen; asking again for what is so is no harm."""
    if command.seen is None or command.seen == offer_digest(found):
        return
    if found is not None and describe(found, COLUMNS) == describe(Offer(**values), COLUMNS):
        return
    last = AuditEntry.objects.filter(
        object_type=KIND,
        object_key=key,
        app_key=command.app,
        environment__key=command.environment,
    ).first()
    who = last.actor_name if last is not None else "somebody"
    now = f"is {found.status} now ({shown(found.reason)})" if found is not None else "is gone now"
    raise Refused(
        f"{of} was changed by {who} meanwhile: it {now}. Save again to put yours in its place.",
        code="stale",
    )


def _check_words(app: App, command: SetOffer, of: str) -> None:
    known = [word for word, _label in OFFER_STATUSES]
    check_choice(command.status, known, name="status", field="status")
    if command.basis:
        check_choice(command.basis, LAW_SIGNALS, name="basis", field="basis")
    if command.platform:
        check_platform(app, command.platform)
    check_period(command.starts_date, command.ends_date, of=of)
    rollout = command.rollout
    if rollout is None:
        return
    if isinstance(rollout, bool) or not 0 <= rollout <= FULL_ROLLOUT:
        raise Refused(
            f"{of} may have a rollout from 0 to {FULL_ROLLOUT} percent; this one is {rollout}.",
            code="out_of_range",
            field="rollout",
        )


def _own_basis(command: SetOffer, feature: Feature | None) -> str:
    """Return the basis as a row keeps it: empty where it is the feature's own.

    A basis that no gate of the feature would ever look at is refused, since such an offer
    would look like a rule and decide nothing.
    """
    if feature is None or not command.basis:
        return command.basis
    if command.basis == feature.offer_basis:
        return ""
    if command.status != BLOCKED:
        raise Refused(
            f"{feature.key} is offered by {feature.offer_basis}; an offer by {command.basis}"
            f" would decide nothing unless it is {BLOCKED}.",
            code="basis_without_effect",
            field="basis",
        )
    if command.basis not in feature.law_basis:
        raise Refused(
            f"The law of {feature.key} looks at {', '.join(feature.law_basis) or 'no signal'};"
            f" a block by {command.basis} would decide nothing.",
            code="basis_without_effect",
            field="basis",
        )
    return command.basis


def _check_overlap(command: SetOffer, others: list[Offer], of: str) -> None:
    starts = command.starts_date or date.min
    ends = command.ends_date or date.max
    for row in others:
        if starts < (row.ends_date or date.max) and (row.starts_date or date.min) < ends:
            raise Refused(
                f"{of} for {_period(command.starts_date, command.ends_date)} overlaps the one"
                f" for {_period(row.starts_date, row.ends_date)} ({row.status},"
                f" {shown(row.reason)}). End one before the other begins.",
                code="overlapping_offer",
                field="starts_date",
            )


def _period(starts: date | None, ends: date | None) -> str:
    return f"[{starts or '…'}, {ends or '…'})"
