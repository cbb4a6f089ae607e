"""Commands about cluster rollouts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from flags.engine import definitions as made
from flags.models import ClusterRollout
from flags.operations.clusters import (
    AdvanceClusterRollout,
    RemoveClusterRollout,
    SetClusterRollout,
)
from flags.operations.features import ArchiveFeature
from flags.queries.definitions import load_definitions
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, execute
from regions.governance.models import AuditEntry
from regions.governance.policy import APPROVERS, PRODUCT_MANAGERS
from tests.unit.world import NOW, Do

SCHOOLS = ("ucla", "NYU", "mit")


def a_rollout(**differences: object) -> SetClusterRollout:
    """Return a command for a rollout that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "key": "campus",
        "feature": "pay.card",
        "order": SCHOOLS,
        "reason": "friends move together",
        "owner": "growth-team",
    }
    return SetClusterRollout(**{**values, **differences})  # type: ignore[arg-type]


def advance(cluster: str, key: str = "campus") -> AdvanceClusterRollout:
    """Return a command that enables a group."""
    return AdvanceClusterRollout(app="shop", environment="production", key=key, cluster=cluster)


def test_groups_are_enabled_one_after_the_other(world: Do) -> None:
    """Each step is a change with both sides in the audit; a second press is none."""
    world(a_rollout(enabled=1))
    world(advance("nyu"))
    assert not world(advance("NYU")).changed
    assert not world(advance("ucla")).changed
    assert 2 == ClusterRollout.objects.get().enabled
    entry = AuditEntry.objects.filter(object_type="cluster-rollout").latest("id")
    assert ("campus", {"enabled": 1}, {"enabled": 2}) == (
        entry.object_key,
        entry.before,
        entry.after,
    )


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (advance("mit"), "next group of campus is NYU, not “mit”"),
        (advance("oxford"), "next group of campus is NYU, not “oxford”"),
        (advance("oxford", "full"), "is none: all are enabled"),
        (advance("nyu", "nope"), "no cluster rollout “nope”"),
        (RemoveClusterRollout(app="shop", environment="production", key="nope"), "“nope”"),
    ],
)
def test_only_the_next_group_is_enabled(world: Do, command: Command, told: str) -> None:
    """Another one is refused, and the next is named."""
    world(a_rollout(enabled=1))
    world(a_rollout(key="full", territory="SG", enabled=3))
    with pytest.raises(Refused, match=told):
        world(command)


@pytest.mark.parametrize(
    ("differences", "code"),
    [
        ({"key": "Bad Key"}, "bad_key"),
        ({"feature": "nope"}, "unknown_feature"),
        ({"territory": "UK"}, "unknown_country"),
        ({"order": ()}, "order_missing"),
        ({"order": ("a", " ")}, "order_missing"),
        ({"order": ("a,b",)}, "bad_group"),
        ({"order": ("x" * 101,)}, "bad_group"),
        ({"order": ("ucla", " UCLA ")}, "named_twice"),
        ({"order": tuple(map(str, range(201)))}, "too_many"),
        ({"enabled": 4}, "out_of_range"),
        ({"enabled": -1}, "out_of_range"),
        ({"field": "school id"}, "bad_field"),
        ({"field": "currentTime"}, "bad_field"),
        ({"field": "environment"}, "bad_field"),
        ({"reason": ""}, "reason_missing"),
        ({"owner": " "}, "owner_missing"),
        ({"key": "other"}, "overlapping_rollout"),
    ],
)
def test_a_rollout_that_cannot_be_is_refused(
    world: Do, differences: dict[str, object], code: str
) -> None:
    """Each refusal has a code, and stores nothing."""
    world(a_rollout())
    with pytest.raises(Refused) as caught:
        world(a_rollout(**differences))
    assert (code, 1) == (caught.value.code, ClusterRollout.objects.count())


def test_a_feature_has_a_rollout_at_each_place(world: Do) -> None:
    """A territory's own, another feature's and another environment's do not overlap."""
    for command in (
        a_rollout(),
        a_rollout(key="sg", territory="SG"),
        a_rollout(key="it", territory="IT"),
        a_rollout(key="transfer", feature="pay.transfer"),
        a_rollout(environment="staging"),
    ):
        world(command)
    assert 5 == ClusterRollout.objects.count()
    world(RemoveClusterRollout(app="shop", environment="production", key="sg"))
    assert 4 == ClusterRollout.objects.count()


def test_definitions_carry_what_rollouts_say(world: Do) -> None:
    """Groups stay in their order, rollouts come by key, archived features take theirs along."""
    world(a_rollout(order=(" ucla ", "NYU"), enabled=1))
    world(a_rollout(key="a-city", feature="pay.transfer", territory="SG", field="city"))
    world(a_rollout(key="z", environment="staging"))
    city, campus = load_definitions("shop", "production").clusters
    assert ("a-city", "SG", "city", 0) == (
        city.rule.key,
        city.territory,
        city.field,
        city.enabled,
    )
    assert (
        made.ClusterRollout(
            rule=made.Rule("campus", "friends move together", "growth-team"),
            feature="pay.card",
            order=("ucla", "NYU"),
            enabled=1,
        )
        == campus
    )
    world(ArchiveFeature(app="shop", key="pay.transfer"))
    assert (campus,) == load_definitions("shop", "production").clusters


@pytest.mark.parametrize(("group", "may"), [(PRODUCT_MANAGERS, True), (APPROVERS, False)])
def test_product_managers_roll_out(world: Do, group: str, *, may: bool) -> None:
    """Nobody else sets or advances a rollout."""
    person = User.objects.create(username="somebody")
    person.groups.add(Group.objects.get_or_create(name=group)[0])
    world(a_rollout())
    for command in (a_rollout(enabled=1), advance("nyu")):
        if may:
            assert execute(command, actor=person, now=NOW).changed
        else:
            with pytest.raises(PermissionRefused, match="clusters"):
                execute(command, actor=person, now=NOW)
