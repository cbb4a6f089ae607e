"""Commands about cluster rollouts: whole groups, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.engine.atoms import normalise_name
from flags.models import ClusterRollout
from flags.operations.constraints import CONTEXT_NAME
from flags.operations.lookups import get_environment, get_feature
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App
from regions.operations.checks import (
    KEY_CHARACTERS,
    check_count,
    check_given,
    check_key,
    check_once,
    get_app,
    get_territory,
    shown,
)
from regions.operations.rows import drop, put

KIND = "cluster-rollout"
GROUPS_MAX = 200
NOT_OF_A_PERSON = ("currentTime", "environment")
COLUMNS = (
    *("feature", "territory", "field", "order", "enabled"),
    *("reason", "owner", "source", "review_date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetClusterRollout(Command):
    """Give a feature to whole groups of people: the first `enabled` of `order` have it.

    `field` is the context field that names a person's groups. Without `territory` it holds
    wherever no other rollout of the feature does.
    """

    app: str
    environment: str
    key: str
    feature: str
    territory: str = ""
    field: str = "clusters"
    order: tuple[str, ...]
    enabled: int = 0
    reason: str
    owner: str
    source: str = ""
    review_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClusterRollout(Command):
    """Enable the next group, named so that nobody enables another one by mistake."""

    app: str
    environment: str
    key: str
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveClusterRollout(Command):
    """Take a rollout back, so that groups are asked no more."""

    app: str
    environment: str
    key: str


@operation(SetClusterRollout, permission="clusters")
def set_cluster_rollout(command: SetClusterRollout, _moment: Moment) -> Iterable[Change]:
    """Write the rollout; a feature has one at each place."""
    app = get_app(command.app)
    check_key(command.key, kind="cluster rollout")
    of = f"The cluster rollout {command.key}"
    feature = get_feature(app, command.feature)
    territory = get_territory(command.territory) if command.territory else None
    order = _check_order(command.order, of=of)
    _check_enabled(command.enabled, len(order), of=of)
    _check_field(command.field, of=of)
    values = {
        "feature": feature,
        "territory": territory,
        "field": command.field,
        "order": order,
        "enabled": command.enabled,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "source": command.source.strip(),
        "review_date": command.review_date,
    }
    rows = ClusterRollout.objects.filter(app=app, environment__key=command.environment)
    other = rows.filter(feature=feature, territory=territory).exclude(key=command.key).first()
    if other is not None:
        raise Refused(
            f"{feature.key} has the cluster rollout {other.key} at {command.territory or '*'}"
            " already; change that one.",
            code="overlapping_rollout",
            field="territory",
        )
    blank = ClusterRollout(
        app=app, environment=get_environment(command.environment), key=command.key
    )
    return put(rows.filter(key=command.key).first(), blank, values).changes(KIND, command.key)


@operation(AdvanceClusterRollout, permission="clusters")
def advance_cluster_rollout(command: AdvanceClusterRollout, _moment: Moment) -> Iterable[Change]:
    """Enable the named group when it is the next; one that is enabled stays so."""
    row = _get_rollout(get_app(command.app), command.environment, command.key)
    wanted = normalise_name(command.cluster)
    enabled = {normalise_name(name) for name in row.order[: row.enabled]}
    if wanted in enabled:
        return []
    following = find_next(row)
    if following is None or normalise_name(following) != wanted:
        raise Refused(
            f"The next group of {row.key} is"
            f" {shown(following) if following else 'none: all are enabled'},"
            f" not “{shown(command.cluster)}”.",
            code="not_next",
            field="cluster",
        )
    return put(row, row, {"enabled": row.enabled + 1}).changes(KIND, row.key)


@operation(RemoveClusterRollout, permission="clusters")
def remove_cluster_rollout(command: RemoveClusterRollout, _moment: Moment) -> Iterable[Change]:
    """Delete the rollout; what it was stays in the audit."""
    row = _get_rollout(get_app(command.app), command.environment, command.key)
    return drop(row, COLUMNS, KIND, row.key)


def find_next(row: ClusterRollout) -> str | None:
    """Return the group that comes next, None when all are enabled."""
    return row.order[row.enabled] if row.enabled < len(row.order) else None


def _get_rollout(app: App, environment: str, key: str) -> ClusterRollout:
    row = ClusterRollout.objects.filter(app=app, environment__key=environment, key=key).first()
    if row is None:
        raise Refused(
            f"{app.key} has no cluster rollout “{shown(key)}” in {environment}.",
            code="unknown_rollout",
            field="key",
        )
    return row


def _check_order(order: tuple[str, ...], *, of: str) -> list[str]:
    """Return the groups as they are kept, or refuse what no context could ever name."""
    check_count(len(order), GROUPS_MAX, things="groups of a cluster rollout", field="order")
    names = [
        check_given(name, name="a name for each group", of=of, field="order") for name in order
    ]
    if not names:
        raise Refused(f"{of} needs groups; none was given.", code="order_missing", field="order")
    for name in names:
        if "," in name or len(name) > KEY_CHARACTERS:
            raise Refused(
                f"“{shown(name)}” cannot be a group: it has a comma, or more than"
                f" {KEY_CHARACTERS} characters.",
                code="bad_group",
                field="order",
            )
    check_once([normalise_name(name) for name in names], things="groups", field="order")
    return names


def _check_enabled(enabled: int, groups: int, *, of: str) -> None:
    if isinstance(enabled, bool) or not 0 <= enabled <= groups:
        raise Refused(
            f"{of} may enable from 0 to all {groups} of its groups; these are {enabled}.",
            code="out_of_range",
            field="enabled",
        )


def _check_field(field: str, *, of: str) -> None:
    """Refuse what is no field of a person."""
    if not CONTEXT_NAME.fullmatch(field) or field in NOT_OF_A_PERSON:
        raise Refused(
            f"{of} cannot ask the context field “{shown(field)}”: it must match"
            f" {CONTEXT_NAME.pattern} and be none of {', '.join(NOT_OF_A_PERSON)}.",
            code="bad_field",
            field="field",
        )
