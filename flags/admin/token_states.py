"""What a token may do and whether it still may, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.marks import badge
from flags.models import ClientToken
from regions.admin.names import territory_name

# Soon enough to be told, and time enough to roll a new one out.
EXPIRING = timedelta(days=14)
STATES: dict[str, tuple[str, Any]] = {
    "active": ("live", _("Active")),
    "expiring": ("needs-partner", _("Expires soon")),
    "replaced": ("planned", _("Replaced, still works")),
    "expired": ("withdrawn", _("Expired")),
    "revoked": ("not-offered", _("Revoked")),
}
DOES: dict[str, Any] = {
    "backend": _(
        "A server fetches the rules of %(scope)s with it, of every country and region, and"
        " decides by itself. Keep it on servers."
    ),
    "frontend": _("An app or a web page asks with it what one person gets in %(scope)s."),
    "preview": _(
        "A tester asks with it what a person gets in %(scope)s, also at another time, and why."
        " Keep it inside the company."
    ),
}


def find_state(row: ClientToken, now: datetime) -> str:
    """Return whether a token lets anybody in, as one of `STATES`."""
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    if row.replaced_by_id is not None:
        return "replaced"
    if row.expires_at is not None and row.expires_at <= now + EXPIRING:
        return "expiring"
    return "active"


def works(row: ClientToken, now: datetime) -> bool:
    """Tell whether a token lets clients in."""
    return find_state(row, now) not in {"expired", "revoked"}


def select_state(rows: QuerySet[ClientToken], state: str, now: datetime) -> QuerySet[ClientToken]:
    """Return the tokens of a state; the same as `find_state` says one by one."""
    open_ended = Q(expires_at=None)
    conditions = {
        "revoked": ~Q(revoked_at=None),
        "expired": Q(revoked_at=None, expires_at__lte=now),
        "replaced": Q(revoked_at=None, expires_at__gt=now) & ~Q(replaced_by=None),
        "expiring": Q(
            revoked_at=None,
            replaced_by=None,
            expires_at__gt=now,
            expires_at__lte=now + EXPIRING,
        ),
        "active": Q(revoked_at=None, replaced_by=None)
        & (open_ended | Q(expires_at__gt=now + EXPIRING)),
    }
    return rows.filter(conditions[state])


def state_badge(row: ClientToken) -> SafeString:
    """Return the state as a pill."""
    tone, label = STATES[find_state(row, timezone.now())]
    return badge(tone, label)


def tell_places(territories: Iterable[str]) -> str:
    """Return the names of a token's countries and regions."""
    return ", ".join(territory_name(code) for code in territories) or _t("everywhere")


def tell_scope(row: ClientToken) -> str:
    """Return the app and the environment."""
    app = row.app.name if row.app else _t("every app")
    return _t("%(app)s, %(environment)s") % {"app": app, "environment": row.environment}


def tell_all(row: ClientToken) -> str:
    """Say in sentences what a token may do, about whom, and for how long."""
    if row.revoked_at is not None:
        at = formats.date_format(row.revoked_at, "DATETIME_FORMAT")
        return _t("Nothing any more: it was revoked on %(at)s (UTC).") % {"at": at}
    if row.expires_at is not None and row.expires_at <= timezone.now():
        at = formats.date_format(row.expires_at, "DATETIME_FORMAT")
        return _t("Nothing any more: it expired on %(at)s (UTC).") % {"at": at}
    said = [DOES[row.kind] % {"scope": tell_scope(row)}]
    if row.territories:
        words = _t("It works for people in %(places)s only; anybody else is refused.")
        said.append(words % {"places": tell_places(row.territories)})
    if row.expires_at is not None:
        at = formats.date_format(row.expires_at, "DATETIME_FORMAT")
        said.append(_t("It works until %(at)s (UTC).") % {"at": at})
    else:
        said.append(_t("It works until somebody revokes it."))
    return " ".join(str(sentence) for sentence in said)


def tell_use(row: ClientToken) -> SafeString | str:
    """Return how long ago the token was used, to the minute."""
    if row.last_used_at is None:
        return format_html('<span class="lf-dim">{}</span>', _t("not yet"))
    at = formats.date_format(row.last_used_at, "DATETIME_FORMAT")
    return format_html('<span title="{} (UTC)">{}</span>', at, tell_age(row.last_used_at))


def tell_age(at: datetime) -> str:
    """Return "3 minutes ago"; nodes tell with up to two minutes' delay."""
    now = timezone.now()
    if now - at < timedelta(minutes=3):
        return _t("just now")
    return _t("%(time)s ago") % {"time": timesince(at, now, depth=1)}


class StateFilter(admin.SimpleListFilter):
    """Tokens by whether they let anybody in."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states in the order of a token's life."""
        return [(key, label) for key, (_tone, label) in STATES.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ClientToken]
    ) -> QuerySet[ClientToken]:
        """Narrow the list to the chosen state."""
        state = self.value()
        return select_state(queryset, state, timezone.now()) if state in STATES else queryset
