"""Environments and the audit, to look at; users and groups for superusers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from regions.governance.admin_diff import list_differences, render_differences
from regions.governance.admin_pages import ReadOnlyAdmin, is_staff
from regions.governance.models import AuditEntry, Environment
from regions.governance.policy import PROBE

LINES_IN_LIST = 4


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    """Environments with how far they are published."""

    view_fields = (("name", "key", "position"), ("revision", "epoch"), "published")
    list_display = ("name", "key", "revision", "published", "waiting")
    ordering: ClassVar = ("position", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Environment]:
        """Return the environments with the number of changes that wait."""
        rows: QuerySet[Environment] = super().get_queryset(request)
        return rows.annotate(outbox_found=Count("outbox"))

    @admin.display(description=_("Published"))
    def published(self, row: Environment) -> str:
        """Show the change that clients have, and the newest one."""
        return _("change %(published)s of %(newest)s") % {
            "published": row.published_seq,
            "newest": row.change_seq,
        }

    @admin.display(description=_("Waiting"), ordering="outbox_found")
    def waiting(self, row: Any) -> int:
        """Show how many changes wait for a publish."""
        return int(row.outbox_found)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what, when, from what to what."""

    view_fields = (
        ("at", "actor_name", "command"),
        ("object_type", "object_key", "action"),
        ("app_key", "environment", "change_seq"),
        "whole_diff",
    )
    list_display = ("at", "actor_name", "what", "diff", "environment", "change_seq")
    list_display_links = ("at",)
    list_filter = ("environment", "object_type", "action", "command", "actor_name")
    list_select_related = ("environment",)
    search_fields = ("object_key", "actor_name", "command")
    date_hierarchy = "at"
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Leave the probe out of the list unless it is asked for: it writes a row a minute."""
        rows: QuerySet[AuditEntry] = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and str(match.url_name).endswith("_changelist")
        if is_list and request.GET.get("actor_name") != PROBE:
            return rows.exclude(actor_name=PROBE)
        return rows

    @admin.display(description=_("What"), ordering="object_key")
    def what(self, row: AuditEntry) -> SafeString:
        """Show the object and what was done to it."""
        return format_html(
            '<span class="lf-key">{}</span><br><span class="lf-dim">{} · {}</span>',
            row.object_key,
            row.get_action_display(),
            row.command,
        )

    @admin.display(description=_("Before → after"))
    def diff(self, row: AuditEntry) -> SafeString:
        """Show the first few values that changed."""
        return render_differences(list_differences(row.before, row.after), limit=LINES_IN_LIST)

    @admin.display(description=_("Before → after"))
    def whole_diff(self, row: AuditEntry) -> SafeString:
        """Show every value that changed."""
        return render_differences(list_differences(row.before, row.after))


class StaffMayLook:
    """Let the whole staff look; writing stays with Django's own permissions."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the whole staff look."""
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let the whole staff look."""
        return is_staff(request)


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(StaffMayLook, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """People who sign in; what they may do comes from their groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "roles", "is_active", "is_superuser")
    list_filter = ("groups", "is_active", "is_superuser")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the people with their groups, in two queries."""
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    @admin.display(description=_("Groups"))
    def roles(self, row: User) -> str:
        """Show the groups."""
        return ", ".join(group.name for group in row.groups.all())


@admin.register(Group)
class GroupAdmin(StaffMayLook, DjangoGroupAdmin, ModelAdmin):
    """Groups; the policy grants commands to them by name."""
