"""What a translator sees: source, parent and own text side by side, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regions.locales.fallback import inherit
from regions.locales.plurals import rule_of
from regions.locales.tag import normalise_tag
from regions.translations.catalog import Forms
from regions.translations.models import Component, Entry, Translation
from regions.translations.queries.rows import load_parents
from regions.translations.workflow import NEEDS_REVIEW

Origin = Literal["own", "inherited", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message in one locale.

    `parent_forms` is what would be shown without an own text and `parent_locale` where it
    comes from, the source language where no parent has one. `categories` names the forms
    that are asked for, `("other",)` for a message without plural. `origin` is missing
    where only the source language has a text.
    """

    component: str
    key: str
    note: str
    source: str
    source_plural: str
    categories: tuple[str, ...]
    forms: Forms
    published_forms: Forms
    parent_forms: Forms
    parent_locale: str
    origin: Origin
    state: str
    has_conflict: bool
    updated_at: datetime | None
    updated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How complete a component is in a locale; own + inherited + missing = total.

    `is_source` marks the language in which the component is written: nothing to translate.
    """

    locale: str
    component: str
    own: int
    inherited: int
    missing: int
    needs_review: int
    conflicts: int
    is_source: bool

    @property
    def total(self) -> int:
        """Return how many messages the component has."""
        return self.own + self.inherited + self.missing

    @property
    def percent(self) -> int:
        """Return the share that needs nobody, rounded down; inherited counts as complete."""
        done = self.own + self.inherited
        return 100 * done // self.total if self.total else 100


def list_messages(
    locale: str, *, component: str = "", key: str = "", search: str = ""
) -> list[MessageRow]:
    """List the messages of a locale in catalog order; three queries whatever the size.

    `search` looks into keys, sources, own and inherited texts, whatever the case; not in
    the database, which keeps forms as JSON with escapes.
    """
    tag = normalise_tag(locale)
    steps = inherit(tag, load_parents())
    entries = Entry.objects.select_related("component__source_locale").order_by(
        "component__key", "position"
    )
    if component:
        entries = entries.filter(component__key=component)
    if key:
        entries = entries.filter(key=key)
    found = list(entries)
    texts = _load_texts(found, steps, key=key)
    rows = [_to_row(entry, steps, texts.get(entry.pk, {})) for entry in found]
    return [row for row in rows if _is_found(row, search.casefold())] if search else rows


def list_coverage(*, locales: Sequence[str] = ()) -> list[Coverage]:
    """List coverage per locale and component; four queries whatever the size.

    Without `locales`, those that have a text of their own and the source languages.
    """
    totals: Counter[str] = Counter(Entry.objects.values_list("component__key", flat=True))
    sources = dict(Component.objects.values_list("key", "source_locale__tag"))
    own: dict[tuple[str, str], set[int]] = {}
    reviews: Counter[tuple[str, str]] = Counter()
    conflicts: Counter[tuple[str, str]] = Counter()
    rows = Translation.objects.exclude(forms=[])
    for entry_id, key, tag, state, conflict in rows.values_list(
        "entry_id", "entry__component__key", "locale__tag", "state", "conflict__id"
    ):
        own.setdefault((key, tag), set()).add(entry_id)
        reviews[key, tag] += state == NEEDS_REVIEW
        conflicts[key, tag] += conflict is not None
    parents = load_parents()
    known = {tag for _, tag in own} | set(sources.values())
    tags = sorted({normalise_tag(tag) for tag in locales} or known)
    coverage: list[Coverage] = []
    for tag in tags:
        steps = inherit(tag, parents)
        for key, total in sorted(totals.items()):
            mine = own.get((key, tag), set())
            above = set().union(*(own.get((key, step), set()) for step in steps[1:]))
            complete = total if sources[key] in steps else len(mine | above)
            coverage.append(
                Coverage(
                    locale=tag,
                    component=key,
                    own=len(mine),
                    inherited=complete - len(mine),
                    missing=total - complete,
                    needs_review=reviews[key, tag],
                    conflicts=conflicts[key, tag],
                    is_source=tag == sources[key],
                )
            )
    return coverage


def _load_texts(
    entries: Iterable[Entry], steps: Sequence[str], *, key: str
) -> dict[int, dict[str, Translation]]:
    """Load the texts along the chain, by entry and locale."""
    components = {entry.component_id for entry in entries}
    rows = Translation.objects.select_related("locale", "conflict").filter(
        locale__tag__in=steps, entry__component__in=components
    )
    if key:
        rows = rows.filter(entry__key=key)
    texts: dict[int, dict[str, Translation]] = {}
    for row in rows:
        texts.setdefault(row.entry_id, {})[row.locale.tag] = row
    return texts


def _to_row(entry: Entry, steps: Sequence[str], texts: dict[str, Translation]) -> MessageRow:
    own = texts.get(steps[0])
    source_locale = entry.component.source_locale.tag
    source = (entry.source, entry.source_plural) if entry.source_plural else (entry.source,)
    above = [step for step in steps[1:] if step in texts and texts[step].forms]
    parent_locale = above[0] if above else source_locale
    return MessageRow(
        component=entry.component.key,
        key=entry.key,
        note=entry.note,
        source=entry.source,
        source_plural=entry.source_plural,
        categories=rule_of(steps[0]).categories if entry.source_plural else ("other",),
        forms=tuple(own.forms) if own else (),
        published_forms=tuple(own.published_forms) if own else (),
        parent_forms=tuple(texts[above[0]].forms) if above else source,
        parent_locale=parent_locale,
        origin=_find_origin(own, inherited=bool(above) or source_locale in steps),
        state=own.state if own and own.forms else "",
        has_conflict=own is not None and hasattr(own, "conflict"),
        updated_at=own.updated_at if own else None,
        updated_by=own.updated_by if own else "",
    )


def _is_found(row: MessageRow, wanted: str) -> bool:
    texts = (row.key, row.source, row.source_plural, *row.forms, *row.parent_forms)
    return any(wanted in text.casefold() for text in texts)


def _find_origin(own: Translation | None, *, inherited: bool) -> Origin:
    if own is not None and own.forms:
        return "own"
    return "inherited" if inherited else "missing"
