"""The canary and what the probe keeps: little, by its own name, and never more than a bound."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flags.models import ClientToken, ProbeResult, Snapshot
from flags.operations import probes
from flags.operations.probes import (
    VALUES,
    forget_turns,
    keep_result,
    prepare_canary,
    turn_canary,
)
from flags.operations.rotations import RotateToken
from flags.operations.tokens import RevokeToken, new_token_text
from regions.governance.models import AuditEntry, Environment
from regions.governance.policy import CANARY, PROBE
from regions.models import App
from tests.unit.world import NOW, Do


def test_preparing_again_changes_nothing(world: Do) -> None:
    """Have the same token in every worker, and one row of each thing, by the probe's name."""
    token = prepare_canary("production", now=NOW)
    audited = AuditEntry.objects.count()
    assert token == prepare_canary("production", now=NOW + timedelta(days=1))
    assert audited == AuditEntry.objects.count()
    assert {PROBE} == set(
        AuditEntry.objects.filter(app_key=CANARY).values_list("actor_name", flat=True)
    )
    kept = ClientToken.objects.get(name=PROBE)
    assert (CANARY, "backend") == (kept.app.key if kept.app else "", kept.kind)
    assert token.partition(".")[2] not in repr(list(AuditEntry.objects.values()))


def test_a_revoked_token_is_followed_by_another(world: Do) -> None:
    """Let in nobody with the old text, and the probe with a new one."""
    token = prepare_canary("production", now=NOW)
    world(RevokeToken(environment="production", token_id=ClientToken.objects.get().pk))
    assert token != prepare_canary("production", now=NOW)
    assert 1 == ClientToken.objects.filter(revoked_at=None).count()


def test_a_replaced_token_is_followed_by_another(world: Do) -> None:
    """Go on with a token of its own, since the probe cannot know what somebody put in its place."""
    token = prepare_canary("production", now=NOW)
    successor = new_token_text(CANARY, "production")
    number = ClientToken.objects.get().pk
    world(RotateToken(environment="production", token_id=number, token=successor))
    followed = prepare_canary("production", now=NOW)
    assert followed not in {token, successor}
    assert followed == prepare_canary("production", now=NOW)


def test_a_turn_is_one_change_of_one_environment(world: Do) -> None:
    """Touch the probed environment alone, and nothing when the value is there already."""
    prepare_canary("production", now=NOW)
    assert {} == turn_canary("production", VALUES[0], now=NOW).change_seqs
    assert {"production"} == turn_canary("production", VALUES[1], now=NOW).change_seqs.keys()


def test_results_are_bounded_in_age_and_number(world: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete what is older than seven days, and the oldest above the number."""
    monkeypatch.setattr(probes, "KEPT_RESULTS", 3)
    keep_result("production", at=NOW - timedelta(days=7, seconds=1), seconds=0.1, trouble="")
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        keep_result("production", at=at, seconds=number / 10, trouble="")
    kept = ProbeResult.objects.order_by("at").values_list("seconds", flat=True)
    assert [0.2, 0.3, 0.4] == list(kept)


def test_turns_leave_nothing_that_grows(world: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the newest snapshots of the canary, a week of its turns, and all that others did."""
    monkeypatch.setattr(probes, "KEPT_SNAPSHOTS", 2)
    prepare_canary("production", now=NOW)
    production = Environment.objects.get(key="production")
    for key in (CANARY, "shop"):
        Snapshot.objects.bulk_create(
            Snapshot(
                environment=production,
                app=App.objects.get(key=key),
                part="content",
                epoch=1,
                revision=revision,
                change_seq=revision,
                digest="",
                body=b"",
                created_at=NOW,
            )
            for revision in range(1, 5)
        )
    turn_canary("production", VALUES[1], now=NOW + timedelta(days=7))
    others = AuditEntry.objects.exclude(command="SetTargeting").count()
    forget_turns("production", now=NOW + timedelta(days=7, seconds=1))
    rows = Snapshot.objects.order_by("revision")
    assert [3, 4] == list(rows.filter(app__key=CANARY).values_list("revision", flat=True))
    assert 4 == rows.filter(app__key="shop").count()
    assert 1 == AuditEntry.objects.filter(command="SetTargeting").count()
    assert others == AuditEntry.objects.exclude(command="SetTargeting").count()
