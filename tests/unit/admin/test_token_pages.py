"""What people see of client tokens: states in words, texts once, steps with a question first."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flags.admin.token_states import STATES, find_state, select_state, tell_all
from flags.models import ClientToken
from flags.operations.rotations import RotateToken
from flags.operations.tokens import CreateToken, RevokeToken
from regions.governance.execute import execute
from tests.unit.admin.conftest import SignIn
from tests.unit.world import NOW, Do

LIST = "admin:flags_clienttoken_changelist"


def make(name: str, *, now: datetime = NOW, **fields: Any) -> ClientToken:
    """Have a token that differs from the plain one only as said."""
    values = {"app": "shop", "environment": "production", "kind": "frontend", **fields}
    text = f"shop:production.secret-{name}"
    execute(CreateToken(**values, name=name, token=text), actor=None, now=now)
    return ClientToken.objects.get(name=name)


def make_each_state() -> dict[str, str]:
    """Have a token in every state, and one on each side of a border; return state by name."""
    day = timedelta(days=1)
    make("open")
    make("long", expires_at=NOW + 15 * day)
    make("soon", expires_at=NOW + 14 * day)
    make("over", expires_at=NOW + day, now=NOW - 2 * day)
    ClientToken.objects.filter(name="over").update(expires_at=NOW)
    gone = make("gone", expires_at=NOW + day)
    execute(RevokeToken(environment="production", token_id=gone.pk), actor=None, now=NOW)
    old = make("old")
    text = "shop:production.secret-new-one"
    rotate = RotateToken(environment="production", token_id=old.pk, token=text)
    execute(rotate, actor=None, now=NOW)
    ClientToken.objects.filter(replaces=old).update(name="new")
    expected = {"open": "active", "long": "active", "soon": "expiring", "over": "expired"}
    return {**expected, "gone": "revoked", "old": "replaced", "new": "active"}


def test_each_token_is_in_exactly_one_state(world: Do) -> None:
    """Say the same of one token and of a filtered list, at the borders too."""
    expected = make_each_state()
    rows: QuerySet[ClientToken] = ClientToken.objects.all()
    assert expected == {row.name: find_state(row, NOW) for row in rows}
    listed = {row.name: state for state in STATES for row in select_state(rows, state, NOW)}
    assert expected == listed
    assert len(expected) == sum(select_state(rows, state, NOW).count() for state in STATES)


def test_the_list_can_be_narrowed_by_state(world: Do, sign_in: SignIn) -> None:
    """Show the state in words and the places by name."""
    make("local", territories=("SG", "IT"), now=timezone.now())
    gone = make("gone")
    execute(RevokeToken(environment="production", token_id=gone.pk), actor=None, now=NOW)
    client = sign_in("pm")
    page = client.get(reverse(LIST), {"state": "active"}).content.decode()
    assert "Italy, Singapore" in page
    assert ">local<" in page
    assert ">gone<" not in page
    assert ">gone<" in client.get(reverse(LIST), {"state": "revoked"}).content.decode()
    assert ">gone<" in client.get(reverse(LIST), {"state": "nonsense"}).content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "backend"}, ["fetches the rules of Shop, Production", "until somebody revokes"]),
        ({}, ["what one person gets in Shop, Production"]),
        ({"kind": "preview"}, ["and why"]),
        ({"territories": ("SG", "IT")}, ["people in Italy, Singapore only"]),
        ({"expires_at": NOW + timedelta(days=9)}, ["It works until Nov. 29, 2026"]),
    ],
)
def test_a_page_says_what_a_token_may_do(
    world: Do, fields: dict[str, Any], said: list[str]
) -> None:
    """Sentences for people who know neither kinds nor scopes."""
    told = tell_all(make("one", **fields))
    assert [] == [words for words in said if words not in told]


def _ask_step(client: Client, step: str, row: ClientToken) -> str:
    address = reverse(f"admin:flags_clienttoken_step_{step}", args=[row.pk])
    return unescape(client.get(address).content.decode())


def test_a_token_is_replaced_and_the_new_text_shown_once(world: Do, sign_in: SignIn) -> None:
    """Ask first, show the text on a page that no cache keeps, and lead from one to the other."""
    old = make("Web", territories=("IT",), now=timezone.now())
    client = sign_in("admin")
    asked = _ask_step(client, "rotate", old)
    assert "Both work for a while" in asked
    assert '<option value="168" selected>7 days</option>' in asked
    address = reverse("admin:flags_clienttoken_step_rotate", args=[old.pk])
    answer = client.post(address, {"overlap": "24"})
    page = unescape(answer.content.decode())
    assert "no-store" in answer.headers["Cache-Control"]
    assert "The old token works until" in page
    assert "people in Italy only" in page
    text = page.partition('id="lf-token"')[2].partition(">")[2].partition("<")[0]
    assert text.startswith("shop:production.")
    old.refresh_from_db()
    assert old.replaced_by is not None
    for row in (old, old.replaced_by):
        seen = client.get(reverse("admin:flags_clienttoken_change", args=[row.pk]))
        assert text not in seen.content.decode()
        other = old.replaced_by if row == old else old
        assert reverse("admin:flags_clienttoken_change", args=[other.pk]) in seen.content.decode()
    assert 403 == client.post(address, {"overlap": "24"}).status_code


def test_a_revocation_says_when_the_token_was_last_used(world: Do, sign_in: SignIn) -> None:
    """Tell whom it would hit before it does."""
    row = make("Web")
    client = sign_in("admin")
    assert "It has not been used yet." in _ask_step(client, "revoke", row)
    used_at = timezone.now() - timedelta(hours=5)
    ClientToken.objects.update(last_used_at=used_at)
    assert "It was last used: 5\xa0hours ago." in _ask_step(client, "revoke", row)
    ClientToken.objects.update(last_used_at=timezone.now())
    assert "It was last used: just now." in _ask_step(client, "revoke", row)


def test_a_backend_token_for_some_places_is_refused_beside_the_field(
    world: Do, sign_in: SignIn
) -> None:
    """Say why, and keep what was typed."""
    form = {
        "app": "shop",
        "environment": "production",
        "kind": "backend",
        "name": "Server of Italy",
        "territories": ["IT"],
    }
    page = sign_in("admin").post(reverse("admin:flags_clienttoken_add"), form).content.decode()
    assert "cannot be limited to some" in page
    assert "Server of Italy" in page
    assert not ClientToken.objects.exists()


def test_who_may_not_make_tokens_sees_no_buttons(world: Do, sign_in: SignIn) -> None:
    """Let the whole staff look, and few replace or revoke."""
    row = make("Web")
    client = sign_in("guest")
    page = client.get(reverse("admin:flags_clienttoken_change", args=[row.pk])).content.decode()
    assert "step/rotate" not in page
    address = reverse("admin:flags_clienttoken_step_rotate", args=[row.pk])
    assert 403 == client.post(address, {"overlap": "24"}).status_code
