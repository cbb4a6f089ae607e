"""Commands about kill switches."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User

from flags.models import KillSwitch
from flags.operations.kills import PullKillSwitch, ReleaseKillSwitch
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, execute
from regions.governance.models import Outbox
from regions.governance.policy import APPROVERS, PRODUCT_MANAGERS
from tests.unit.world import NOW, Do


def a_kill(**differences: object) -> PullKillSwitch:
    """Return a command for a switch that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "key": "kill-1",
        "feature": "pay.card",
        "reason": "it crashes",
        "owner": "on-call",
        "expires_at": NOW + timedelta(days=7),
    }
    return PullKillSwitch(**{**values, **differences})  # type: ignore[arg-type]


def release(key: str = "kill-1") -> ReleaseKillSwitch:
    """Return a command that lets the switch go."""
    return ReleaseKillSwitch(app="shop", environment="production", key=key)


def test_a_switch_is_pulled_released_and_pulled_anew(world: Do) -> None:
    """A released switch keeps who released it, until it is pulled again."""
    world(a_kill(territory="SG", platform="ios"))
    world(release())
    row = KillSwitch.objects.get()
    assert (NOW, "system") == (row.released_at, row.released_by)
    assert not world(release()).changed
    world(a_kill())
    row = KillSwitch.objects.get()
    assert (None, "", "") == (row.released_at, row.released_by, row.platform)


def test_a_switch_that_is_pulled_keeps_its_beginning(world: Do) -> None:
    """Asking for a later decision does not move the moment from which it holds."""
    world(a_kill())
    later = NOW + timedelta(hours=1)
    execute(a_kill(expires_at=NOW + timedelta(days=9)), actor=None, now=later)
    assert NOW == KillSwitch.objects.get().since_at


def test_a_key_is_made_up_from_day_and_target(world: Do) -> None:
    """Two switches without keys on one day get different ones."""
    world(a_kill(key=""))
    world(a_kill(key=""))
    keys = sorted(KillSwitch.objects.values_list("key", flat=True))
    assert ["kill-2026-11-20-pay.card", "kill-2026-11-20-pay.card-2"] == keys


def test_switches_go_out_as_a_part_of_their_own(world: Do) -> None:
    """A kill switch asks for the kills part only, and in its environment only."""
    receipt = world(a_kill())
    rows = Outbox.objects.filter(part="kills").values_list("environment__key", "change_seq")
    assert list(receipt.change_seqs.items()) == list(rows)


def test_pulling_needs_less_than_releasing(world: Do) -> None:
    """A product manager may pull and not release; an approver may release."""
    pm, approver = (User.objects.create_user(name) for name in ("pm", "approver"))
    pm.groups.add(Group.objects.get(name=PRODUCT_MANAGERS))
    approver.groups.add(Group.objects.get(name=APPROVERS))
    execute(a_kill(), actor=pm, now=NOW)
    with pytest.raises(PermissionRefused):
        execute(release(), actor=pm, now=NOW)
    execute(release(), actor=approver, now=NOW)
    assert "approver" == KillSwitch.objects.get().released_by


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (a_kill(reason=" "), "reason_missing", "reason"),
        (a_kill(owner=""), "owner_missing", "owner"),
        (a_kill(expires_at=NOW), "expired", "expires_at"),
        (a_kill(expires_at=datetime(2027, 1, 1)), "zone_missing", "expires_at"),  # noqa: DTZ001
        (a_kill(feature=""), "one_target", "feature"),
        (a_kill(bundle="pay"), "one_target", "feature"),
        (a_kill(feature="nope"), "unknown_feature", "feature"),
        (a_kill(territory="XX"), "unknown_country", "territory"),
        (a_kill(platform="symbian"), "unknown_platform", "platform"),
        (a_kill(key="Kill 1"), "bad_key", "key"),
        (release("kill-9"), "unknown_kill_switch", "key"),
    ],
)
def test_switches_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault; nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
    assert not KillSwitch.objects.exists()
