"""Countries and regions, and markets, to look at."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regions.admin.names import territory_name
from regions.governance.admin_pages import ReadOnlyAdmin, ReadOnlyInline
from regions.models import Market, MarketMember, Subdivision, Territory, TerritoryLocale


class SubdivisionInline(ReadOnlyInline):
    """The parts of a territory that rules name."""

    model = Subdivision
    fields = ("code", "name")
    readonly_fields = fields


class TerritoryLocaleInline(ReadOnlyInline):
    """The locales that are offered, the preferred first."""

    model = TerritoryLocale
    fields = ("position", "locale", "official")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TerritoryLocale]:
        """Return them with their locales."""
        rows: QuerySet[TerritoryLocale] = super().get_queryset(request)
        return rows.select_related("locale")


class MembershipInline(ReadOnlyInline):
    """The markets that a territory is in."""

    model = MarketMember
    fields = ("market", "starts_date", "ends_date")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[MarketMember]:
        """Return them with their markets."""
        rows: QuerySet[MarketMember] = super().get_queryset(request)
        return rows.select_related("market")


@admin.register(Territory)
class TerritoryAdmin(ReadOnlyAdmin):
    """Territories with the facts that CLDR gives."""

    view_fields = (("code", "alpha3", "name"), ("currency", "default_zone"), "zones")
    inlines = (TerritoryLocaleInline, MembershipInline, SubdivisionInline)
    list_display = ("name", "code", "alpha3", "currency", "default_zone", "spoken", "grouped")
    list_filter = ("memberships__market", "apps")
    search_fields = ("code", "alpha3", "currency", "default_zone")
    ordering: ClassVar = ("code",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Territory]:
        """Return the territories with locales and markets, in three queries."""
        rows: QuerySet[Territory] = super().get_queryset(request)
        return rows.prefetch_related("locales__locale", "memberships__market")

    @admin.display(description=_("Name"))
    def name(self, row: Territory) -> str:
        """Show the name in the reader's language."""
        return territory_name(row.code)

    @admin.display(description=_("Locales"))
    def spoken(self, row: Territory) -> str:
        """Show the locales in order of preference."""
        return ", ".join(each.locale.tag for each in row.locales.all())

    @admin.display(description=_("Markets"))
    def grouped(self, row: Territory) -> str:
        """Show the markets."""
        return ", ".join(sorted({each.market.key for each in row.memberships.all()}))


class MemberInline(ReadOnlyInline):
    """The territories of a market."""

    model = MarketMember
    fields = ("territory", "name", "starts_date", "ends_date")
    readonly_fields = fields

    @admin.display(description=_("Name"))
    def name(self, row: MarketMember) -> str:
        """Show the name in the reader's language."""
        return territory_name(row.territory_id)


@admin.register(Market)
class MarketAdmin(ReadOnlyAdmin):
    """Markets; where two overlap, the higher priority decides."""

    view_fields = (("name", "key", "priority"), "note")
    inlines = (MemberInline,)
    list_display = ("name", "key", "priority", "member_count", "note")
    search_fields = ("key", "name", "note")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Market]:
        """Return the markets with the number of their members."""
        rows: QuerySet[Market] = super().get_queryset(request)
        return rows.annotate(members_found=Count("members__territory", distinct=True))

    @admin.display(description=_("Members"), ordering="members_found")
    def member_count(self, row: Any) -> int:
        """Show how many territories have ever been in it."""
        return int(row.members_found)
