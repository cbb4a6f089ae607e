"""Forms about client tokens; the texts that they make up are shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flags.admin.choices import environment_field, territories_field
from flags.models import ClientToken
from flags.models.token import TOKEN_KINDS
from flags.operations.rotations import OVERLAP, RotateToken
from flags.operations.tokens import EVERY_APP, CreateToken, RevokeToken, new_token_text
from regions.governance.admin_forms import CommandForm
from regions.governance.policy import CANARY
from regions.models import App

OVERLAPS = (
    (1, _("1 hour")),
    (24, _("1 day")),
    (7 * 24, _("7 days")),
    (30 * 24, _("30 days")),
    (90 * 24, _("90 days")),
)


def _list_apps() -> list[tuple[str, Any]]:
    """Return each app, and every app at last: a token reads one unless somebody wants more."""
    rows = App.objects.exclude(key=CANARY)
    return [*((row.key, f"{row.name} ({row.key})") for row in rows), (EVERY_APP, _("every app"))]


class TokenForm(CommandForm):
    """Who the token is for; its text is made here and shown once."""

    name = forms.CharField(
        max_length=120, label=_("Name"), help_text=_("Which client or server will use it.")
    )
    app = forms.ChoiceField(choices=_list_apps, label=_("App"))
    environment = environment_field()
    kind = forms.ChoiceField(
        choices=TOKEN_KINDS,
        initial="frontend",
        label=_("Kind"),
        help_text=_(
            "Backend: a server fetches the rules and decides by itself. Frontend: an app or a web"
            " page asks for one person. Preview: a tester asks, at any time, and why."
        ),
    )
    territories = territories_field(
        _("Countries and regions"),
        help_text=_(
            "It answers about people there only, by their account, else their location. None:"
            " people everywhere. Backend tokens are for everywhere."
        ),
    )
    expires_at = forms.SplitDateTimeField(
        required=False,
        label=_("Expires at (UTC)"),
        help_text=_("None: it works until somebody revokes it."),
    )
    event_streams = forms.BooleanField(
        required=False,
        label=_("OFREP answers name the event stream"),
        help_text=_("For OpenFeature providers that know event streams; Kotlin's does not."),
    )
    text = ""

    def build(self) -> CreateToken:
        """Return the creation, with a text that nobody has seen before."""
        values = self.cleaned_data
        self.text = new_token_text(values["app"], values["environment"])
        return CreateToken(**values, token=self.text)


class RotateForm(CommandForm):
    """How long both tokens work; the new one's text is made here and shown once."""

    overlap = forms.TypedChoiceField(
        choices=OVERLAPS,
        coerce=int,
        initial=int(OVERLAP.total_seconds() // 3600),
        label=_("Both work for"),
        help_text=_("Until then every client has to have the new token."),
    )
    text = ""

    @classmethod
    def read(cls, instance: ClientToken) -> dict[str, Any]:
        """Return nothing: the row does not say how long."""
        return {}

    def build(self) -> RotateToken:
        """Return the rotation, with a text that nobody has seen before."""
        row: ClientToken = self.instance
        app = row.app.key if row.app else EVERY_APP
        self.text = new_token_text(app, row.environment.key)
        return RotateToken(
            environment=row.environment.key,
            token_id=row.pk,
            token=self.text,
            overlap=timedelta(hours=self.cleaned_data["overlap"]),
        )


class RevokeForm(CommandForm):
    """Nothing to type; the page asks."""

    def build(self) -> RevokeToken:
        """Return the revocation of this token."""
        row: ClientToken = self.instance
        return RevokeToken(environment=row.environment.key, token_id=row.pk)
