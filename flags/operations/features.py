"""Commands about bundles and features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet

from flags.models import Bundle, Feature, PlatformProfile, Requirement
from flags.models.feature import (
    FAIL_DIRECTIONS,
    LAW_SIGNALS,
    OFFER_BASES,
    OFFER_STATUSES,
    PARTNER_BASES,
)
from flags.models.feature import VALUE_TYPES as VALUE_TYPE_CHOICES
from flags.operations.lookups import get_bundle, get_feature
from flags.operations.tags import check_tags
from flags.operations.values import ValueRules, check_rules, check_variants, settle_off_value
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App
from regions.operations.checks import (
    check_choice,
    check_count,
    check_given,
    check_key,
    check_once,
    get_app,
    shown,
)
from regions.operations.rows import put

FEATURES_PER_APP = 5_000
REQUIREMENTS_PER_FEATURE = 30
HIGHEST_POSITION = 32_767
NAMED_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBundle(Command):
    """Have a bundle with this name, description and position on the board."""

    app: str
    key: str
    name: str
    description: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFeature(Command):
    """Have a feature just like this; an archived one comes back."""

    app: str
    key: str
    bundle: str
    description: str
    owner: str
    value_type: str = "boolean"
    off_value: object = False
    value_schema: Mapping[str, object] = field(default_factory=dict)
    offer_basis: str
    law_basis: tuple[str, ...] = ()
    fail_direction: str = "open"
    partner_basis: str = ""
    default_status: str = "not-offered"
    profile: str = ""
    requires: tuple[str, ...] = ()
    text_key: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFeature(Command):
    """Take a feature out of everything that is published; its history stays."""

    app: str
    key: str


@operation(SetBundle, permission="features")
def set_bundle(command: SetBundle, _moment: Moment) -> Iterable[Change]:
    """Write the bundle."""
    app = get_app(command.app)
    check_key(command.key, kind="bundle")
    _check_free(command.key, Feature.objects.filter(app=app), kind="feature")
    name = check_given(command.name, name="a name", of=f"The bundle {command.key}", field="name")
    if not 0 <= command.position <= HIGHEST_POSITION:
        raise Refused(
            f"The position of {command.key} must be from 0 to {HIGHEST_POSITION};"
            f" this one is {command.position}.",
            code="out_of_range",
            field="position",
        )
    written = put(
        Bundle.objects.filter(app=app, key=command.key).first(),
        Bundle(app=app, key=command.key),
        {"name": name, "description": command.description, "position": command.position},
    )
    return written.changes("bundle", command.key)


@operation(SetFeature, permission="features")
def set_feature(command: SetFeature, _moment: Moment) -> Iterable[Change]:
    """Write the feature and what it requires."""
    app = get_app(command.app)
    of = f"The feature {shown(command.key)}"
    check_key(command.key, kind="feature")
    _check_free(command.key, Bundle.objects.filter(app=app), kind="bundle")
    _check_words(command)
    rules = _read_rules(command)
    values: dict[str, object] = {
        "bundle": get_bundle(app, command.bundle),
        "description": check_given(
            command.description, name="a description", of=of, field="description"
        ),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "value_type": command.value_type,
        "off_value": rules.off,
        "value_schema": dict(rules.schema),
        "offer_basis": command.offer_basis,
        "law_basis": [signal for signal in LAW_SIGNALS if signal in command.law_basis],
        "fail_direction": command.fail_direction,
        "partner_basis": command.partner_basis,
        "default_status": command.default_status,
        "profile": _get_profile(app, command.profile),
        "text_key": command.text_key,
        "tags": check_tags(command.tags, of=of),
        "archived_at": None,
    }
    found = Feature.objects.filter(app=app, key=command.key).first()
    if found is None:
        check_count(
            app.features.count() + 1, FEATURES_PER_APP, things=f"features of {app.key}", field="key"
        )
    required = _get_required(app, command)
    _check_partners(found, command)
    if found is not None:
        check_variants(found, rules)
    written = put(found, Feature(app=app, key=command.key), values)
    before, after = _set_required(written.row, required)
    return written.changes("feature", command.key, requires=(before, after))


@operation(ArchiveFeature, permission="features")
def archive_feature(command: ArchiveFeature, moment: Moment) -> Iterable[Change]:
    """Mark the feature as archived, unless another one still requires it."""
    app = get_app(command.app)
    feature = Feature.objects.filter(app=app, key=command.key).first()
    if feature is None:
        get_feature(app, command.key, field="key")
    elif feature.archived_at is None:
        dependants = feature.dependants.filter(feature__archived_at=None)
        keys = sorted(dependants.values_list("feature__key", flat=True))
        if keys:
            raise Refused(
                f"{feature.key} cannot be archived: it is required by {', '.join(keys)}.",
                code="still_required",
                field="key",
            )
        written = put(feature, feature, {"archived_at": moment.now})
        return written.changes("feature", feature.key)
    return []


def _check_free(key: str, others: QuerySet[Feature] | QuerySet[Bundle], *, kind: str) -> None:
    """Refuse a key of the other kind: rules, board and audit name either by its key alone."""
    if others.filter(key=key).exists():
        raise Refused(f"{key} is a {kind} already.", code="key_taken", field="key")


def _read_rules(command: SetFeature) -> ValueRules:
    """Return what values have to be like; the off value is the first that must be so."""
    off = settle_off_value(feature=command.key, kind=command.value_type, value=command.off_value)
    rules = ValueRules(
        feature=command.key, kind=command.value_type, schema=command.value_schema, off=off
    )
    check_rules(rules)
    return rules


def _check_words(command: SetFeature) -> None:
    choices: Mapping[str, tuple[object, tuple[tuple[str, object], ...]]] = {
        "value_type": ("value type", VALUE_TYPE_CHOICES),
        "offer_basis": ("offer basis", OFFER_BASES),
        "fail_direction": ("fail direction", FAIL_DIRECTIONS),
        "partner_basis": ("partner basis", (("", ""), *PARTNER_BASES)),
        "default_status": ("status", OFFER_STATUSES),
    }
    for word, (name, pairs) in choices.items():
        known = [choice for choice, _label in pairs]
        check_choice(getattr(command, word), known, name=str(name), field=word)
    for signal in command.law_basis:
        check_choice(signal, LAW_SIGNALS, name="signal", field="law_basis")
    check_once(command.law_basis, things="law signals", field="law_basis")


def _check_partners(found: Feature | None, command: SetFeature) -> None:
    """Refuse to ask for no partner while some are written: they would decide nothing."""
    if found is None or command.partner_basis:
        return
    keys = list(found.partners.order_by("key").values_list("key", flat=True))
    if keys:
        raise Refused(
            f"{found.key} cannot go without partners: it is named by {_list_some(keys)}.",
            code="still_partnered",
            field="partner_basis",
        )


def _list_some(keys: list[str]) -> str:
    more = f" and {len(keys) - NAMED_MAX} more" if len(keys) > NAMED_MAX else ""
    return f"{', '.join(keys[:NAMED_MAX])}{more}"


def _get_profile(app: App, key: str) -> PlatformProfile | None:
    if not key:
        return None
    profile = PlatformProfile.objects.filter(app=app, key=key).first()
    if profile is None:
        raise Refused(
            f"{app.key} has no platform profile “{shown(key)}”.",
            code="unknown_profile",
            field="profile",
        )
    return profile


def _get_required(app: App, command: SetFeature) -> list[Feature]:
    """Get the required features; refuse unknown ones and circles."""
    check_once(command.requires, things="required features", field="requires")
    check_count(
        len(command.requires), REQUIREMENTS_PER_FEATURE, things="requirements", field="requires"
    )
    if not command.requires:
        return []
    if command.key in command.requires:
        raise _circle([command.key, command.key])
    found = {
        feature.key: feature
        for feature in Feature.objects.filter(app=app, key__in=command.requires, archived_at=None)
    }
    for key in command.requires:
        if key not in found:
            raise Refused(
                f"{app.key} has no feature “{shown(key)}” that {command.key} could require.",
                code="unknown_feature",
                field="requires",
            )
    _check_circles(app, command)
    return [found[key] for key in command.requires]


def _check_circles(app: App, command: SetFeature) -> None:
    """Walk what the required features require; meeting the feature itself is a circle."""
    edges: dict[str, list[str]] = {}
    rows = Requirement.objects.filter(feature__app=app).order_by("required__key")
    for feature, required in rows.values_list("feature__key", "required__key"):
        edges.setdefault(feature, []).append(required)
    edges[command.key] = list(command.requires)
    came_from: dict[str, str] = {}
    waiting = [command.key]
    while waiting:
        key = waiting.pop()
        for required in edges.get(key, ()):
            if required == command.key:
                path = [command.key, key]
                while path[-1] != command.key:
                    path.append(came_from[path[-1]])
                raise _circle(path[::-1])
            if required not in came_from:
                came_from[required] = key
                waiting.append(required)


def _circle(path: list[str]) -> Refused:
    return Refused(
        f"{path[0]} would require itself: {' -> '.join(path)}.", code="cycle", field="requires"
    )


def _set_required(feature: Feature, required: list[Feature]) -> tuple[list[str], list[str]]:
    before = sorted(feature.requirements.values_list("required__key", flat=True))
    after = sorted(row.key for row in required)
    if before != after:
        feature.requirements.exclude(required__in=required).delete()
        Requirement.objects.bulk_create(
            Requirement(feature=feature, required=row) for row in required if row.key not in before
        )
    return before, after
