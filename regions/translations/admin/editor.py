"""The translator's desk: source, parent text and translation side by side, saved in place."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin, messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regions.admin.names import locale_name
from regions.governance.admin_pages import ReadOnlyAdmin, may, receipt_note
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, execute
from regions.locales.tag import UnreadableTag, direction
from regions.models import Locale
from regions.translations.models import Translation
from regions.translations.operations import ApproveTranslation, SetTranslation
from regions.translations.queries import Coverage, MessageRow, list_coverage, list_messages

SHOWS = (
    ("", gettext_lazy("All")),
    ("missing", gettext_lazy("Missing")),
    ("inherited", gettext_lazy("Inherited")),
    ("needs-review", gettext_lazy("Needs review")),
    ("translated", gettext_lazy("Translated")),
    ("approved", gettext_lazy("Approved")),
    ("conflict", gettext_lazy("Conflicts")),
)
STATE_LABELS: dict[str, Any] = {
    "missing": gettext_lazy("missing"),
    "inherited": gettext_lazy("inherited"),
    "needs-review": gettext_lazy("needs review"),
    "translated": gettext_lazy("translated"),
    "approved": gettext_lazy("approved"),
}
STATE_TONES = {
    "missing": "withdrawn",
    "inherited": "not-offered",
    "needs-review": "needs-partner",
    "translated": "planned",
    "approved": "live",
}
ROWS_PER_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message at the desk; `typed` and `error` after something was refused."""

    row: MessageRow
    locale: str
    may_edit: bool
    may_approve: bool
    typed: tuple[str, ...] | None = None
    error: str = ""
    note: SafeString | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def direction(self) -> str:
        """Return the direction of the locale."""
        return direction(self.locale)

    @property
    def parent_direction(self) -> str:
        """Return the direction of the inherited text."""
        return direction(self.row.parent_locale)

    @property
    def parent_texts(self) -> tuple[str, ...]:
        """Return the inherited text, nothing when that is just the source again."""
        source = (self.row.source, self.row.source_plural)
        return () if self.row.parent_forms == tuple(filter(None, source)) else self.row.parent_forms

    @property
    def state(self) -> str:
        """Return the state of an own text, else where the text comes from."""
        return self.row.state or self.row.origin

    @property
    def state_label(self) -> Any:
        """Return the word of the state."""
        return STATE_LABELS[self.state]

    @property
    def tone(self) -> str:
        """Return the look of the state."""
        return STATE_TONES[self.state]

    @property
    def is_approvable(self) -> bool:
        """Tell whether there is something to approve."""
        return self.may_approve and bool(self.row.forms) and self.row.state != "approved"

    @property
    def seen(self) -> str:
        """Return the text that the person sees, to be compared when saving."""
        return json.dumps(list(self.row.forms), ensure_ascii=False)

    @property
    def inputs(self) -> list[tuple[str, str, str]]:
        """Return category, text and placeholder of each form."""
        texts = self.typed if self.typed is not None else self.row.forms
        hints = self.row.parent_forms
        return [
            (
                category if len(self.row.categories) > 1 else "",
                texts[index] if index < len(texts) else "",
                hints[min(index, len(hints) - 1)] if hints else "",
            )
            for index, category in enumerate(self.row.categories)
        ]


