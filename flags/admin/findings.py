"""What the newest publish found out about features, in badges and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from flags.admin.marks import badge
from flags.models import Feature, Findings

NAMED_MOST = 3


def tell_in_sdks(row: Feature) -> SafeString:
    """Say how far backend SDKs decide the feature like the engine, by environment."""
    return _join(row, [(found, _tell_lowered(found, row.key)) for found in _list(row)])


def tell_broken(row: Feature) -> SafeString:
    """Say why the feature is published off, by environment; empty when it is not."""
    lines = [
        (found, format_html("{} {}", broken_badge(), found.broken[row.key]))
        for found in _list(row)
        if row.key in found.broken
    ]
    return _join(row, lines) if lines else SafeString()


def is_broken(row: Feature) -> bool:
    """Tell whether the feature is broken in any environment."""
    return any(row.key in found.broken for found in _list(row))


def broken_badge() -> SafeString:
    """Return the pill of a feature that cannot be decided."""
    return badge("broken", _("Broken"))


def tell_all_broken(broken: Mapping[str, str]) -> str:
    """Name the broken features of a scope in a sentence, the first few with their reasons."""
    if not broken:
        return ""
    named = [f"{key} ({why})" for key, why in list(broken.items())[:NAMED_MOST]]
    more = len(broken) - len(named)
    if more > 0:
        named.append(ngettext("%d more", "%d more", more) % more)
    words = ngettext(
        "%(count)d feature is broken and off: %(names)s.",
        "%(count)d features are broken and off: %(names)s.",
        len(broken),
    )
    return words % {"count": len(broken), "names": ", ".join(named)}


class FoundFilter(admin.SimpleListFilter):
    """Only features that are broken, or stricter in backend SDKs, in some environment."""

    title = _("in the newest publish")
    parameter_name = "found"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what one would look for."""
        return [("broken", _("Broken")), ("server-evaluated", _("Server-evaluated"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feature]) -> QuerySet[Feature]:
        """Return the features that were found so; one query more."""
        if self.value() is None:
            return queryset
        found = Q(pk__in=())
        for row in Findings.objects.all():
            noted = [key for key, notes in row.notes.items() if notes and key not in row.broken]
            keys = list(row.broken) if self.value() == "broken" else noted
            found |= Q(app_id=row.app_id, key__in=keys)
        return queryset.filter(found)


def _list(row: Feature) -> list[Findings]:
    return list(row.app.findings.all())


def _tell_lowered(found: Findings, key: str) -> SafeString:
    if key in found.broken:
        return badge("not-offered", _("Off"))
    notes = found.notes.get(key)
    if notes is None:
        return _tell_unknown()
    if not notes:
        return badge("live", _("Exact"))
    return format_html("{} {}", badge("partial", _("Server-evaluated")), "; ".join(notes))


def _tell_unknown() -> SafeString:
    return format_html('<span class="lf-dim">{}</span>', _t("not published yet"))


def _join(row: Feature, lines: Iterable[tuple[Findings, SafeString]]) -> SafeString:
    """Put equal lines together, each with the environments where it holds."""
    same: dict[SafeString, list[str]] = {}
    for found, words in lines:
        same.setdefault(words, []).append(found.environment.name)
    if not same:
        return _tell_unknown()
    if [len(_list(row))] == [len(names) for names in same.values()]:
        return next(iter(same))
    return format_html_join(
        "",
        '<div class="lf-found">{} <span class="lf-dim">· {}</span></div>',
        ((words, ", ".join(names)) for words, names in same.items()),
    )
