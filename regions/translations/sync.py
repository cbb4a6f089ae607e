"""Keep the files in `locale/` and the rows together, entry by entry.

What only the file changed goes into the rows, what only the rows changed goes into the
file, what both changed is reported with base, mine and theirs and left to a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from regions.governance.execute import execute
from regions.translations import files
from regions.translations.catalog import Catalog, CatalogError, Forms
from regions.translations.formats.gettext import parse
from regions.translations.formats.gettext_catalog import read_catalog
from regions.translations.operations.imports import ImportCatalog, load_plans
from regions.translations.operations.write_back import write_catalog
from regions.translations.plan import Plan

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConflict:
    """A text that was changed in its file and in the admin; `name` is component/key/locale."""

    name: str
    base: Forms
    mine: Forms
    theirs: Forms


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What was (or, for a check, would be) done.

    `imported`, `written` and `removed` name texts as component/key/locale and messages as
    component/key. `errors` are files or parts that were not followed.
    """

    imported: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    conflicts: tuple[TextConflict, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether files and rows are the same and nothing waits for a person."""
        return not (self.imported or self.written or self.removed or self.conflicts or self.errors)


def sync_locale(
    locale_dir: Path,
    *,
    actor: User | None,
    now: datetime,
    check: bool = False,
    allow_removals: bool = False,
) -> SyncReport:
    """Bring files and rows together; with `check` only tell what would be done.

    A file or a component that has lost more than a fifth of its messages is not followed
    unless `allow_removals`. Raises PermissionRefused.
    """
    # A text that is saved and written between reading a file and following it would be taken
    # for an edit of the file, and undone.
    with files.all_locked(locale_dir):
        command, errors = read_catalogs(locale_dir, allow_removals=allow_removals)
        plans = load_plans(command)
        if not check and any(_changes_rows(plan) for plan in plans):
            execute(command, actor=actor, now=now)
    warnings: list[str] = []
    written = [name for plan in plans for name in _name_writes(plan)]
    if not check:
        written, failed = _write(locale_dir, plans, now=now)
        errors.extend(failed)
    for plan in plans:
        warnings.extend(plan.warnings)
        errors.extend(plan.refusals)
    return SyncReport(
        imported=tuple(name for plan in plans for name in _name_imports(plan)),
        written=tuple(written),
        removed=tuple(name for plan in plans for name in _name_removals(plan)),
        conflicts=tuple(conflict for plan in plans for conflict in _list_conflicts(plan)),
        warnings=tuple(warnings),
        errors=tuple(errors),
    )


def read_catalogs(
    locale_dir: Path, *, allow_removals: bool = False
) -> tuple[ImportCatalog, list[str]]:
    """Read every catalog; one that cannot be read is named and left out."""
    found, errors = files.scan(locale_dir)
    catalogs: list[Catalog] = []
    unreadable: set[tuple[str, str]] = set()
    for entry in found:
        try:
            body = files.read(entry.path) or b""
            po = parse(body)
            catalogs.append(read_catalog(po, component=entry.component, locale=entry.locale))
        except (OSError, CatalogError) as error:
            errors.append(f"{entry.path.relative_to(locale_dir)}: {error}")
            unreadable.add((entry.component, entry.locale))
    command = ImportCatalog(
        catalogs=tuple(catalogs),
        unreadable=frozenset(unreadable),
        allow_removals=allow_removals,
    )
    return command, errors


def _changes_rows(plan: Plan) -> bool:
    return bool(plan.entries) or any(step.outcome != "write" for step in plan.texts)


def _write(
    locale_dir: Path, plans: Iterable[Plan], *, now: datetime
) -> tuple[list[str], list[str]]:
    """Write the files whose rows are ahead; return names of texts and sentences of errors."""
    written: list[str] = []
    failed: list[str] = []
    for plan in plans:
        for locale in sorted({step.locale for step in plan.list_texts("write")}):
            try:
                steps = write_catalog(locale_dir, component=plan.component, locale=locale, now=now)
            except (OSError, CatalogError, files.CatalogMoved, files.UnsafePath) as error:
                failed.append(f"{plan.component} in {locale} was not written: {error}")
                continue
            written.extend(f"{plan.component}/{step.key}/{locale}" for step in steps)
    return written, failed


def _name_imports(plan: Plan) -> list[str]:
    entries = [
        f"{plan.component}/{step.message.key}" for step in plan.entries if step.message is not None
    ]
    texts = [
        f"{plan.component}/{step.key}/{step.locale}"
        for step in plan.list_texts("import")
        if step.theirs is not None and step.theirs.forms
    ]
    return [*entries, *texts]


def _name_removals(plan: Plan) -> list[str]:
    entries = [
        f"{plan.component}/{step.before.key}"
        for step in plan.entries
        if step.message is None and step.before is not None
    ]
    texts = [
        f"{plan.component}/{step.key}/{step.locale}"
        for step in plan.list_texts("import")
        if step.theirs is None or not step.theirs.forms
    ]
    return [*entries, *texts]


def _name_writes(plan: Plan) -> list[str]:
    return [f"{plan.component}/{step.key}/{step.locale}" for step in plan.list_texts("write")]


def _list_conflicts(plan: Plan) -> list[TextConflict]:
    conflicts = []
    for step in plan.list_texts("conflict"):
        base, mine, theirs = step.forms
        conflicts.append(
            TextConflict(
                name=f"{plan.component}/{step.key}/{step.locale}",
                base=base,
                mine=mine,
                theirs=theirs,
            )
        )
    return conflicts