@admin.register(Translation)
class TranslationAdmin(ReadOnlyAdmin):
    """The desk takes the place of a list of rows, since what is missing has no row."""

    view_fields = (("entry", "locale", "state"), "forms", "published_forms", "updated_at")
    search_fields = ("entry__key", "entry__source")

    def get_urls(self) -> list[URLPattern]:
        """Add the address that saves one message."""
        save = self.admin_site.admin_view(self.save_view)
        return [path("save/", save, name="translations_translation_save"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show coverage, or one locale's messages when `locale` is given."""
        return self._render_desk(request, request.GET)

    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Save or approve one message, then show its line again."""
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:translations_translation_changelist"))
        values = request.POST
        try:
            command = _build_command(values.getlist("forms"), values)
        except ValueError as unreadable:
            return HttpResponseBadRequest(str(unreadable))
        error, note = "", None
        try:
            note = receipt_note(
                execute(command, actor=request.user, now=timezone.now())  # type: ignore[arg-type]  # staff only
            )
        except Refused as refused:
            error = refused.message
        except PermissionRefused as refused:
            error = str(refused)
        if request.headers.get("X-Requested-With") == "fetch":
            line = self._find_line(request, values, error, note)
            body = render_to_string("landfall/translation_line.html", {"line": line}, request)
            return HttpResponse(body, status=422 if error else 200)
        if error:
            return self._render_desk(request, values, error=error)
        messages.success(request, note or "")
        return HttpResponseRedirect(_desk_address(values))

    def _find_line(
        self, request: HttpRequest, values: Any, error: str, note: SafeString | None
    ) -> Line:
        locale, key = values.get("locale", ""), values.get("key", "")
        try:
            rows = list_messages(locale, component=values.get("component", ""), key=key)
        except UnreadableTag:
            rows = []
        if not rows:
            raise Http404
        typed = tuple(values.getlist("forms")) if error else None
        return self._make_line(request, rows[0], locale, typed=typed, error=error, note=note)

    def _make_line(self, request: HttpRequest, row: MessageRow, locale: str, **more: Any) -> Line:
        return Line(
            row=row,
            locale=locale,
            may_edit=may(request, SetTranslation) and not row.has_conflict,
            may_approve=may(request, ApproveTranslation) and not row.has_conflict,
            **more,
        )

    def _render_desk(
        self, request: HttpRequest, values: Any, *, error: str = ""
    ) -> TemplateResponse:
        locale = values.get("locale", "")
        known = list(Locale.objects.order_by("tag").values_list("tag", flat=True))
        coverage = list_coverage()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Translations"),
            "opts": self.opts,
            "is_fullwidth": "1",
            "locales": [(tag, locale_name(tag)) for tag in known],
            "components": sorted({entry.component for entry in coverage}),
            "shows": SHOWS,
            "wanted": {name: values.get(name, "") for name in ("component", "show", "q")},
            "locale": locale if locale in known else "",
        }
        if locale not in known:
            context["coverage"] = _by_locale(coverage)
            return TemplateResponse(request, "landfall/coverage.html", context)
        rows = [
            row
            for row in list_messages(
                locale, component=values.get("component", ""), search=values.get("q", "")
            )
            if _is_shown(row, values.get("show", ""))
        ]
        lines = [
            self._make_line(request, row, locale, **_typed(row, values, error))
            for row in rows[:ROWS_PER_PAGE]
        ]
        context |= {
            "subtitle": locale_name(locale),
            "lines": lines,
            "found": len(rows),
            "may_edit": may(request, SetTranslation),
        }
        return TemplateResponse(request, "landfall/translations.html", context)


def _typed(row: MessageRow, values: Any, error: str) -> dict[str, Any]:
    if not error or (row.component, row.key) != (values.get("component"), values.get("key")):
        return {}
    return {"typed": tuple(values.getlist("forms")), "error": error}


def _build_command(forms: list[str], values: Any) -> Command:
    where = {name: values.get(name, "") for name in ("component", "key", "locale")}
    seen = read_seen(values.get("seen") or "[]")
    if values.get("step") == "approve":
        return ApproveTranslation(**where, seen_forms=seen)
    tidy = tuple(form.replace("\r\n", "\n") for form in forms)
    state = values.get("state") or "translated"
    return SetTranslation(**where, forms=tidy, state=state, seen_forms=seen)


def read_seen(text: str) -> tuple[str, ...]:
    """Read the forms that a page showed, a JSON list of texts. Raises ValueError."""
    seen = json.loads(text)
    if not isinstance(seen, list):
        raise ValueError("seen is a JSON list of texts")  # noqa: TRY004 - like what is no JSON
    return tuple(str(form) for form in seen)


def _is_shown(row: MessageRow, show: str) -> bool:
    if show in ("missing", "inherited"):
        return row.origin == show
    if show == "conflict":
        return row.has_conflict
    return not show or row.state == show


def _by_locale(coverage: list[Coverage]) -> list[dict[str, Any]]:
    found: dict[str, list[Coverage]] = defaultdict(list)
    for entry in coverage:
        found[entry.locale].append(entry)
    return [
        {"tag": tag, "name": locale_name(tag), "entries": entries}
        for tag, entries in sorted(found.items())
    ]


def _desk_address(values: Any) -> str:
    names = ("locale", "component", "show", "q")
    query = urlencode({name: values[name] for name in names if values.get(name)})
    return f"{reverse('admin:translations_translation_changelist')}?{query}"
