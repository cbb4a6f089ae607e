"""Tell what a change did, value by value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value before and after; None means that there was or is none."""

    name: str
    before: str | None
    after: str | None


def list_differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[Difference]:
    """Return the values that differ, by name; empty values of a new or deleted row are left out."""
    old, new = before or {}, after or {}
    return [
        Difference(name=name, before=_shown(old.get(name)), after=_shown(new.get(name)))
        for name in [*new, *(name for name in old if name not in new)]
        if _shown(old.get(name)) != _shown(new.get(name))
    ]


def render_differences(differences: list[Difference], *, limit: int | None = None) -> SafeString:
    """Return the differences as rows "name: before -> after"."""
    shown = differences if limit is None else differences[:limit]
    rows = format_html_join("", "{}", ((_row(each),) for each in shown))
    rest = len(differences) - len(shown)
    more = format_html('<li class="lf-dim">{}</li>', _("and %d more") % rest) if rest else ""
    return format_html('<ul class="lf-diff">{}{}</ul>', rows, more)


def _row(each: Difference) -> SafeString:
    before = format_html("<del>{}</del>", each.before) if each.before is not None else ""
    after = format_html("<ins>{}</ins>", each.after) if each.after is not None else ""
    arrow = mark_safe('<span class="lf-arrow" aria-hidden="true"></span>') if before else ""
    return format_html(
        '<li><span class="lf-diff-name">{}</span> {} {} {}</li>', each.name, before, arrow, after
    )


def _shown(value: Any) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
