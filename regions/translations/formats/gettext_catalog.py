"""PURE: between the entries of a PO file and the messages of a catalog.

The key of a message is its msgctxt, or its msgid where it has none. Plural forms are kept
in the order of `regions.locales.plurals`, whatever order a file's own header asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from regions.locales.plurals import BadPluralRule, reorder, restore, rule_of
from regions.locales.tag import file_name
from regions.translations.catalog import Catalog, CatalogError, Forms, Message
from regions.translations.formats.gettext import PoEntry, PoFile
from regions.translations.formats.gettext_write import Addition, Edit, Identity, new_file, rewrite

MAX_KEY_CHARACTERS = 200


def read_catalog(po: PoFile, *, component: str, locale: str, key: str = "") -> Catalog:
    """Return the messages of a file, or only the one with this key.

    Raises CatalogError where a message cannot be told.
    """
    messages: dict[str, Message] = {}
    for entry in po.entries:
        if key and _key(entry) != key:
            continue
        message = _read_message(po, entry, locale)
        first = messages.get(message.key)
        if first is None:
            messages[message.key] = message
        elif (first.source, first.source_plural) != (message.source, message.source_plural):
            raise CatalogError(
                f"The key “{message.key}” is that of line {first.line} already.",
                line=entry.line,
                code="duplicate_key",
            )
    return Catalog(
        component=component,
        locale=locale,
        messages=tuple(messages.values()),
        warnings=po.warnings,
    )


def find_missing(po: PoFile, keys: Iterable[str]) -> list[str]:
    """Return the keys that the file has no entry for."""
    present = {_key(entry) for entry in po.entries}
    return [key for key in keys if key not in present]


def write_messages(
    po: PoFile,
    messages: Mapping[str, Message],
    *,
    locale: str,
    order: Sequence[str],
    follow_source: bool = False,
) -> bytes:
    """Return the file with these messages, by key, and nothing else changed.

    A message that the file lacks is added behind its nearest predecessor in `order`, the
    keys of the source catalog; that may be empty when none is missing. With `follow_source`
    the msgid becomes that of the message too, where a msgctxt holds the key.
    """
    present = {_key(entry): entry for entry in po.entries}
    edits: dict[Identity, Edit] = {}
    for key, message in messages.items():
        entry = present.get(key)
        if entry is not None:
            edits[entry.identity] = Edit(
                forms=_to_file(po, entry, message.forms, locale),
                fuzzy=message.needs_review,
                source=(message.source, message.source_plural)
                if follow_source and entry.context is not None
                else None,
            )
    additions: list[Addition] = []
    predecessor: Identity | None = None
    for key in order:
        if key in present:
            predecessor = present[key].identity
        elif key in messages:
            additions.append(_to_addition(messages[key], locale, predecessor, po))
    return rewrite(po, edits=edits, additions=additions)


def new_catalog(
    messages: Sequence[Message], *, component: str, locale: str, now: datetime
) -> bytes:
    """Return a new file in the house style with the header in GNU order."""
    fields = {
        "Project-Id-Version": f"Landfall {component}",
        "Report-Msgid-Bugs-To": "",
        "POT-Creation-Date": f"{now:%Y-%m-%d %H:%M%z}",
        "PO-Revision-Date": f"{now:%Y-%m-%d %H:%M%z}",
        "Last-Translator": "",
        "Language-Team": "",
        "Language": file_name(locale),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": rule_of(locale).header,
    }
    return new_file(fields, [_to_addition(message, locale, None, None) for message in messages])


def _key(entry: PoEntry) -> str:
    return entry.msgid if entry.context is None else entry.context


def _read_message(po: PoFile, entry: PoEntry, locale: str) -> Message:
    key = _key(entry)
    if not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise CatalogError(
            f"The key has {len(key)} characters; 1 to {MAX_KEY_CHARACTERS} are possible.",
            line=entry.line,
            code="key_length",
        )
    forms = _from_file(po, entry, locale)
    return Message(
        key=key,
        source=entry.msgid,
        source_plural=entry.plural or "",
        forms=forms,
        needs_review=bool(forms) and (entry.fuzzy or "" in forms),
        note=entry.note,
        line=entry.line,
    )


def _from_file(po: PoFile, entry: PoEntry, locale: str) -> Forms:
    if not any(entry.forms):
        return ()
    if entry.plural is None:
        return entry.forms
    try:
        return reorder(locale, _header(po, entry, locale), entry.forms)
    except BadPluralRule as error:
        raise CatalogError(str(error), line=entry.line, code="bad_plural_count") from None


def _to_file(po: PoFile, entry: PoEntry, forms: Forms, locale: str) -> Forms:
    if not forms:
        return ("",) * len(entry.forms)
    if entry.plural is None:
        return forms
    return restore(locale, _header(po, entry, locale), forms, entry.forms)


def _header(po: PoFile, entry: PoEntry, locale: str) -> str:
    """Return the plural rule of a file; without one, ours, if the forms are as many."""
    rule = rule_of(locale)
    if not po.plural_forms and len(entry.forms) != len(rule.categories) and any(entry.forms):
        raise CatalogError(
            f"There are {len(entry.forms)} plural forms and no Plural-Forms header.",
            line=entry.line,
            code="bad_plural_count",
        )
    return po.plural_forms or rule.header


def _to_addition(
    message: Message, locale: str, after: Identity | None, po: PoFile | None
) -> Addition:
    forms = message.forms
    header = po.plural_forms if po is not None else ""
    if message.source_plural and header:
        forms = restore(locale, header, forms, ())
    return Addition(
        after=after,
        context=None if message.key == message.source else message.key,
        msgid=message.source,
        plural=message.source_plural or None,
        forms=forms,
        fuzzy=message.needs_review,
        note=message.note,
    )
