"""Take what changed in files into the rows: one command, one change, whatever the size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from regions.governance.commands import Change, Command, Moment, operation
from regions.models import Locale
from regions.translations.catalog import Catalog, Forms, Message
from regions.translations.models import Component, Conflict, Entry, Translation
from regions.translations.plan import EntryStep, Plan, TextStep, plan_component
from regions.translations.queries.rows import load_components
from regions.translations.workflow import NEEDS_REVIEW, TRANSLATED, published_after

_BATCH = 500
_ENTRY_FIELDS = ("source", "source_plural", "note", "position")
_TEXT_FIELDS = (
    "forms",
    "published_forms",
    "base_forms",
    "base_needs_review",
    "state",
    "updated_at",
    "updated_by",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCatalog(Command):
    """Follow these files: what only they changed is taken over, what both changed is noted.

    `unreadable` are (component, locale) whose file exists and cannot be read.
    `source_locale` is that of components which are new.
    """

    catalogs: tuple[Catalog, ...]
    source_locale: str = "en"
    unreadable: frozenset[tuple[str, str]] = frozenset()
    allow_removals: bool = False


def load_plans(command: ImportCatalog) -> list[Plan]:
    """Compare the files with the rows as they are now; three queries whatever the size."""
    by_component: dict[str, dict[str, Catalog]] = {}
    for catalog in command.catalogs:
        by_component.setdefault(catalog.component, {})[catalog.locale] = catalog
    stored = load_components(by_component)
    return [
        plan_component(
            catalogs,
            stored.get(key),
            component=key,
            source_locale=stored[key].source_locale if key in stored else command.source_locale,
            unreadable=[locale for broken, locale in command.unreadable if broken == key],
            allow_removals=command.allow_removals,
        )
        for key, catalogs in sorted(by_component.items())
    ]


@operation(ImportCatalog, permission="texts")
def import_catalog(command: ImportCatalog, moment: Moment) -> Iterator[Change]:
    """Carry out the import side of the plans."""
    plans = load_plans(command)
    yield from _add_locales(command, plans)
    locales = dict(Locale.objects.values_list("tag", "id"))
    for plan in plans:
        if plan.is_new and plan.entries:
            yield from _add_component(plan.component, locales[command.source_locale])
        yield from _follow_entries(plan)
        yield from _follow_texts(plan, locales, moment)


def _add_locales(command: ImportCatalog, plans: Iterable[Plan]) -> Iterator[Change]:
    wanted = {catalog.locale for catalog in command.catalogs}
    if any(plan.is_new for plan in plans):
        wanted.add(command.source_locale)
    known = set(Locale.objects.filter(tag__in=wanted).values_list("tag", flat=True))
    for tag in sorted(wanted - known):
        Locale.objects.create(tag=tag)
        yield Change(object_type="locale", object_key=tag, action="created", after={"tag": tag})


def _add_component(key: str, source_locale_id: int) -> Iterator[Change]:
    name = key.replace("-", " ").capitalize()
    Component.objects.create(key=key, name=name, source_locale_id=source_locale_id)
    yield Change(object_type="component", object_key=key, action="created", after={"name": name})


def _follow_entries(plan: Plan) -> Iterator[Change]:
    if not plan.entries:
        return
    component_id = Component.objects.values_list("id", flat=True).get(key=plan.component)
    new: list[Entry] = []
    changed: list[Entry] = []
    gone: list[int] = []
    for step in plan.entries:
        if step.message is None and step.before is not None:
            gone.append(step.before.id)
        elif step.message is not None:
            row = _to_entry(step, step.message, component_id)
            (changed if step.before else new).append(row)
        yield from _describe_entry(plan.component, step)
    Entry.objects.bulk_create(new, batch_size=_BATCH)
    Entry.objects.bulk_update(changed, _ENTRY_FIELDS, batch_size=_BATCH)
    for start in range(0, len(gone), _BATCH):
        yield from _drop_entries(plan.component, gone[start : start + _BATCH])


def _drop_entries(component: str, ids: list[int]) -> Iterator[Change]:
    """Delete messages; the audit keeps the texts that go with them, the database does not."""
    texts = Translation.objects.filter(entry__in=ids).order_by("entry__position", "locale__tag")
    for key, locale, forms, state in texts.values_list(
        "entry__key", "locale__tag", "forms", "state"
    ):
        yield Change(
            object_type="translation",
            object_key=f"{component}/{key}/{locale}",
            action="deleted",
            before={"forms": forms, "state": state},
        )
    Entry.objects.filter(id__in=ids).delete()


def _follow_texts(plan: Plan, locales: dict[str, int], moment: Moment) -> Iterator[Change]:
    keys = dict(Entry.objects.filter(component__key=plan.component).values_list("key", "id"))
    created: list[Translation] = []
    updated: list[Translation] = []
    for step in plan.list_texts("import"):
        row = _to_translation(step, keys[step.key], locales[step.locale], moment)
        (updated if step.mine else created).append(row)
        yield _describe_text(plan.component, step, row)
    Translation.objects.bulk_create(created, batch_size=_BATCH)
    Translation.objects.bulk_update(updated, _TEXT_FIELDS, batch_size=_BATCH)
    settled = [step for step in plan.texts if step.outcome != "conflict" and step.mine]
    _close_conflicts(settled)
    _follow_bases(plan.list_texts("agree"))
    yield from _note_conflicts(plan, moment)


def _to_entry(step: EntryStep, message: Message, component_id: int) -> Entry:
    return Entry(
        pk=step.before.id if step.before else None,
        component_id=component_id,
        key=message.key,
        source=message.source,
        source_plural=message.source_plural,
        note=message.note,
        position=step.position,
    )


def _to_translation(step: TextStep, entry_id: int, locale_id: int, moment: Moment) -> Translation:
    theirs = step.theirs
    forms = theirs.forms if theirs else ()
    needs_review = bool(theirs and theirs.needs_review)
    state = NEEDS_REVIEW if needs_review else TRANSLATED
    published = step.mine.published if step.mine else ()
    return Translation(
        pk=step.mine.id if step.mine else None,
        entry_id=entry_id,
        locale_id=locale_id,
        forms=list(forms),
        published_forms=list(published_after(state, forms, published)),
        base_forms=list(forms),
        base_needs_review=needs_review,
        state=state,
        updated_at=moment.now,
        updated_by=moment.actor_name,
    )


def _close_conflicts(steps: Iterable[TextStep]) -> None:
    closed = [step.mine.id for step in steps if step.mine and step.mine.conflict]
    if closed:
        Conflict.objects.filter(translation__in=closed).delete()


def _follow_bases(steps: Iterable[TextStep]) -> None:
    """Both sides came to the same text by themselves; no news for anybody."""
    rows = [
        Translation(
            pk=step.mine.id,
            base_forms=list(step.mine.mine.forms),
            base_needs_review=step.mine.mine.needs_review,
        )
        for step in steps
        if step.mine
    ]
    Translation.objects.bulk_update(rows, ["base_forms", "base_needs_review"], batch_size=_BATCH)


def _note_conflicts(plan: Plan, moment: Moment) -> Iterator[Change]:
    for step in plan.list_texts("conflict"):
        needs_review = bool(step.theirs and step.theirs.needs_review)
        if step.mine is None or (
            (step.mine.conflict, step.mine.conflict_needs_review) == (step.forms, needs_review)
        ):
            continue
        base, mine, theirs = (list(forms) for forms in step.forms)
        before = step.mine.conflict
        Conflict.objects.update_or_create(
            translation_id=step.mine.id,
            defaults={
                "base": base,
                "mine": mine,
                "theirs": theirs,
                "theirs_needs_review": needs_review,
                "found_at": moment.now,
            },
        )
        if before == step.forms:
            continue  # Only the file's mark moved: no news for the person who decides.
        yield Change(
            object_type="conflict",
            object_key=f"{plan.component}/{step.key}/{step.locale}",
            action="updated" if before else "created",
            before=_conflict_facts(before) if before else None,
            after=_conflict_facts(step.forms),
        )


def _conflict_facts(sides: tuple[Forms, Forms, Forms]) -> dict[str, list[str]]:
    base, mine, theirs = sides
    return {"base": list(base), "mine": list(mine), "theirs": list(theirs)}


def _describe_entry(component: str, step: EntryStep) -> Iterator[Change]:
    before = _entry_facts(step.before) if step.before else None
    after = _entry_facts(step.message) if step.message else None
    if before == after:
        # Only its place in the catalog moved.
        return
    known = step.before or step.message
    yield Change(
        object_type="message",
        object_key=f"{component}/{known.key if known else ''}",
        action="deleted" if after is None else "updated" if before else "created",
        before=before,
        after=after,
    )


def _entry_facts(entry: Any) -> dict[str, str]:
    return {"source": entry.source, "source_plural": entry.source_plural, "note": entry.note}


def _describe_text(component: str, step: TextStep, row: Translation) -> Change:
    return Change(
        object_type="translation",
        object_key=f"{component}/{step.key}/{step.locale}",
        action="updated" if step.mine else "created",
        before=(
            {"forms": list(step.mine.mine.forms), "state": step.mine.state} if step.mine else None
        ),
        after={"forms": row.forms, "state": row.state},
    )
