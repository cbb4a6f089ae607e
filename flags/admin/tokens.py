"""Client tokens: made once, shown once, revoked at once."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import environment_field
from flags.admin.marks import badge
from flags.models import ClientToken, Feature
from flags.models.token import TOKEN_KINDS
from flags.operations.tokens import EVERY_APP, CreateToken, RevokeToken, new_token_text
from regions.governance.admin_forms import CommandForm, KeyChoiceField
from regions.governance.admin_pages import CommandAdmin, Step, receipt_note
from regions.governance.execute import Receipt
from regions.models import App


class TokenForm(CommandForm):
    """Who the token is for; its text is made here and shown once."""

    app = KeyChoiceField(
        queryset=App.objects.all(), required=False, label=_("App"), empty_label=_("every app")
    )
    environment = environment_field()
    kind = forms.ChoiceField(choices=TOKEN_KINDS, label=_("Kind"))
    name = forms.CharField(
        max_length=120, label=_("Name"), help_text=_("Which client or server will use it.")
    )
    expires_at = forms.SplitDateTimeField(required=False, label=_("Expires at (UTC)"))
    text = ""

    def build(self) -> CreateToken:
        """Return the creation, with a text that nobody has seen before."""
        values = self.cleaned_data
        app = values["app"] or EVERY_APP
        self.text = new_token_text(app, values["environment"])
        return CreateToken(**{**values, "app": app}, token=self.text)


class RevokeForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RevokeToken:
        """Return the revocation of this token."""
        row: ClientToken = self.instance
        return RevokeToken(environment=row.environment.key, token_id=row.pk)


def _tell_revocation(row: ClientToken) -> str:
    return _t(
        "Every client that uses “%(name)s” (%(kind)s, %(environment)s) is refused from now on. "
        "This cannot be taken back; make a new token instead."
    ) % {"name": row.name, "kind": row.get_kind_display(), "environment": row.environment}


def _write_question(app: str) -> str:
    """Return a body for `/api/explain`, about the first feature that the token may ask about.

    A token for every app has to name the one that it means.
    """
    rows = Feature.objects.filter(archived_at=None).order_by("app__key", "key")
    found = (rows.filter(app__key=app) if app else rows).values_list("app__key", "key").first()
    asked_app, feature = found or (app, "a-feature")
    about = {"feature": feature} if app else {"app": asked_app, "feature": feature}
    return json.dumps(about | {"context": {"accountCountry": "SG"}})


@admin.register(ClientToken)
class ClientTokenAdmin(CommandAdmin):
    """Tokens, the newest first; their texts are not kept anywhere."""

    add_command = CreateToken
    add_form = TokenForm
    view_fields = (
        ("name", "state"),
        ("scope", "kind"),
        ("created_at", "created_by"),
        ("expires_at", "revoked_at"),
    )
    steps = (
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
    list_display = ("name", "state", "scope", "kind", "created_at", "created_by", "expires_at")
    list_filter = ("environment", "kind", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "created_by", "app__key")
    ordering: ClassVar = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientToken]:
        """Return the tokens with their scopes."""
        rows: QuerySet[ClientToken] = super().get_queryset(request)
        return rows.select_related("app", "environment")

    def respond_done(self, request: HttpRequest, form: Any, receipt: Receipt) -> HttpResponse:
        """Show the token's text, this one time; no cache may keep the page."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Client token"),
            "subtitle": form.cleaned_data["name"],
            "opts": self.opts,
            "token": form.text,
            "kind": form.cleaned_data["kind"],
            "question": _write_question(form.cleaned_data["app"]),
            "note": receipt_note(receipt),
            "back": self._list_address(request),
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "landfall/token.html", context, headers=headers)

    @admin.display(description=_("Reads"))
    def scope(self, row: ClientToken) -> str:
        """Show the app and the environment."""
        return f"{row.app.key if row.app else EVERY_APP}:{row.environment.key}"

    @admin.display(description=_("State"), ordering="revoked_at")
    def state(self, row: ClientToken) -> Any:
        """Show whether it lets anybody in."""
        if row.revoked_at is not None:
            return badge("not-offered", _("Revoked"))
        if row.expires_at is not None and row.expires_at <= timezone.now():
            return badge("withdrawn", _("Expired"))
        return badge("live", _("In use"))

    def audit_query(self, row: ClientToken) -> str:
        """Return the name of the token, which its key in the audit contains."""
        return row.name
