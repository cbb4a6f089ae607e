"""Commands about credentials of client apps; their texts are never kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from flags.models import ClientToken
from flags.models.token import TOKEN_KINDS
from flags.operations.lookups import get_environment
from flags.publishing.access import publish_access
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App
from regions.operations.checks import (
    check_aware,
    check_choice,
    check_count,
    check_given,
    check_once,
    get_app,
    get_territories,
)
from regions.operations.rows import put

EVERY_APP = "*"
SECRET = re.compile(r"[A-Za-z0-9_-]{8,200}")
SECRET_BYTES = 32
TOKENS = 2_000
KIND = "client-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken(Command):
    """Let a client in with this token text, `app:environment.secret`.

    `app` empty or `*` means every app of the environment, no `territories` everywhere.
    `event_streams` puts `eventStreams` into its OFREP bulk answers, which not every
    provider understands.
    """

    app: str = EVERY_APP
    environment: str
    kind: str
    name: str
    token: str
    expires_at: datetime | None = None
    territories: tuple[str, ...] = ()
    event_streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken(Command):
    """Let nobody in with this token any more."""

    environment: str
    token_id: int


def new_token_text(app: str, environment: str) -> str:
    """Make up a token text that nobody can guess; it is shown once and never kept."""
    return f"{app or EVERY_APP}:{environment}.{secrets.token_urlsafe(SECRET_BYTES)}"


def publish_tokens(command: CreateToken | RevokeToken, moment: Moment) -> None:
    """Publish the tokens of the command's environment at once."""
    publish_access(command.environment, now=moment.now)


@operation(
    CreateToken,
    permission="tokens",
    part="access",
    after_commit=publish_tokens,
    secrets=("token",),
)
def create_token(command: CreateToken, moment: Moment) -> Iterable[Change]:
    """Write the digest of the token; the same token again changes nothing."""
    app = None if command.app in {"", EVERY_APP} else get_app(command.app)
    known = [word for word, _label in TOKEN_KINDS]
    check_choice(command.kind, known, name="kind of token", field="kind")
    name = check_given(command.name, name="a name", of="A token", field="name")
    territories = _check_territories(command)
    digest = digest_text(command.token, app=command.app, environment=command.environment)
    found = ClientToken.objects.filter(digest=digest).first()
    if found is not None:
        return _same_or_refused(found, command, app, name)
    check_aware(command.expires_at, field="expires_at")
    if command.expires_at is not None and command.expires_at <= moment.now:
        raise Refused(
            f"The token {name} would be expired already: {command.expires_at.isoformat()}"
            f" is not after {moment.now.isoformat()}.",
            code="expired",
            field="expires_at",
        )
    check_room(moment.now)
    blank = ClientToken(
        environment=get_environment(command.environment),
        digest=digest,
        created_at=moment.now,
        created_by=moment.actor_name,
    )
    values = {
        "app": app,
        "kind": command.kind,
        "name": name,
        "expires_at": command.expires_at,
        "territories": territories,
        "event_streams": command.event_streams,
        "revoked_at": None,
    }
    written = put(None, blank, values)
    return written.changes(KIND, name_token(written.row))


@operation(RevokeToken, permission="tokens", part="access", after_commit=publish_tokens)
def revoke_token(command: RevokeToken, moment: Moment) -> Iterable[Change]:
    """Write when the token was revoked; the row stays as history."""
    token = get_token(command.environment, command.token_id)
    if token.revoked_at is not None:
        return []
    return put(token, token, {"revoked_at": moment.now}).changes(KIND, name_token(token))


def get_token(environment: str, token_id: int) -> ClientToken:
    """Get a token of the environment by its number, or refuse."""
    rows = ClientToken.objects.filter(environment__key=environment).select_related("app")
    token = rows.filter(id=token_id).first()
    if token is None:
        raise Refused(
            f"{environment} has no token number {token_id}.",
            code="unknown_token",
            field="token_id",
        )
    return token


def check_room(now: datetime) -> None:
    """Refuse one more token above the limit of those in use."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=now)
    in_use = ClientToken.objects.filter(lasting, revoked_at=None).count()
    check_count(in_use + 1, TOKENS, things="tokens in use", field="token")


def _check_territories(command: CreateToken) -> list[str]:
    """Return the territories in order; a backend token reads the rules of everywhere."""
    check_once(command.territories, things="countries and regions", field="territories")
    get_territories(command.territories, field="territories")
    if command.territories and command.kind == "backend":
        raise Refused(
            "A backend token reads the rules of every country and region, so it cannot be"
            " limited to some; use a frontend token, or name none.",
            code="backend_everywhere",
            field="territories",
        )
    return sorted(command.territories)


def digest_text(token: str, *, app: str, environment: str) -> str:
    """Return a token's digest, or refuse one that does not say its own scope.

    The message never shows the secret.
    """
    scope = f"{app or EVERY_APP}:{environment}."
    if not token.startswith(scope):
        raise Refused(
            f"The token must begin with its scope, “{scope}”.", code="bad_token", field="token"
        )
    if not SECRET.fullmatch(token[len(scope) :]):
        raise Refused(
            "The secret of a token has 8 to 200 characters out of A-Z, a-z, 0-9, “_” and “-”;"
            f" this one has {len(token) - len(scope)}.",
            code="bad_token",
            field="token",
        )
    return hashlib.sha256(token.encode()).hexdigest()


def _same_or_refused(
    found: ClientToken, command: CreateToken, app: App | None, name: str
) -> list[Change]:
    """Change nothing for a token that is here as wanted; refuse to make another of it."""
    same = (
        found.app_id == (app.pk if app else None)
        and found.kind == command.kind
        and found.name == name
        and found.expires_at == command.expires_at
        and found.territories == sorted(command.territories)
        and found.event_streams == command.event_streams
    )
    if same and found.revoked_at is None:
        return []
    raise Refused(
        "This token was used before" + (" and revoked." if found.revoked_at else "."),
        code="token_taken",
        field="token",
    )


def name_token(token: ClientToken) -> str:
    """Return the key under which the audit knows a token."""
    return f"{token.app.key if token.app else EVERY_APP}:{token.name}#{token.pk}"
