"""Bases of admin pages: everybody on the staff may look, every write runs one command.

No page here writes a row. What a form says becomes a command for the one door, and what
the door refuses comes back as an error of the form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.views import ChangeList

from regions.governance.admin_forms import CommandForm
from regions.governance.admin_lists import PlainList, refuse_adding
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, Receipt, execute, is_allowed
from regions.governance.newness import AlreadyThere
from regions.governance.policy import CANARY

# Where pages ask how far a change has come; the house above answers there.
PUBLISHED_ADDRESS = "board:published"


def may(request: HttpRequest, command: type[Command] | None) -> bool:
    """Tell whether the signed-in person may give this command; asked once per request."""
    if command is None or not request.user.is_authenticated:
        return False
    known: dict[type[Command], bool] = request.__dict__.setdefault("_landfall_may", {})
    if command not in known:
        known[command] = is_allowed(command, request.user)
    return known[command]


def is_staff(request: HttpRequest) -> bool:
    """Tell whether the person may look at the admin at all."""
    return bool(request.user.is_active and getattr(request.user, "is_staff", False))


def _pair(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Put two fields on a line: more leave no room for what they say."""
    return [names[start : start + 2] for start in range(0, len(names), 2)]


def receipt_note(receipt: Receipt) -> SafeString:
    """Return the words after a change, which the page then turns into "live on 2 nodes"."""
    if not receipt.changed:
        return format_html("{}", _("Everything already was like this; nothing changed."))
    marks = ",".join(f"{key}:{seq}" for key, seq in sorted(receipt.change_seqs.items()))
    return format_html(
        '<span data-published="{}" data-address="{}" role="status">{}</span>',
        marks,
        reverse(PUBLISHED_ADDRESS),
        _("Saved. Publishing…"),
    )


# From a row to its app, where a row has one.
_APP_PATHS = ("app", "feature__app")


