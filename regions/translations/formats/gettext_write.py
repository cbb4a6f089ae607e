"""PURE: change single entries of a PO file and leave every other byte alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from regions.translations.catalog import CatalogError
from regions.translations.formats.gettext import PoEntry, PoFile, Span
from regions.translations.formats.gettext_text import Style, detect_style, quote, render

Identity = tuple[str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """New forms for an entry, in the file's order, and whether it is fuzzy now.

    `source` are msgid and msgid_plural (empty: none) that the forms translate; an entry does not
    change between having a plural and having none. None leaves each as it is.
    """

    forms: tuple[str, ...] | None = None
    fuzzy: bool | None = None
    source: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A new entry, put behind the entry `after` (None: behind the header)."""

    after: Identity | None = None
    context: str | None
    msgid: str
    plural: str | None = None
    forms: tuple[str, ...]
    fuzzy: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Patch:
    span: Span
    lines: tuple[str, ...]


def replace(po: PoFile, entry: PoEntry, forms: Sequence[str]) -> bytes:
    """Return the file with new forms for one entry; equal forms give the same bytes."""
    return rewrite(po, edits={entry.identity: Edit(forms=tuple(forms))})


def rewrite(
    po: PoFile,
    *,
    edits: Mapping[Identity, Edit] | None = None,
    additions: Iterable[Addition] = (),
    revised_at: datetime | None = None,
) -> bytes:
    """Return the file with these changes and no others.

    A form that stays the same keeps its lines as they are wrapped. PO-Revision-Date is
    touched only when `revised_at` is given. Raises CatalogError for a character that the
    file's charset does not have, KeyError for an edit of an entry that is not there.
    """
    style = detect_style(po.lines)
    patches: list[_Patch] = []
    wanted = edits or {}
    found = [entry for entry in po.entries if entry.identity in wanted] if wanted else []
    for entry in found:
        edit = wanted[entry.identity]
        patches.extend(_patch_flags(po, entry, edit.fuzzy))
        patches.extend(_patch_source(po, entry, edit.source, style))
        patches.extend(_patch_forms(po, entry, edit.forms, style))
    unknown = wanted.keys() - {entry.identity for entry in found}
    if unknown:
        raise KeyError(sorted(unknown, key=str))
    patches.extend(_patch_additions(po, list(additions), style))
    if revised_at is not None:
        patches.extend(_patch_revision(po, revised_at))
    return _encode(po, _apply(po.lines, patches))


def new_file(fields: Mapping[str, str], additions: Iterable[Addition]) -> bytes:
    """Return a file in the house style (UTF-8, not wrapped) with this header."""
    lines = ['msgid ""', 'msgstr ""', *(f'"{quote(f"{k}: {v}")}\\n"' for k, v in fields.items())]
    for addition in additions:
        lines.extend(["", *_render_entry(addition, Style())])
    return "".join(f"{line}\n" for line in lines).encode()


def _patch_source(
    po: PoFile, entry: PoEntry, source: tuple[str, str] | None, style: Style
) -> list[_Patch]:
    before = (entry.msgid, entry.plural or "")
    if source is None or source == before or bool(source[1]) != bool(before[1]):
        return []
    newline = _newline(po, entry)
    end = entry.form_spans[0].first
    start = next(
        number
        for number in range(entry.message, end)
        if po.lines[number].lstrip(" \t").startswith("msgid")
    )
    rendered = render("msgid", source[0], style)
    if source[1]:
        rendered = [*rendered, *render("msgid_plural", source[1], style)]
    return [_Patch(Span(start, end), tuple(f"{line}{newline}" for line in rendered))]


def _patch_forms(
    po: PoFile, entry: PoEntry, forms: tuple[str, ...] | None, style: Style
) -> list[_Patch]:
    if forms is None or forms == entry.forms:
        return []
    keywords = _keywords(entry.plural is not None, len(forms))
    newline = _newline(po, entry)
    if len(forms) != len(entry.forms):
        block = Span(entry.form_spans[0].first, entry.form_spans[-1].last)
        rendered = [
            line
            for keyword, form in zip(keywords, forms, strict=True)
            for line in render(keyword, form, style)
        ]
        return [_Patch(block, tuple(f"{line}{newline}" for line in rendered))]
    return [
        _Patch(span, tuple(f"{line}{newline}" for line in render(keyword, form, style)))
        for keyword, span, before, form in zip(
            keywords, entry.form_spans, entry.forms, forms, strict=True
        )
        if form != before
    ]


