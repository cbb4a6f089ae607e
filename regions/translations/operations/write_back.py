"""Bring what changed in the admin into the files, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from regions.locales.tag import UnreadableTag, normalise_tag
from regions.translations import files
from regions.translations.catalog import Catalog, CatalogError, Message
from regions.translations.formats.gettext import PoFile, parse
from regions.translations.formats.gettext_catalog import (
    find_missing,
    new_catalog,
    read_catalog,
    write_messages,
)
from regions.translations.models import Translation
from regions.translations.plan import TextStep, plan_texts
from regions.translations.queries.rows import load_components, load_order
from regions.translations.stored import StoredComponent, StoredEntry

_log = structlog.get_logger(__name__)


def write_back(
    locale_dir: Path, *, component: str, locale: str, entry_key: str, now: datetime
) -> None:
    """Write one changed text into its file, if nobody changed it there meanwhile.

    A failure leaves the database ahead; `sync_locale` repairs it.
    """
    try:
        tag = normalise_tag(locale)
        write_catalog(locale_dir, component=component, locale=tag, entry_key=entry_key, now=now)
    except (OSError, CatalogError, files.CatalogMoved, files.UnsafePath, UnreadableTag) as error:
        _log.warning(
            "texts.write_back_failed", component=component, locale=locale, error=str(error)
        )


def write_catalog(
    locale_dir: Path, *, component: str, locale: str, now: datetime, entry_key: str = ""
) -> list[TextStep]:
    """Write what the database is ahead with into one file; return the texts written.

    Texts that were changed in the file too are left alone. Raises OSError, CatalogError,
    CatalogMoved, UnsafePath; then nothing was written.
    """
    path = files.path_of(locale_dir, locale=locale, component=component)
    with files.locked(path):
        body = files.read(path)
        # A file made for one text would look as if it had lost all the others.
        entry_key = "" if body is None else entry_key
        stored = load_components([component], locale=locale, entry_key=entry_key).get(component)
        if stored is None:
            return []
        po = parse(body) if body is not None else None
        catalog = (
            read_catalog(po, component=component, locale=locale, key=entry_key) if po else None
        )
        steps = _list_writes(stored, catalog, locale=locale)
        if steps:
            written = _render(stored, po, steps, locale=locale, now=now)
            if written != body:
                files.replace(path, written, seen=body)
            _agree(steps)
    return steps


def _list_writes(
    stored: StoredComponent, catalog: Catalog | None, *, locale: str
) -> list[TextStep]:
    """Return the texts that only the database changed."""
    source = {key: _to_message(entry) for key, entry in stored.entries.items()}
    steps = plan_texts(locale, catalog, stored.texts.get(locale, {}), source)
    return [step for step in steps if step.outcome == "write"]


def _render(
    stored: StoredComponent,
    po: PoFile | None,
    steps: Iterable[TextStep],
    *,
    locale: str,
    now: datetime,
) -> bytes:
    messages = {
        step.key: replace(
            _to_message(stored.entries[step.key]),
            forms=step.mine.mine.forms,
            needs_review=step.mine.mine.needs_review,
        )
        for step in steps
        if step.mine is not None
    }
    if po is None:
        return new_catalog(list(messages.values()), component=stored.key, locale=locale, now=now)
    order = load_order(stored.id) if find_missing(po, messages) else ()
    # The source catalog is where messages come from; nobody else changes them there.
    follow_source = locale != stored.source_locale
    return write_messages(po, messages, locale=locale, order=order, follow_source=follow_source)


def _agree(steps: Iterable[TextStep]) -> None:
    """Note that file and database have the same text now."""
    rows = [
        Translation(
            pk=step.mine.id,
            base_forms=list(step.mine.mine.forms),
            base_needs_review=step.mine.mine.needs_review,
        )
        for step in steps
        if step.mine is not None
    ]
    Translation.objects.bulk_update(rows, ["base_forms", "base_needs_review"], batch_size=500)


def _to_message(entry: StoredEntry) -> Message:
    return Message(
        key=entry.key,
        source=entry.source,
        source_plural=entry.source_plural,
        note=entry.note,
    )
