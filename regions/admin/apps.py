"""Apps and locales, to look at."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regions.admin.names import locale_name, territory_name
from regions.governance.admin_pages import ReadOnlyAdmin
from regions.models import App, Locale


@admin.register(App)
class AppAdmin(ReadOnlyAdmin):
    """Product editions."""

    view_fields = (("name", "key", "home"), "platforms_line", "territories_line")
    list_display = ("name", "key", "home", "platforms_line", "territory_count")
    search_fields = ("key", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[App]:
        """Return the apps with the number of their territories."""
        rows: QuerySet[App] = super().get_queryset(request)
        return rows.annotate(territories_found=Count("territories", distinct=True))

    @admin.display(description=_("Home"))
    def home(self, row: App) -> str:
        """Show the home territory."""
        return territory_name(row.home_territory_id) if row.home_territory_id else ""

    @admin.display(description=_("Platforms"))
    def platforms_line(self, row: App) -> str:
        """Show the platforms."""
        return ", ".join(row.platforms)

    @admin.display(description=_("Countries and regions"), ordering="territories_found")
    def territory_count(self, row: Any) -> int:
        """Show in how many territories it is managed."""
        return int(row.territories_found)

    @admin.display(description=_("Countries and regions"))
    def territories_line(self, row: App) -> str:
        """Show the territories by name."""
        codes = row.territories.values_list("code", flat=True)
        return ", ".join(sorted(territory_name(code) for code in codes))


@admin.register(Locale)
class LocaleAdmin(ReadOnlyAdmin):
    """Locales and what they fall back to."""

    view_fields = (("tag", "name"), ("parent", "last_step"))
    list_display = ("tag", "name", "parent", "last_step", "territory_count", "text_count")
    list_filter = ("last_step",)
    list_select_related = ("parent",)
    search_fields = ("tag",)
    ordering: ClassVar = ("tag",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Locale]:
        """Return the locales with the numbers of territories and translations."""
        rows: QuerySet[Locale] = super().get_queryset(request)
        return rows.select_related("parent").annotate(
            territories_found=Count("territories", distinct=True),
            texts_found=Count("translations", distinct=True),
        )

    @admin.display(description=_("Name"))
    def name(self, row: Locale) -> str:
        """Show the name in the reader's language."""
        return locale_name(row.tag)

    @admin.display(description=_("Countries and regions"), ordering="territories_found")
    def territory_count(self, row: Any) -> int:
        """Show in how many territories it is offered."""
        return int(row.territories_found)

    @admin.display(description=_("Translations"), ordering="texts_found")
    def text_count(self, row: Any) -> int:
        """Show how many messages are translated."""
        return int(row.texts_found)
