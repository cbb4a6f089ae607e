"""Commands about partners: who makes features real in a city, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from flags.models import Constraint, Feature, Partner
from flags.models.partner import EVERY_CITY
from flags.operations.constraints import ConstraintSpec, canonical
from flags.operations.segments import build_constraints, describe_constraint, plain_constraint
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App
from regions.operations.checks import (
    check_count,
    check_given,
    check_key,
    check_once,
    get_app,
    get_territory,
    shown,
)
from regions.operations.rows import describe, put

PARTNERS_PER_APP: Final = 2_000
FEATURES_PER_PARTNER: Final = 100
WALLETS_PER_PARTNER: Final = 50
WALLET: Final = re.compile(r"[A-Z]{3}")
KIND = "partner"
COLUMNS = (
    *("name", "territory", "city", "wallets", "starts_date", "starts_time"),
    *("ends_date", "ends_time", "reason", "owner", "source", "review_date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPartner(Command):
    """Have a partner just like this.

    Dates and times of day are those of the territory, `[starts, ends)`; a date alone
    begins at midnight. Without wallets every wallet is accepted. All requirements must
    hold for a person to be served.
    """

    app: str
    key: str
    name: str
    features: tuple[str, ...]
    territory: str
    city: str = EVERY_CITY
    wallets: tuple[str, ...] = ()
    starts_date: date | None = None
    starts_time: time | None = None
    ends_date: date | None = None
    ends_time: time | None = None
    requirements: tuple[ConstraintSpec, ...] = ()
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePartner(Command):
    """Take a partner away; one whose contract ends gets a date instead."""

    app: str
    key: str


@operation(SetPartner, permission="partners")
def set_partner(command: SetPartner, _moment: Moment) -> Iterable[Change]:
    """Write the partner, its features and what it requires."""
    app = get_app(command.app)
    check_key(command.key, kind="partner")
    of = f"The partner {command.key}"
    _check_times(command, of)
    requirements = _check_requirements(command, of)
    features = _get_features(app, command, of)
    values = {
        "name": check_given(command.name, name="a name", of=of, field="name"),
        "territory": get_territory(command.territory),
        "city": _check_city(command, of),
        "wallets": _check_wallets(command, of),
        "starts_date": command.starts_date,
        "starts_time": command.starts_time,
        "ends_date": command.ends_date,
        "ends_time": command.ends_time,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "source": command.source.strip(),
        "review_date": command.review_date,
    }
    found = Partner.objects.filter(app=app, key=command.key).first()
    if found is None:
        count = app.partners.count() + 1
        check_count(count, PARTNERS_PER_APP, things=f"partners of {app.key}", field="key")
    written = put(found, Partner(app=app, key=command.key), values)
    before = describe_parts(written.row)
    _put_features(written.row, features)
    if before["requirements"] != [plain_constraint(one) for one in requirements]:
        written.row.requirements.all().delete()
        Constraint.objects.bulk_create(build_constraints(requirements, partner=written.row))
    after = describe_parts(written.row)
    pairs = {name: (before[name], after[name]) for name in after}
    return written.changes(KIND, command.key, **pairs)


@operation(RemovePartner, permission="partners")
def remove_partner(command: RemovePartner, _moment: Moment) -> Iterable[Change]:
    """Delete the partner with its terms; what it was stays in the audit."""
    app = get_app(command.app)
    row = Partner.objects.filter(app=app, key=command.key).first()
    if row is None:
        raise Refused(
            f"{app.key} has no partner “{shown(command.key)}”.", code="unknown_partner", field="key"
        )
    before = {**describe(row, COLUMNS), **describe_parts(row)}
    row.delete()
    return [Change(object_type=KIND, object_key=command.key, action="deleted", before=before)]


def describe_parts(row: Partner) -> dict[str, Any]:
    """Return the features and the requirements of a partner as JSON values, in order."""
    return {
        "features": sorted(row.features.values_list("key", flat=True)),
        "requirements": [describe_constraint(one) for one in row.requirements.all()],
    }


def _check_times(command: SetPartner, of: str) -> None:
    """Refuse times of day without a day, finer than a second, or in the wrong order."""
    bounds: list[datetime | None] = []
    for name, day, clock in (
        ("starts", command.starts_date, command.starts_time),
        ("ends", command.ends_date, command.ends_time),
    ):
        field = f"{name}_time"
        if clock is not None and day is None:
            raise Refused(
                f"{of} has the time {clock} without its date.", code="date_missing", field=field
            )
        if clock is not None and (clock.microsecond or clock.tzinfo is not None):
            raise Refused(
                f"{clock} is not a local time in whole seconds.", code="bad_time", field=field
            )
        bounds.append(datetime.combine(day, clock or time()) if day is not None else None)
    starts, ends = bounds
    if starts is not None and ends is not None and ends <= starts:
        raise Refused(
            f"{of} would end at {ends} (excluded), at or before its beginning {starts}.",
            code="dates_order",
            field="ends_date",
        )


def _check_city(command: SetPartner, of: str) -> str:
    """Return the city; refuse what no app sends, since nobody would be in it."""
    city = check_given(command.city, name="a city, or * for every city", of=of, field="city")
    if "\\" in city:
        raise Refused(f"The city “{shown(city)}” holds a backslash.", code="bad_city", field="city")
    words = city.split()
    if len(words) > 1:
        raise Refused(
            f"The city “{shown(city)}” holds a space; apps send “{'-'.join(words).casefold()}”.",
            code="bad_city",
            field="city",
        )
    return city


def _check_requirements(command: SetPartner, of: str) -> tuple[ConstraintSpec, ...]:
    """Return the constraints as they are kept; a refusal names this command's field."""
    try:
        found = canonical(command.requirements, of=of)
    except Refused as refused:
        raise Refused(refused.message, code=refused.code, field="requirements") from None
    for one in found:
        if one.context_name == "environment":
            raise Refused(
                f"{of} is the same in every environment; it cannot require one.",
                code="bad_constraint",
                field="requirements",
            )
    return found


