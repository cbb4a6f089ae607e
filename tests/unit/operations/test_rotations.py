"""A new token in the place of another, with a while in which both let clients in."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flags.models import ClientToken
from flags.operations.rotations import RotateToken
from flags.operations.tokens import CreateToken, RevokeToken
from flags.queries.definitions import load_access
from regions.governance.commands import Refused
from regions.governance.execute import execute
from regions.governance.models import AuditEntry
from tests.unit.world import NOW, Do

NEW = "shop:production.a-new-secret"


def make(do: Do, *, expires_at: datetime | None = None) -> int:
    """Have a token of two territories, and return its number."""
    do(
        CreateToken(
            app="shop",
            environment="production",
            kind="frontend",
            name="Web",
            token="shop:production.an-old-secret",
            territories=("SG", "IT"),
            event_streams=True,
            expires_at=expires_at,
        )
    )
    return ClientToken.objects.get().pk


def rotate(number: int, **differences: object) -> RotateToken:
    """Return a rotation that differs from the plain one only as said."""
    values = {"environment": "production", "token_id": number, "token": NEW, **differences}
    return RotateToken(**values)  # type: ignore[arg-type]


def test_the_successor_may_do_the_same_and_the_old_one_ends_after_the_overlap(world: Do) -> None:
    """Both are published; the old one with its end, and with who comes after it."""
    old_id = make(world)
    world(rotate(old_id))
    old = ClientToken.objects.get(pk=old_id)
    new = old.replaced_by
    assert new is not None
    assert (("IT", "SG"), True, "Web", "frontend") == (
        tuple(new.territories),
        new.event_streams,
        new.name,
        new.kind,
    )
    assert (NOW + timedelta(days=7), None) == (old.expires_at, new.expires_at)
    access = load_access("production", now=NOW)
    published = {token.digest: token.expires for token in access.tokens}
    assert {old.digest: old.expires_at, new.digest: None} == published


def test_the_text_is_in_no_audit_and_the_same_again_changes_nothing(world: Do) -> None:
    """Ask twice, as a person who clicks twice does."""
    old_id = make(world)
    assert len(world(rotate(old_id)).changes) == 2
    assert not world(rotate(old_id)).changed
    audit = "".join(map(str, AuditEntry.objects.values_list("object_key", "before", "after")))
    assert "secret" not in audit


@pytest.mark.parametrize(
    ("lives", "overlap", "old_ends", "new_ends"),
    [
        (timedelta(days=30), timedelta(days=7), timedelta(days=7), timedelta(days=30)),
        (timedelta(days=2), timedelta(days=7), timedelta(days=2), timedelta(days=2)),
        (timedelta(days=2), timedelta(hours=1), timedelta(hours=1), timedelta(days=2)),
    ],
)
def test_a_token_that_expires_is_replaced_for_as_long_again(
    world: Do, lives: timedelta, overlap: timedelta, old_ends: timedelta, new_ends: timedelta
) -> None:
    """Never lengthen the life of the old one."""
    old_id = make(world, expires_at=NOW + lives)
    world(rotate(old_id, overlap=overlap))
    old = ClientToken.objects.get(pk=old_id)
    assert old.replaced_by is not None
    assert (NOW + old_ends, NOW + new_ends) == (old.expires_at, old.replaced_by.expires_at)


@pytest.mark.parametrize(
    ("differences", "code", "told"),
    [
        ({"overlap": timedelta(minutes=59)}, "bad_overlap", "1 hour up to 90 days"),
        ({"overlap": timedelta(days=91)}, "bad_overlap", "would be 2184 hours"),
        ({"token": "*:production.a-new-secret"}, "bad_token", "begin with its scope"),
        ({"token": "shop:production.short"}, "bad_token", "8 to 200"),
        ({"token": "shop:production.an-old-secret"}, "token_taken", "used before"),
        ({"token_id": 0}, "unknown_token", "no token number 0"),
        ({"environment": "staging"}, "unknown_token", "staging has no token"),
    ],
)
def test_rotations_that_cannot_be_are_refused(
    world: Do, differences: dict[str, object], code: str, told: str
) -> None:
    """Each refusal has a stable code and names the bounds; nothing is stored."""
    old_id = make(world)
    with pytest.raises(Refused, match=told) as caught:
        world(rotate(old_id, **differences))
    assert code == caught.value.code
    assert 1 == ClientToken.objects.count()


@pytest.mark.parametrize("end", ["revoked", "replaced", "expired"])
def test_a_token_that_ended_has_no_successor(world: Do, end: str) -> None:
    """Say what to do instead."""
    old_id = make(world, expires_at=NOW + timedelta(days=1))
    now = NOW
    if end == "revoked":
        world(RevokeToken(environment="production", token_id=old_id))
    elif end == "replaced":
        world(rotate(old_id))
    else:
        now += timedelta(days=1)
    again = rotate(old_id, token="shop:production.another-secret")
    with pytest.raises(Refused, match=r"rotate that|make a new") as caught:
        execute(again, actor=None, now=now)
    assert end == caught.value.code
