"""Translations: set, approve, and settle what file and admin disagree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import Locale
from regions.translations.catalog import Forms, Message
from regions.translations.models import Conflict, Entry, Translation
from regions.translations.operations.components import get_locale
from regions.translations.operations.write_back import write_back
from regions.translations.plan import list_faults
from regions.translations.workflow import APPROVED, TRANSLATED, is_possible, published_after


@dataclass(frozen=True, slots=True, kw_only=True)
class _TextCommand(Command):
    """Which text: the component, the message's key and the locale."""

    component: str
    key: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTranslation(_TextCommand):
    """Give a message this text in a locale.

    `forms` follow the plural rule of the locale; empty ones take the locale's own text
    back, so that it inherits again. `seen_forms` is the text the person had before them:
    when it has moved on, nothing is stored.
    """

    forms: tuple[str, ...]
    state: str = TRANSLATED
    seen_forms: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveTranslation(_TextCommand):
    """Approve the text that the approver saw; nobody approves their own."""

    seen_forms: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveConflict(_TextCommand):
    """Settle what was edited in the file and in the admin: this is the text.

    `seen_theirs` is the file's text that the person decided about: when the file has moved
    on, nothing is stored.
    """

    forms: tuple[str, ...]
    seen_theirs: tuple[str, ...] | None = None


def _write_to_file(command: _TextCommand, moment: Moment) -> None:
    write_back(
        settings.LOCALE_DIR,
        component=command.component,
        locale=command.locale,
        entry_key=command.key,
        now=moment.now,
    )


@operation(SetTranslation, permission="texts", after_commit=_write_to_file)
def set_translation(command: SetTranslation, moment: Moment) -> Iterator[Change]:
    """Create, change or take back one translation."""
    if not is_possible("edit", command.state):
        raise Refused(
            f"An edit cannot end in the state “{command.state}”.", code="bad_state", field="state"
        )
    entry, locale = _get_entry(command), get_locale(command.locale, field="locale")
    row = Translation.objects.filter(entry=entry, locale=locale).first()
    _check_seen(row, command.seen_forms)
    if row is not None and Conflict.objects.filter(translation=row).exists():
        raise Refused(
            "This text was changed in its file too; settle the conflict first.",
            code="conflict_open",
        )
    forms = command.forms if any(command.forms) else ()
    _check_forms(entry, locale, forms)
    yield from _store(command, moment, row, forms=forms, state=command.state)


@operation(ApproveTranslation, permission="texts.approve", after_commit=_write_to_file)
def approve_translation(command: ApproveTranslation, moment: Moment) -> Iterator[Change]:
    """Approve one translation."""
    entry, locale = _get_entry(command), get_locale(command.locale, field="locale")
    row = Translation.objects.filter(entry=entry, locale=locale).first()
    _check_seen(row, command.seen_forms)
    if row is None or not row.forms:
        raise Refused("There is no text to approve.", code="no_text")
    if row.updated_by == moment.actor_name and row.state != APPROVED:
        raise Refused("Nobody approves their own text.", code="own_change")
    forms = tuple(row.forms)
    _check_forms(entry, locale, forms)
    yield from _store(command, moment, row, forms=forms, state=APPROVED)


@operation(ResolveConflict, permission="texts", after_commit=_write_to_file)
def resolve_conflict(command: ResolveConflict, moment: Moment) -> Iterator[Change]:
    """Store the text that was decided on; the file's text becomes the base."""
    entry, locale = _get_entry(command), get_locale(command.locale, field="locale")
    conflict = (
        Conflict.objects.select_related("translation")
        .filter(translation__entry=entry, translation__locale=locale)
        .first()
    )
    if conflict is None:
        raise Refused("There is no conflict to settle.", code="no_conflict")
    theirs = tuple(conflict.theirs)
    if command.seen_theirs is not None and command.seen_theirs != theirs:
        raise Refused(
            f"The file was changed again meanwhile; it now says “{' / '.join(theirs)}”."
            " Open the conflict anew to decide.",
            code="stale",
        )
    forms = command.forms if any(command.forms) else ()
    _check_forms(entry, locale, forms)
    row = conflict.translation
    conflict.delete()
    row.base_forms, row.base_needs_review = list(theirs), conflict.theirs_needs_review
    row.save(update_fields=["base_forms", "base_needs_review"])
    changes = list(_store(command, moment, row, forms=forms, state=TRANSLATED))
    yield from changes
    if not changes:
        yield Change(
            object_type="translation",
            object_key=text_key(command.component, command.key, locale.tag),
            action="updated",
            before={"conflict": True},
            after={"conflict": False},
        )


def text_key(component: str, key: str, locale: str) -> str:
    """Return how the audit names a translation."""
    return f"{component}/{key}/{locale}"


def text_facts(forms: Forms | list[str], state: str) -> dict[str, Any]:
    """Return what the audit keeps of a translation."""
    return {"forms": list(forms), "state": state}


def _store(
    command: _TextCommand,
    moment: Moment,
    row: Translation | None,
    *,
    forms: Forms,
    state: str,
) -> Iterator[Change]:
    before = text_facts(row.forms, row.state) if row else None
    if row is None:
        if not forms:
            return
        row = Translation(entry=_get_entry(command), locale=get_locale(command.locale, field=""))
    after = text_facts(forms, state)
    if before == after:
        return
    row.published_forms = list(published_after(state, forms, tuple(row.published_forms)))
    row.forms, row.state = list(forms), state
    row.updated_at, row.updated_by = moment.now, moment.actor_name
    row.save()
    yield Change(
        object_type="translation",
        object_key=text_key(command.component, command.key, row.locale.tag),
        action="updated" if before else "created",
        before=before,
        after=after,
    )


def _get_entry(command: _TextCommand) -> Entry:
    entry = (
        Entry.objects.select_related("component")
        .filter(component__key=command.component, key=command.key)
        .first()
    )
    if entry is None:
        raise Refused(
            f"There is no message “{command.key[:200]}” in {command.component[:60]}.",
            code="unknown_message",
            field="key",
        )
    return entry


def _check_seen(row: Translation | None, seen: tuple[str, ...] | None) -> None:
    current = tuple(row.forms) if row else ()
    if seen is not None and current != (seen if any(seen) else ()):
        raise Refused(
            f"Somebody changed this text meanwhile; it is now “{' / '.join(current)}”.",
            code="stale",
            field="forms",
        )


def _check_forms(entry: Entry, locale: Locale, forms: Forms) -> None:
    if not forms:
        return
    source = Message(key=entry.key, source=entry.source, source_plural=entry.source_plural)
    given = Message(key=entry.key, source=entry.source, forms=forms)
    faults = list_faults(given, source, locale.tag)
    if faults:
        raise Refused(" ".join(faults), code="bad_text", field="forms")