def _check_wallets(command: SetPartner, of: str) -> list[str]:
    check_once(command.wallets, things="wallets", field="wallets")
    check_count(
        len(command.wallets), WALLETS_PER_PARTNER, things=f"wallets of {of}", field="wallets"
    )
    for wallet in command.wallets:
        if not WALLET.fullmatch(wallet):
            raise Refused(
                f"“{shown(wallet)}” is not a currency such as CNY.",
                code="bad_wallet",
                field="wallets",
            )
    return sorted(command.wallets)


def _get_features(app: App, command: SetPartner, of: str) -> list[Feature]:
    """Get the features; refuse none, unknown ones, and those that ask for no partner."""
    keys = command.features
    check_once(keys, things="features", field="features")
    check_count(len(keys), FEATURES_PER_PARTNER, things=f"features of {of}", field="features")
    if not keys:
        raise Refused(
            f"{of} needs a feature that it makes real; none was given.",
            code="features_missing",
            field="features",
        )
    found = Feature.objects.filter(app=app, key__in=keys, archived_at=None).in_bulk(field_name="pk")
    by_key = {feature.key: feature for feature in found.values()}
    for key in keys:
        if key not in by_key:
            raise Refused(
                f"{app.key} has no feature “{shown(key)}”.",
                code="unknown_feature",
                field="features",
            )
        if not by_key[key].partner_basis:
            raise Refused(
                f"{key} asks for no partner; say first where it needs one.",
                code="no_partner_needed",
                field="features",
            )
    return [by_key[key] for key in keys]


def _put_features(row: Partner, features: list[Feature]) -> None:
    """Have these features; archived ones, which no command can name, keep their links."""
    row.features.set([*features, *row.features.exclude(archived_at=None)])
