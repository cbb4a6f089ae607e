"""Conflicts: what was edited in the file and in the admin; a person decides."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from regions.governance.admin_forms import CommandForm, dress
from regions.governance.admin_pages import CommandAdmin
from regions.locales.plurals import rule_of
from regions.locales.tag import direction
from regions.translations.admin.editor import read_seen
from regions.translations.models import Conflict
from regions.translations.operations import ResolveConflict


class ResolveForm(CommandForm):
    """The text that shall be, one field per plural form, the admin's own text to begin with.

    Nothing at all can be decided on only where one of the two sides has nothing.
    """

    seen = forms.CharField(widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row: Conflict = self.instance
        tag = row.translation.locale.tag
        plural = row.translation.entry.source_plural
        self.form_names: list[str] = []
        for index, category in enumerate(rule_of(tag).categories if plural else ("",)):
            field = forms.CharField(
                label=category or _t("Text"),
                initial=row.mine[index] if index < len(row.mine) else "",
                required=bool(row.mine and row.theirs),
                strip=False,
                widget=forms.Textarea({"rows": 2, "dir": direction(tag), "lang": tag}),
            )
            if index < len(row.theirs):
                field.help_text = _t("The file says: %s") % row.theirs[index]
            dress(field)
            self.fields[f"form_{index}"] = field
            self.form_names.append(f"form_{index}")

    @classmethod
    def read(cls, instance: Conflict) -> dict[str, Any]:
        """Return which text of the file is decided about; the fields bring their own values."""
        return {"seen": json.dumps(instance.theirs)}

    def clean_seen(self) -> tuple[str, ...]:
        """Return the file's text that the page showed."""
        try:
            return read_seen(self.cleaned_data["seen"])
        except ValueError:
            raise forms.ValidationError(_t("Open the conflict anew to decide.")) from None

    def build(self) -> ResolveConflict:
        """Return the decision."""
        translation = self.instance.translation
        return ResolveConflict(
            component=translation.entry.component.key,
            key=translation.entry.key,
            locale=translation.locale.tag,
            forms=tuple(self.cleaned_data[name].replace("\r\n", "\n") for name in self.form_names),
            seen_theirs=self.cleaned_data["seen"],
        )


@admin.register(Conflict)
class ConflictAdmin(CommandAdmin):
    """Open conflicts, the oldest first."""

    change_command = ResolveConflict
    change_form = ResolveForm
    identity_fields = ("message", "locale", "base_text", "mine_text", "theirs_text")
    view_fields = (("message", "locale"), "base_text", ("mine_text", "theirs_text"), "found_at")
    list_display = ("message", "locale", "base_text", "mine_text", "theirs_text", "found_at")
    list_filter = ("translation__locale", "translation__entry__component")
    search_fields = ("translation__entry__key", "translation__entry__source")
    ordering: ClassVar = ("found_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conflict]:
        """Return the conflicts with their messages."""
        rows: QuerySet[Conflict] = super().get_queryset(request)
        return rows.select_related("translation__entry__component", "translation__locale")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields of this very conflict: one per plural form."""
        form = self._writing_form(request, obj)
        return tuple(form(instance=obj).fields) if form else self.view_fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return base, admin and file side by side, then the text to decide on."""
        fields = self.get_fields(request, obj)
        if self._writing_form(request, obj) is None:
            return [(None, {"fields": fields})]
        shown = (("message", "locale"), ("base_text", "mine_text", "theirs_text"))
        return [(None, {"fields": shown}), (_("This is the text"), {"fields": fields})]

    @admin.display(description=_("Message"), ordering="translation__entry__key")
    def message(self, row: Conflict) -> SafeString:
        """Show the message's key and source."""
        entry = row.translation.entry
        return format_html(
            '<span class="lf-key">{}</span><br><span class="lf-dim">{}</span>',
            f"{entry.component.key}/{entry.key}",
            entry.source,
        )

    @admin.display(description=_("Locale"), ordering="translation__locale__tag")
    def locale(self, row: Conflict) -> str:
        """Show the locale."""
        return row.translation.locale.tag

    @admin.display(description=_("Before both edits"))
    def base_text(self, row: Conflict) -> SafeString:
        """Show what both sides last agreed on."""
        return _forms(row, row.base)

    @admin.display(description=_("Admin"))
    def mine_text(self, row: Conflict) -> SafeString:
        """Show what was written in the admin."""
        return _forms(row, row.mine)

    @admin.display(description=_("File"))
    def theirs_text(self, row: Conflict) -> SafeString:
        """Show what was written in the file."""
        return _forms(row, row.theirs)


def _forms(row: Conflict, texts: list[str]) -> SafeString:
    tag = row.translation.locale.tag
    lines = format_html_join("", "<p>{}</p>", ((text,) for text in texts))
    return format_html('<div dir="{}" lang="{}">{}</div>', direction(tag), tag, lines)
