"""Components with how complete they are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regions.governance.admin_pages import ReadOnlyAdmin, ReadOnlyInline
from regions.translations.models import Component, Entry


class EntryInline(ReadOnlyInline):
    """The messages of a component."""

    model = Entry
    fields = ("key", "source", "source_plural", "note")
    readonly_fields = fields


@admin.register(Component)
class ComponentAdmin(ReadOnlyAdmin):
    """Catalogs; they come from the files in `locale/`."""

    view_fields = (("name", "key", "source_locale"),)
    inlines = (EntryInline,)
    list_display = ("name", "key", "source_locale", "entry_count")
    search_fields = ("key", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Component]:
        """Return the components with the number of their messages."""
        rows: QuerySet[Component] = super().get_queryset(request)
        return rows.select_related("source_locale").annotate(entries_found=Count("entries"))

    @admin.display(description=_("Messages"), ordering="entries_found")
    def entry_count(self, row: Any) -> int:
        """Show how many messages it has."""
        return int(row.entries_found)
