"""Client tokens: made once, shown once, replaced in time, revoked at once."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.token_forms import RevokeForm, RotateForm, TokenForm
from flags.admin.token_states import (
    StateFilter,
    state_badge,
    tell_age,
    tell_all,
    tell_places,
    tell_scope,
    tell_use,
    works,
)
from flags.models import ClientToken, Feature
from flags.operations.rotations import RotateToken
from flags.operations.tokens import CreateToken, RevokeToken
from regions.governance.admin_pages import CommandAdmin, Step, receipt_note
from regions.governance.execute import Receipt
from regions.governance.policy import CANARY


def _tell_revocation(row: ClientToken) -> str:
    told = _t(
        "Every client that uses “%(name)s” (%(kind)s, %(scope)s) is refused from now on, and its"
        " event streams end within seconds. This cannot be taken back; make a new token instead."
    ) % {"name": row.name, "kind": row.get_kind_display(), "scope": tell_scope(row)}
    return f"{told} {_tell_last_use(row)}"


def _tell_rotation(row: ClientToken) -> str:
    told = _t(
        "A new token takes the place of “%(name)s” and may do the same. Both work for a while, so"
        " that clients can change over; then the old one ends by itself."
    ) % {"name": row.name}
    return f"{told} {_tell_last_use(row)}"


def _tell_last_use(row: ClientToken) -> str:
    if row.last_used_at is None:
        return _t("It has not been used yet.")
    return _t("It was last used: %(age)s.") % {"age": tell_age(row.last_used_at)}


def _write_question(app: str, country: str) -> str:
    """Return a body for `/api/explain`, about the first feature that the token may ask about.

    A token for every app has to name the one that it means.
    """
    rows = Feature.objects.filter(archived_at=None).exclude(app__key=CANARY)
    rows = rows.order_by("app__key", "key")
    found = (rows.filter(app__key=app) if app else rows).values_list("app__key", "key").first()
    asked_app, feature = found or (app, "a-feature")
    about = {"feature": feature} if app else {"app": asked_app, "feature": feature}
    return json.dumps(about | {"context": {"accountCountry": country}})


@admin.register(ClientToken)
class ClientTokenAdmin(CommandAdmin):
    """Tokens, the newest first; their texts are not kept anywhere."""

    shows_canary = True
    add_command = CreateToken
    add_form = TokenForm
    view_fields = (
        ("name", "state"),
        "may",
        ("scope", "kind"),
        ("places", "streams"),
        ("ends", "last_used"),
        ("created_at", "created_by"),
        ("successor", "predecessor"),
        "revoked_at",
    )
    steps = (
        Step(
            name="rotate",
            label=_("Replace by a new one"),
            command=RotateToken,
            form=RotateForm,
            sentence=_tell_rotation,
            open_for=lambda row: works(row, timezone.now()) and row.replaced_by_id is None,
        ),
        Step(
            name="revoke",
            label=_("Revoke"),
            command=RevokeToken,
            form=RevokeForm,
            sentence=_tell_revocation,
            open_for=lambda row: row.revoked_at is None,
            danger=True,
        ),
    )
    list_display = (
        "name",
        "state",
        "kind",
        "scope",
        "places",
        "ends",
        "last_used",
        "created_by",
        "created_at",
    )
    list_filter = (StateFilter, "environment", "kind", "app")
    search_fields = ("name", "created_by", "app__key", "app__name")
    ordering: ClassVar = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientToken]:
        """Return the tokens with their scopes, and with who comes before and after."""
        rows: QuerySet[ClientToken] = super().get_queryset(request)
        return rows.select_related("app", "environment", "replaced_by", "replaces")

    def respond_done(self, request: HttpRequest, form: Any, receipt: Receipt) -> HttpResponse:
        """Show the token's text, this one time."""
        return self._show_once(request, form.text, receipt)

    def respond_step(
        self, request: HttpRequest, row: Any, *, step: Step, form: Any, receipt: Receipt
    ) -> HttpResponse:
        """Show the text of a token that took another's place, this one time."""
        if step.name == "revoke":
            messages.success(request, _t("“%(name)s” is revoked.") % {"name": row.name})
        if step.name != "rotate":
            return super().respond_step(request, row, step=step, form=form, receipt=receipt)
        row.refresh_from_db()
        at = formats.date_format(row.expires_at, "DATETIME_FORMAT")
        until = _t("The old token works until %(at)s (UTC).") % {"at": at}
        return self._show_once(request, form.text, receipt, until=until)

    def _show_once(
        self, request: HttpRequest, text: str, receipt: Receipt, *, until: str = ""
    ) -> HttpResponse:
        """Show a new token and how to use it; no cache may keep the page."""
        row = self.get_queryset(request).get(digest=hashlib.sha256(text.encode()).hexdigest())
        country = next(iter(row.territories), "SG")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Client token"),
            "subtitle": row.name,
            "opts": self.opts,
            "token": text,
            "kind": row.kind,
            "may": tell_all(row),
            "until": until,
            "country": country,
            "question": _write_question(row.app.key if row.app else "", country),
            "note": receipt_note(receipt),
            "back": self._list_address(request),
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "landfall/token.html", context, headers=headers)

    @admin.display(description=_("Reads"))
    def scope(self, row: ClientToken) -> str:
        """Show the app and the environment."""
        return tell_scope(row)

    @admin.display(description=_("State"))
    def state(self, row: ClientToken) -> Any:
        """Show whether it lets anybody in."""
        return state_badge(row)

    @admin.display(description=_("People in"))
    def places(self, row: ClientToken) -> str:
        """Show about whom it may ask."""
        return tell_places(row.territories)

    @admin.display(description=_("OFREP answers name the event stream"))
    def streams(self, row: ClientToken) -> str:
        """Say it in a word: neither is a fault."""
        return _t("yes") if row.event_streams else _t("no")

    @admin.display(description=_("Expires"), ordering="expires_at")
    def ends(self, row: ClientToken) -> Any:
        """Show until when it works."""
        if row.expires_at is None:
            return format_html('<span class="lf-dim">{}</span>', _t("never"))
        return formats.date_format(row.expires_at, "DATETIME_FORMAT")

    @admin.display(description=_("Last used"), ordering="last_used_at")
    def last_used(self, row: ClientToken) -> Any:
        """Show how long ago a client came with it."""
        return tell_use(row)

    @admin.display(description=_("What it is for"))
    def may(self, row: ClientToken) -> str:
        """Say what it may do."""
        return tell_all(row)

    @admin.display(description=_("Replaced by"))
    def successor(self, row: ClientToken) -> Any:
        """Lead to the token that took its place."""
        return self._link(row.replaced_by)

    @admin.display(description=_("Takes the place of"))
    def predecessor(self, row: ClientToken) -> Any:
        """Lead to the token whose place it took."""
        return self._link(getattr(row, "replaces", None))

    def _link(self, row: ClientToken | None) -> Any:
        if row is None:
            return None
        address = reverse("admin:flags_clienttoken_change", args=[row.pk])
        made = formats.date_format(row.created_at, "DATETIME_FORMAT")
        return format_html('<a class="underline" href="{}">{} ({})</a>', address, row.name, made)

    def audit_query(self, row: ClientToken) -> str:
        """Return the name of the token, which its key in the audit contains."""
        return row.name
