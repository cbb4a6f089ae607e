"""Load the stored side of catalogs as plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from regions.models import Locale
from regions.translations.catalog import Forms
from regions.translations.merge import Text
from regions.translations.models import Component, Entry, Translation
from regions.translations.stored import StoredComponent, StoredEntry, StoredText
from regions.translations.workflow import NEEDS_REVIEW


def load_parents(*, using: str = "default") -> Mapping[str, str]:
    """Load the parents that differ from CLDR, by tag, for `regions.locales.fallback`."""
    rows = Locale.objects.using(using).filter(parent__isnull=False)
    return dict(rows.values_list("tag", "parent__tag"))


def load_order(component_id: int) -> tuple[str, ...]:
    """Load the keys of a component in the order of its source catalog."""
    rows = Entry.objects.filter(component=component_id).order_by("position", "id")
    return tuple(rows.values_list("key", flat=True))


def load_components(
    keys: Collection[str], *, locale: str = "", entry_key: str = ""
) -> dict[str, StoredComponent]:
    """Load components with their texts, narrowed to one locale and one message if given.

    Three queries, whatever the size.
    """
    components = {
        row.key: StoredComponent(row.pk, row.key, row.source_locale.tag)
        for row in Component.objects.filter(key__in=keys).select_related("source_locale")
    }
    by_id = {component.id: component for component in components.values()}
    owners: dict[int, tuple[StoredComponent, str]] = {}
    entries = Entry.objects.filter(component__in=by_id).order_by("position", "id")
    if entry_key:
        entries = entries.filter(key=entry_key)
    for pk, owner, key, source, plural, note, position in entries.values_list(
        "id", "component_id", "key", "source", "source_plural", "note", "position"
    ):
        by_id[owner].entries[key] = StoredEntry(pk, key, source, plural, note, position)
        owners[pk] = (by_id[owner], key)
    texts = Translation.objects.filter(entry__component__in=by_id)
    if locale:
        texts = texts.filter(locale__tag=locale)
    if entry_key:
        texts = texts.filter(entry__key=entry_key)
    for row in texts.values_list(
        "id", "entry_id", "locale__tag", "forms", "base_forms", "base_needs_review", "state",
        "published_forms", "conflict__base", "conflict__mine", "conflict__theirs",
        "conflict__theirs_needs_review",
    ):  # fmt: skip
        component, key = owners[row[1]]
        component.texts.setdefault(row[2], {})[key] = _to_text(row)
    return components


def _to_text(row: tuple[object, ...]) -> StoredText:
    pk, _, _, forms, base, base_needs_review, state, published, *conflict = row
    return StoredText(
        id=int(str(pk)),
        mine=Text(_forms(forms), bool(forms) and state == NEEDS_REVIEW),
        base=Text(_forms(base), bool(base_needs_review)),
        published=_forms(published),
        state=str(state),
        conflict=None
        if conflict[0] is None
        else (_forms(conflict[0]), _forms(conflict[1]), _forms(conflict[2])),
        conflict_needs_review=bool(conflict[3]),
    )


def _forms(value: object) -> Forms:
    return tuple(str(form) for form in value) if isinstance(value, list) else ()