def _patch_flags(po: PoFile, entry: PoEntry, fuzzy: bool | None) -> list[_Patch]:  # noqa: FBT001 - a tri-state of Edit
    if fuzzy is None or fuzzy == entry.fuzzy:
        return []
    newline = _newline(po, entry)
    flag_lines = [
        number
        for number in range(entry.span.first, entry.form_spans[0].first)
        if po.lines[number].lstrip(" \t").startswith("#,")
    ]
    if not fuzzy:
        return [
            _Patch(Span(number, number + 1), _drop_fuzzy(po.lines[number], newline))
            for number in flag_lines
            if "fuzzy" in po.lines[number]
        ]
    if flag_lines:
        number = flag_lines[0]
        others = po.lines[number].lstrip(" \t")[2:].strip()
        return [_Patch(Span(number, number + 1), (f"#, fuzzy, {others}{newline}",))]
    place = next(
        number
        for number in range(entry.span.first, entry.message + 1)
        if number == entry.message or po.lines[number].lstrip(" \t").startswith("#|")
    )
    return [_Patch(Span(place, place), (f"#, fuzzy{newline}",))]


def _drop_fuzzy(line: str, newline: str) -> tuple[str, ...]:
    flags = [flag.strip() for flag in line.lstrip(" \t")[2:].split(",")]
    kept = [flag for flag in flags if flag and flag != "fuzzy"]
    return (f"#, {', '.join(kept)}{newline}",) if kept else ()


def _patch_additions(po: PoFile, additions: Sequence[Addition], style: Style) -> list[_Patch]:
    if not additions:
        return []
    ends = {entry.identity: entry.span.last for entry in po.entries}
    start = po.header.span.last if po.header else 0
    newline = _file_newline(po)
    patches: list[_Patch] = []
    for addition in additions:
        place = start if addition.after is None else ends[addition.after]
        rendered = _render_entry(addition, style)
        lines = ["", *rendered] if place else [*rendered, ""]
        patches.append(_Patch(Span(place, place), tuple(f"{line}{newline}" for line in lines)))
    return patches


def _patch_revision(po: PoFile, revised_at: datetime) -> list[_Patch]:
    pattern = re.compile(r'"PO-Revision-Date:[^"]*"')
    written = f'"PO-Revision-Date: {revised_at:%Y-%m-%d %H:%M%z}\\\\n"'
    span = po.header.form_spans[0] if po.header else Span(0, 0)
    return [
        _Patch(Span(number, number + 1), (pattern.sub(written, po.lines[number]),))
        for number in range(span.first, span.last)
        if pattern.search(po.lines[number])
    ]


def _render_entry(addition: Addition, style: Style) -> list[str]:
    lines = [f"#. {line}" for line in addition.note.split("\n")] if addition.note else []
    if addition.fuzzy:
        lines.append("#, fuzzy")
    if addition.context is not None:
        lines.extend(render("msgctxt", addition.context, style))
    lines.extend(render("msgid", addition.msgid, style))
    if addition.plural is not None:
        lines.extend(render("msgid_plural", addition.plural, style))
    keywords = _keywords(addition.plural is not None, len(addition.forms))
    for keyword, form in zip(keywords, addition.forms, strict=True):
        lines.extend(render(keyword, form, style))
    return lines


def _keywords(plural: bool, count: int) -> list[str]:  # noqa: FBT001 - one of two shapes of an entry
    return [f"msgstr[{index}]" for index in range(count)] if plural else ["msgstr"] * count


def _apply(lines: Sequence[str], patches: Iterable[_Patch]) -> str:
    """Put the patches into the lines; at one place they keep their order."""
    written: list[str] = []
    at = 0
    for patch in sorted(patches, key=lambda entry: (entry.span.first, entry.span.last)):
        written.extend(lines[at : patch.span.first])
        if patch.lines and written and not written[-1].endswith("\n"):
            # The file did not end in a line feed, and now something follows.
            written[-1] += _ending(patch.lines[0])
        written.extend(patch.lines)
        at = max(at, patch.span.last)
        if patch.span.last == len(lines) != patch.span.first and not lines[-1].endswith("\n"):
            written[-1] = written[-1].rstrip("\r\n")
    written.extend(lines[at:])
    return "".join(written)


def _encode(po: PoFile, text: str) -> bytes:
    try:
        return po.bom + text.encode(po.charset)
    except UnicodeEncodeError as error:
        raise CatalogError(
            f"The file is {po.charset}, which has no {text[error.start]!r}.",
            line=text.count("\n", 0, error.start) + 1,
            code="encoding_mismatch",
        ) from None


def _newline(po: PoFile, entry: PoEntry) -> str:
    return _ending(po.lines[entry.message]) or _file_newline(po)


def _file_newline(po: PoFile) -> str:
    return (_ending(po.lines[0]) if po.lines else "") or "\n"


def _ending(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return "\n" if line.endswith("\n") else ""
