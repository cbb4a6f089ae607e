"""Put a new token in the place of another, with a while in which both let clients in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flags.models import ClientToken
from flags.operations.tokens import (
    EVERY_APP,
    KIND,
    check_room,
    digest_text,
    get_token,
    name_token,
)
from flags.publishing.access import publish_access
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.operations.rows import put

OVERLAP = timedelta(days=7)
# Less and clients are shut out while they are rolled out; who wants that revokes the token.
OVERLAP_MIN = timedelta(hours=1)
OVERLAP_MAX = timedelta(days=90)
SAME = ("app", "kind", "name", "territories", "event_streams")


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateToken(Command):
    """Let clients in with the new text `token` too, and with the old one until `overlap` is over.

    The new token may do what the old one may. One that was to expire gets as long again as
    the old one was given.
    """

    environment: str
    token_id: int
    token: str
    overlap: timedelta = OVERLAP


def _publish(command: RotateToken, moment: Moment) -> None:
    publish_access(command.environment, now=moment.now)


@operation(
    RotateToken, permission="tokens", part="access", after_commit=_publish, secrets=("token",)
)
def rotate_token(command: RotateToken, moment: Moment) -> Iterable[Change]:
    """Write the successor, and when the old one ends; the same again changes nothing."""
    old = get_token(command.environment, command.token_id)
    app = old.app.key if old.app else EVERY_APP
    digest = digest_text(command.token, app=app, environment=command.environment)
    if old.replaced_by is not None and old.replaced_by.digest == digest:
        return []
    _check_rotatable(old, moment.now)
    _check_overlap(command.overlap)
    check_room(moment.now)
    if ClientToken.objects.filter(digest=digest).exists():
        raise Refused("This token was used before.", code="token_taken", field="token")
    successor = ClientToken(
        environment=old.environment,
        digest=digest,
        created_at=moment.now,
        created_by=moment.actor_name,
    )
    lifetime = old.expires_at - old.created_at if old.expires_at else None
    values = {name: getattr(old, name) for name in SAME}
    values["expires_at"] = moment.now + lifetime if lifetime else None
    written = put(None, successor, values)
    ends_at = moment.now + command.overlap
    if old.expires_at is not None:
        ends_at = min(ends_at, old.expires_at)
    ended = put(old, old, {"replaced_by": written.row, "expires_at": ends_at})
    return [
        *written.changes(KIND, name_token(written.row)),
        *ended.changes(KIND, name_token(old)),
    ]


def _check_rotatable(old: ClientToken, now: datetime) -> None:
    """Refuse a token that lets nobody in any more, and one that has a successor."""
    if old.revoked_at is not None:
        why, code = "was revoked; make a new token instead", "revoked"
    elif old.replaced_by is not None:
        why, code = f"was replaced already, by number {old.replaced_by.pk}; rotate that", "replaced"
    elif old.expires_at is not None and old.expires_at <= now:
        why, code = "has expired; make a new token instead", "expired"
    else:
        return
    raise Refused(f"The token {old.name} {why}.", code=code, field="token_id")


def _check_overlap(overlap: timedelta) -> None:
    """Refuse a while that is too short to roll clients out, or that never seems to end."""
    if OVERLAP_MIN <= overlap <= OVERLAP_MAX:
        return
    raise Refused(
        f"Both tokens may work together for 1 hour up to {OVERLAP_MAX.days} days; this would be"
        f" {overlap.total_seconds() / 3600:g} hours. To stop a token at once, revoke it.",
        code="bad_overlap",
        field="overlap",
    )
