"""Commands about credentials of client apps."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from flags.models import ClientToken
from flags.operations import tokens
from flags.operations.tokens import CreateToken, RevokeToken, new_token_text
from flags.queries.definitions import load_access
from regions.governance.commands import Command, Refused
from regions.governance.execute import execute
from regions.governance.models import AuditEntry, Outbox
from tests.unit.world import NOW, Do

TEXT = "shop:production.a-secret_1"


def a_token(**differences: object) -> CreateToken:
    """Return a command for a token that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "kind": "frontend",
        "name": "Web",
        "token": TEXT,
    }
    return CreateToken(**{**values, **differences})  # type: ignore[arg-type]


def test_only_the_digest_of_a_token_is_kept(world: Do) -> None:
    """Neither row nor audit knows the text; the access part is asked for."""
    receipt = world(a_token())
    row = ClientToken.objects.get()
    assert hashlib.sha256(TEXT.encode()).hexdigest() == row.digest
    audit = "".join(map(str, AuditEntry.objects.values_list("object_key", "before", "after")))
    assert "a-secret_1" not in audit
    assert row.digest not in audit
    assert list(receipt.change_seqs.items()) == list(
        Outbox.objects.filter(part="access").values_list("environment__key", "change_seq")
    )


@pytest.mark.parametrize("app", ["", "*"])
def test_a_token_may_read_every_app_of_its_environment(world: Do, app: str) -> None:
    """Empty and `*` both mean every app."""
    world(a_token(app=app, token="*:production.a-secret_1"))
    assert ClientToken.objects.get().app is None


def test_made_up_texts_are_accepted_and_never_the_same(world: Do) -> None:
    """A made-up text fits the rules for texts."""
    first, second = (new_token_text("shop", "production") for _again in range(2))
    assert first != second
    world(a_token(token=first))
    world(a_token(token=second, name="Other"))
    assert 2 == ClientToken.objects.count()


def test_the_same_token_again_changes_nothing(world: Do) -> None:
    """A token that is here as wanted is left alone; another of its text is refused."""
    world(a_token())
    assert not world(a_token()).changed
    with pytest.raises(Refused, match="used before"):
        world(a_token(kind="backend"))


def test_a_token_may_be_limited_to_some_territories(world: Do) -> None:
    """The access part names them in order; the token again, in any order, changes nothing."""
    world(a_token(territories=("US", "IT"), event_streams=True))
    token = load_access("production", now=NOW).tokens[0]
    assert (("IT", "US"), True) == (token.territories, token.event_streams)
    assert not world(a_token(territories=("IT", "US"), event_streams=True)).changed
    with pytest.raises(Refused, match="used before"):
        world(a_token(territories=("IT",), event_streams=True))


@pytest.mark.parametrize(("days", "expected"), [(1, ["Web"]), (29, ["Web"]), (31, []), (400, [])])
def test_a_token_that_expired_is_told_for_a_month(
    world: Do, days: int, expected: list[str]
) -> None:
    """Publish it so long, so that its app hears why it is refused; then leave it out."""
    world(a_token(expires_at=NOW + timedelta(hours=1)))
    access = load_access("production", now=NOW + timedelta(hours=1, days=days))
    assert expected == [token.name for token in access.tokens]


def test_tokens_that_expired_leave_room(world: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count those that let somebody in, so that years of rotations never fill the limit."""
    monkeypatch.setattr(tokens, "TOKENS", 2)
    end = NOW + timedelta(hours=1)
    world(a_token(expires_at=end))
    world(a_token(name="Other", token=f"{TEXT}2"))
    third = a_token(name="Third", token=f"{TEXT}3")
    with pytest.raises(Refused, match="tokens in use"):
        world(third)
    assert execute(third, actor=None, now=end).changed


def test_a_revoked_token_stays_revoked(world: Do) -> None:
    """Revoking twice is once, and its text can never be used again."""
    world(a_token())
    revoke = RevokeToken(environment="production", token_id=ClientToken.objects.get().pk)
    assert world(revoke).changed
    assert not world(revoke).changed
    assert NOW == ClientToken.objects.get().revoked_at
    with pytest.raises(Refused, match="used before and revoked"):
        world(a_token())


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (a_token(token="shop:staging.a-secret_1"), "bad_token", "token"),
        (a_token(token="*:production.a-secret_1"), "bad_token", "token"),
        (a_token(token="shop:production.short"), "bad_token", "token"),
        (a_token(token="shop:production.a.secret.1"), "bad_token", "token"),
        (a_token(token="shop:production.a:secret:1"), "bad_token", "token"),
        (a_token(token="shop:production." + "x" * 201), "bad_token", "token"),
        (a_token(token="shop:production.sécret_12"), "bad_token", "token"),
        (a_token(token="shop:production.secret_1\0"), "nul_character", "token"),
        (a_token(kind="admin"), "unknown_kind", "kind"),
        (a_token(name=" "), "name_missing", "name"),
        (a_token(app="nope"), "unknown_app", "app"),
        (a_token(kind="backend", territories=("IT",)), "backend_everywhere", "territories"),
        (a_token(territories=("FR",)), "unknown_territory", "territories"),
        (a_token(territories=("it",)), "unknown_country", "territories"),
        (a_token(territories=("IT", "IT")), "named_twice", "territories"),
        (a_token(expires_at=NOW - timedelta(seconds=1)), "expired", "expires_at"),
        (RevokeToken(environment="production", token_id=9), "unknown_token", "token_id"),
    ],
)
def test_tokens_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and never repeats the secret; nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
    assert "ecret" not in caught.value.message.removeprefix("The secret of a token")
    assert not ClientToken.objects.exists()