class ReadOnlyAdmin(ModelAdmin):
    """Rows that staff look at and nobody writes from here; those of the canary are left out."""

    shows_canary: ClassVar[bool] = False

    list_fullwidth = True
    show_full_result_count = False
    view_fields: ClassVar[tuple[Any, ...]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that offers to show all only where something is left out."""
        return PlainList

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the whole staff look."""
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let the whole staff look."""
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows come from commands."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from commands."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from commands."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows without those of Landfall's own canary, which is nobody's work."""
        rows: QuerySet[Any] = super().get_queryset(request)
        names = {entry.name for entry in self.opts.fields}
        for path_to_app in () if self.shows_canary else _APP_PATHS:
            if path_to_app.partition("__")[0] in names:
                return rows.exclude(**{f"{path_to_app}__key": CANARY})
        return rows

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return no bulk actions: they would write past the one door."""
        return {}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what the page shows to a person who only looks."""
        return self.view_fields or super().get_fields(request, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the audit of this row: Landfall's own history, not the admin's log."""
        row = self.get_object(request, unquote(object_id))
        query = urlencode({"q": self.audit_query(row) if row else object_id})
        return HttpResponseRedirect(f"{reverse('admin:governance_auditentry_changelist')}?{query}")

    def audit_query(self, row: Any) -> str:
        """Return the words with which the audit is searched for this row."""
        return str(row)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Refuse loudly: only operations write rows."""
        raise PermissionDenied

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Refuse loudly: only operations write rows."""
        raise PermissionDenied


class ReadOnlyInline(TabularInline):
    """Rows of a row, to look at."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let the whole staff look."""
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from commands."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from commands."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows come from commands."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command on one row that needs a look first: release, revoke, advance, remove.

    `sentence` says what will happen and to how many; `open_for` tells whether the row can
    take the step at all.
    """

    name: str
    label: Any
    command: type[Command]
    form: type[CommandForm]
    sentence: Callable[[Any], str]
    open_for: Callable[[Any], bool] = lambda _row: True
    danger: bool = False
    back_to_list: bool = False


class CommandAdmin(ReadOnlyAdmin):
    """An admin whose add and change forms run commands, and whose steps do too."""

    add_command: ClassVar[type[Command] | None] = None
    change_command: ClassVar[type[Command] | None] = None
    add_form: ClassVar[type[CommandForm] | None] = None
    change_form: ClassVar[type[CommandForm] | None] = None
    identity_fields: ClassVar[tuple[str, ...]] = ()
    steps: ClassVar[tuple[Step, ...]] = ()
    change_form_outer_before_template = "landfall/steps.html"
    warn_unsaved_form = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the policy."""
        return self.add_form is not None and may(request, self.add_command)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the policy, and whether this row can still be changed."""
        open_row = obj is None or self.is_changeable(obj)
        return self.change_form is not None and open_row and may(request, self.change_command)

    def is_changeable(self, row: Any) -> bool:
        """Tell whether the row can still be changed by its form."""
        return True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's fields for a person who may write, else what there is to see."""
        form = self._writing_form(request, obj)
        return form.list_fields() if form else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what says which row this is, above the fields that can be written."""
        return self.identity_fields if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the row's identity, then the form's fields in the form's own order."""
        fields = [(None, {"fields": self.get_fields(request, obj)})]
        if obj is not None and self.identity_fields and self._writing_form(request, obj):
            return [(None, {"fields": _pair(self.identity_fields)}), *fields]
        return fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the command form, carrying what the one door refused in this request."""
        form = self._writing_form(request, obj)
        if form is None:
            return super().get_form(request, obj, change=change, **kwargs)
        refused = request.__dict__.get("_landfall_refused")
        return type(form.__name__, (form,), {"refused": refused}) if refused else form

    def _writing_form(self, request: HttpRequest, row: Any) -> type[CommandForm] | None:
        if row is None:
            return self.add_form if self.has_add_permission(request) else None
        return self.change_form if self.has_change_permission(request, row) else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Run the command on POST, outside any transaction of the admin, else show the page."""
        if object_id is None and not self.has_add_permission(request):
            return refuse_adding(self, request, back=self._list_address(request))
        row = self.get_object(request, unquote(object_id)) if object_id else None
        if request.method == "POST" and (row is not None or object_id is None):
            answer = self._run_form(request, row)
            if answer is not None:
                return answer
        extra = {
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            "show_save_as_new": False,
            "show_delete_link": False,
            "landfall_steps": self._list_steps(request, row) if row is not None else [],
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, extra)

    def _run_form(self, request: HttpRequest, row: Any) -> HttpResponse | None:
        """Return the redirect after success; None lets the page show the form's errors."""
        form_class = self._writing_form(request, row)
        if form_class is None:
            raise PermissionDenied
        form = form_class(request.POST, request.FILES, instance=row)
        if not form.is_valid():
            return None
        try:
            receipt = self.execute(request, form.build(), adding=row is None)
        except AlreadyThere as there:
            told = self._tell_existing(there.row)
            request.__dict__["_landfall_refused"] = Refused(told, code=there.code)
            return None
        except Refused as refused:
            request.__dict__["_landfall_refused"] = refused
            return None
        return self.respond_done(request, form, receipt)

    def execute(self, request: HttpRequest, command: Command, *, adding: bool = False) -> Receipt:
        """Give the command to the one door in the name of the signed-in person.

        With `adding` it may make a row of this admin's model, and change none.
        """
        try:
            return execute(
                command,
                actor=request.user,  # type: ignore[arg-type]  # `admin_view` lets only staff in
                now=timezone.now(),
                adding=self.model if adding else None,
            )
        except PermissionRefused as refused:
            raise PermissionDenied(str(refused)) from refused

    def _tell_existing(self, row: Model) -> SafeString:
        """Say what is there instead of what was to be added, and lead to it."""
        owner = getattr(row, "owner", "")
        told = f"{self.opts.verbose_name} {row}" + (f" ({owner})" if owner else "")
        link = format_html('<a class="underline" href="{}">{}</a>', self._row_address(row), told)
        words = _("There is already one: %(link)s. Nothing was changed; open it to change it.")
        return format_html(words.replace("%(link)s", "{}"), link)

    def respond_done(
        self, request: HttpRequest, form: CommandForm, receipt: Receipt
    ) -> HttpResponse:
        """Tell what came of it and go back to the list."""
        messages.success(request, receipt_note(receipt))
        return HttpResponseRedirect(self._list_address(request))

    def _list_address(self, request: HttpRequest) -> str:
        filters = self.get_preserved_filters(request)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return f"{reverse(name)}?{filters}" if filters else reverse(name)

    # Steps

    def get_urls(self) -> list[URLPattern]:
        """Add one address per step."""
        opts = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(
                f"<path:object_id>/step/{step.name}/",
                self.admin_site.admin_view(self._step_view),
                {"step": step},
                name=f"{opts}_step_{step.name}",
            )
            for step in self.steps
        ]
        urls: list[URLPattern] = super().get_urls()
        return own + urls

    def _list_steps(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        opts = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            {
                "label": step.label,
                "danger": step.danger,
                "address": reverse(f"admin:{opts}_step_{step.name}", args=[row.pk]),
            }
            for step in self.steps
            if step.open_for(row) and may(request, step.command)
        ]

    def _step_view(self, request: HttpRequest, object_id: str, step: Step) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return HttpResponseRedirect(self._list_address(request))
        if not may(request, step.command) or not step.open_for(row):
            raise PermissionDenied
        form = step.form(request.POST if request.method == "POST" else None, instance=row)
        if request.method == "POST" and form.is_valid():
            try:
                receipt = self.execute(request, form.build())
            except Refused as refused:
                form.add_refusal(refused)
            else:
                return self.respond_step(request, row, step=step, form=form, receipt=receipt)
        context = {
            **self.admin_site.each_context(request),
            "title": step.label,
            "subtitle": str(row),
            "opts": self.opts,
            "original": row,
            "form": form,
            "step": step,
            "sentence": step.sentence(row),
            "back": self._row_address(row),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "landfall/step.html", context)

    def respond_step(
        self,
        request: HttpRequest,
        row: Model,
        *,
        step: Step,
        form: CommandForm,
        receipt: Receipt,
    ) -> HttpResponse:
        """Tell what came of a step and go back to the row, or to the list where it is gone."""
        messages.success(request, receipt_note(receipt))
        gone = step.back_to_list
        return HttpResponseRedirect(self._list_address(request) if gone else self._row_address(row))

    def _row_address(self, row: Model) -> str:
        opts = f"{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"admin:{opts}_change", args=[row.pk])
