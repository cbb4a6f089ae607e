"""The one door: all of a command or nothing, with audit and outbox."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from flags.models import Bundle
from flags.operations.features import SetBundle
from flags.operations.kills import PullKillSwitch
from flags.operations.tokens import CreateToken
from regions.governance import relay
from regions.governance.commands import Refused, describe, get_registration, list_registrations
from regions.governance.execute import PermissionRefused, execute, is_allowed
from regions.governance.models import AuditEntry, Environment, Outbox
from regions.governance.policy import GRANTS
from regions.operations import SetEnvironment
from tests.unit.world import NOW, Do


def person(name: str, group: str) -> User:
    """Return a new person in one group."""
    user = User.objects.create_user(name)
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def test_a_change_is_counted_audited_and_queued_together(world: Do) -> None:
    """Row, counter, audit with before and after, and outbox come with one change."""
    world(SetBundle(app="shop", key="chat", name="Chat"))
    before = dict(Environment.objects.values_list("key", "change_seq"))
    receipt = world(SetBundle(app="shop", key="chat", name="Talk"))
    entry = AuditEntry.objects.latest("id")
    assert {key: seq + 1 for key, seq in before.items()} == receipt.change_seqs
    assert ("bundle", "chat", "updated", "system") == (
        entry.object_type,
        entry.object_key,
        entry.action,
        entry.actor_name,
    )
    assert ("Chat", "Talk") == ((entry.before or {})["name"], (entry.after or {})["name"])
    assert set(receipt.change_seqs.items()) <= set(
        Outbox.objects.filter(part="content").values_list("environment__key", "change_seq")
    )


def test_an_identical_command_changes_nothing(world: Do) -> None:
    """The same command again leaves counters, audit and outbox alone."""
    counts = (AuditEntry.objects.count(), Outbox.objects.count())
    receipt = world(SetBundle(app="shop", key="pay", name="Pay"))
    assert not receipt.changed
    assert {} == receipt.change_seqs
    assert counts == (AuditEntry.objects.count(), Outbox.objects.count())


def test_a_refused_command_stores_nothing(world: Do) -> None:
    """A refusal from an operation leaves every row as it was."""
    counts = (Bundle.objects.count(), AuditEntry.objects.count(), Outbox.objects.count())
    with pytest.raises(Refused):
        world(SetBundle(app="shop", key="chat", name="x" * 121))
    assert counts == (Bundle.objects.count(), AuditEntry.objects.count(), Outbox.objects.count())


@pytest.mark.parametrize(
    ("text", "code"),
    [("pay\0", "nul_character"), ("pay\ud800", "invalid_unicode")],
)
def test_characters_that_nothing_can_carry_are_refused(world: Do, text: str, code: str) -> None:
    """NUL and lone surrogates are refused in any text, and the field is named."""
    with pytest.raises(Refused) as caught:
        world(SetBundle(app="shop", key="chat", name="Chat", description=text))
    assert (code, "description") == (caught.value.code, caught.value.field)


@pytest.mark.parametrize("key", ["moon", ""])
def test_an_unknown_environment_is_refused(world: Do, key: str) -> None:
    """A command for an environment that does not exist names it; none is not every one."""
    command = CreateToken(environment=key, kind="backend", name="x", token=f"*:{key}.12345678")
    with pytest.raises(Refused, match=f"no environment “{key}”") as caught:
        world(command)
    assert "environment" == caught.value.field


def test_only_the_environment_that_a_command_names_is_counted(world: Do) -> None:
    """A command with an environment leaves the others' counters alone."""
    before = Environment.objects.get(key="staging").change_seq
    receipt = world(a_kill())
    assert ["production"] == list(receipt.change_seqs)
    assert before == Environment.objects.get(key="staging").change_seq


@pytest.mark.parametrize(("group", "allowed"), [("product-managers", True), ("translators", False)])
def test_permissions_come_from_groups(world: Do, group: str, *, allowed: bool) -> None:
    """A person of the right group may; another is refused and nothing is stored."""
    user = person("someone", group)
    command = SetBundle(app="shop", key="chat", name="Chat")
    assert allowed == is_allowed(SetBundle, user)
    if allowed:
        assert execute(command, actor=user, now=NOW).changed
    else:
        with pytest.raises(PermissionRefused, match="someone"):
            execute(command, actor=user, now=NOW)
    assert allowed == Bundle.objects.filter(key="chat").exists()


def test_an_inactive_superuser_may_nothing(world: Do) -> None:
    """Being switched off outranks being a superuser."""
    user = User.objects.create_superuser("gone", is_active=False)
    with pytest.raises(PermissionRefused):
        execute(SetEnvironment(key="moon", name="Moon"), actor=user, now=NOW)


def test_every_operation_asks_for_a_declared_permission() -> None:
    """No operation names a permission that the policy does not know."""
    unknown = {entry.permission for entry in list_registrations()} - GRANTS.keys()
    assert set() == unknown


def test_a_token_never_stands_in_a_log() -> None:
    """The text of a token is hidden wherever a command is described."""
    command = CreateToken(environment="production", kind="backend", name="x", token="*:p.secret12")
    described = describe(command, get_registration(CreateToken).secrets)
    assert "***" == described["token"]
    assert "secret12" not in str(described)


def test_what_runs_after_a_commit_waits_for_the_outermost_one(
    world: Do,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """A kill switch in a transaction that is undone is never published."""
    monkeypatch.setattr(relay, "nudge", lambda: None)
    with django_capture_on_commit_callbacks() as undone, transaction.atomic():
        world(a_kill())
        transaction.set_rollback(True)
    with django_capture_on_commit_callbacks() as kept:
        world(a_kill())
    assert (0, 2) == (len(undone), len(kept))


def a_kill() -> PullKillSwitch:
    """Return a command that pulls a switch in production."""
    return PullKillSwitch(
        app="shop",
        environment="production",
        key="kill-1",
        feature="pay.card",
        reason="it crashes",
        owner="on-call",
        expires_at=NOW.replace(year=2027),
    )
