"""PURE: from the lines of a PO file to entries that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from regions.translations.catalog import CatalogError
from regions.translations.formats.gettext_text import BadEscape, unquote

_KEYWORD = re.compile(
    r"[ \t]*(msgctxt|msgid_plural|msgid|msgstr)(?![A-Za-z_])(?:[ \t]*\[[ \t]*([0-9]{1,3})[ \t]*\])?"
)
# How nearly every line starts; anything else is looked at closely.
_PLAIN = {
    "msgctxt ": "msgctxt",
    "msgid ": "msgid",
    "msgid_plural ": "msgid_plural",
    "msgstr ": "msgstr",
}
_STRINGS = re.compile(r'(?:[ \t]*"(?:[^"\\]|\\.)*")*[ \t]*')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Span(NamedTuple):
    """Lines of a file, counted from 0: `first` is inside, `last` is outside."""

    first: int
    last: int


class PoEntry(NamedTuple):
    """One live entry and where it stands.

    `context` and `plural` are None where the file has no such line. `form_spans` has one
    span per form, `span` reaches from the first comment to the last string, `message` is
    the index of the line with the first keyword.
    """

    context: str | None
    msgid: str
    plural: str | None
    forms: tuple[str, ...]
    form_spans: tuple[Span, ...]
    span: Span
    message: int
    fuzzy: bool
    note: str

    @property
    def identity(self) -> tuple[str | None, str]:
        """Return what gettext tells entries apart by."""
        return self.context, self.msgid

    @property
    def line(self) -> int:
        """Return the number, from 1, of the line with the first keyword."""
        return self.message + 1


@dataclass(slots=True)
class _Draft:
    """An entry while it is being read; `first` is -1 until a line belongs to it."""

    first: int = -1
    message: int = -1
    context: list[str] | None = None
    msgid: list[str] | None = None
    plural: list[str] | None = None
    forms: list[list[str]] = field(default_factory=list)
    form_spans: list[list[int]] = field(default_factory=list)
    fuzzy: bool = False
    note: list[str] = field(default_factory=list)

    @property
    def is_started(self) -> bool:
        return self.message >= 0


class Reader:
    """Reads lines (with their ends) once; `read` gives the entries, the header among them."""

    def __init__(self, lines: Sequence[str], charset: str) -> None:
        self._lines = lines
        self._charset = charset
        self._entries: list[PoEntry] = []
        self._draft = _Draft()
        self._target: list[str] | None = None

    def read(self) -> list[PoEntry]:
        """Return the live entries in the order of the file. Raises CatalogError."""
        for number, raw in enumerate(self._lines):
            line = raw.rstrip("\r\n")
            start = line.lstrip(" \t")[:1]
            if start == "#":
                self._read_comment(number, line.lstrip(" \t"))
            elif start == '"':
                self._read_strings(number, line, 0)
            elif start:
                self._read_keyword(number, line)
        self._finish()
        return self._entries

    def _read_comment(self, number: int, line: str) -> None:
        if self._draft.forms or line.startswith("#~"):
            self._finish()
        if line.startswith("#~"):
            # Obsolete: nobody is served it, so its lines are kept and not looked into.
            self._draft = _Draft()
            self._target = None
            return
        draft = self._draft
        if draft.first < 0:
            draft.first = number
        if line.startswith("#,"):
            draft.fuzzy = draft.fuzzy or "fuzzy" in [part.strip() for part in line[2:].split(",")]
        elif line.startswith("#."):
            draft.note.append(line[2:].strip())

    def _read_keyword(self, number: int, line: str) -> None:
        keyword, index, end = _split_keyword(number, line)
        if keyword in ("msgctxt", "msgid") and self._draft.forms:
            self._finish()
        draft = self._draft
        if draft.first < 0:
            draft.first = number
        if draft.message < 0:
            draft.message = number
        self._target = self._open(number, keyword, index)
        self._read_strings(number, line, end)

    def _open(self, number: int, keyword: str, index: str | None) -> list[str]:
        """Return the list that the texts after this keyword belong to."""
        draft = self._draft
        fault = _find_order_fault(draft, keyword, index)
        if fault:
            raise CatalogError(fault, line=number + 1)
        target: list[str] = []
        if keyword == "msgctxt":
            draft.context = target
        elif keyword == "msgid":
            draft.msgid = target
        elif keyword == "msgid_plural":
            draft.plural = target
        else:
            draft.forms.append(target)
            draft.form_spans.append([number, number + 1])
        return target

    def _read_strings(self, number: int, line: str, start: int) -> None:
        target = self._target
        if target is None:
            raise CatalogError("This text belongs to no keyword.", line=number + 1)
        rest = line[start:].strip(" \t")
        if rest[:1] == rest[-1:] == '"' and "\\" not in rest and rest.count('"') == 2:  # noqa: PLR2004 - one text
            target.append(rest[1:-1])
        else:
            self._read_many(number, line, start, target)
        if self._draft.form_spans:
            self._draft.form_spans[-1][1] = number + 1

    def _read_many(self, number: int, line: str, start: int, target: list[str]) -> None:
        """Read texts with escapes, several on one line, or none."""
        strings = _STRINGS.match(line, start)
        end = strings.end() if strings else start
        if end < len(line):
            what = (
                "This text is not closed with a quotation mark."
                if line[end] == '"'
                else f"“{line[end:][:40]}” cannot stand here; a text in quotation marks can."
            )
            raise CatalogError(what, line=number + 1, column=end + 1)
        for string in _STRING.finditer(line, start):
            try:
                target.append(unquote(string[1], self._charset))
            except BadEscape as error:
                raise CatalogError(
                    str(error), line=number + 1, column=string.start(1) + error.offset + 1
                ) from None

    def _finish(self) -> None:
        """Make an entry of the draft, if there is one, and start the next."""
        draft = self._draft
        self._draft = _Draft()
        self._target = None
        if not draft.is_started:
            return
        if draft.msgid is None or not draft.forms:
            missing = "msgid" if draft.msgid is None else "msgstr"
            raise CatalogError(
                f"The entry that starts here has no {missing}.", line=draft.message + 1
            )
        self._entries.append(
            PoEntry(
                context=None if draft.context is None else "".join(draft.context),
                msgid="".join(draft.msgid),
                plural=None if draft.plural is None else "".join(draft.plural),
                forms=tuple(["".join(form) for form in draft.forms]),
                form_spans=tuple([Span(first, last) for first, last in draft.form_spans]),
                span=Span(draft.first, draft.form_spans[-1][1]),
                message=draft.message,
                fuzzy=draft.fuzzy,
                note="\n".join(draft.note),
            )
        )


def _split_keyword(number: int, line: str) -> tuple[str, str | None, int]:
    """Return the keyword, its index and where its texts start. Raises CatalogError."""
    quote = line.find('"')
    plain = _PLAIN.get(line[:quote]) if quote > 0 else None
    if plain:
        return plain, None, quote
    found = _KEYWORD.match(line)
    if found is None:
        raise CatalogError(
            f"“{line.strip()[:40]}” is neither a keyword, a text nor a comment.",
            line=number + 1,
            column=len(line) - len(line.lstrip(" \t")) + 1,
        )
    return found[1], found[2], found.end()


def _find_order_fault(draft: _Draft, keyword: str, index: str | None) -> str:
    """Say why a keyword cannot stand where it stands, empty when it can."""
    if index is not None and keyword != "msgstr":
        return f"{keyword} takes no number."
    if keyword == "msgctxt":
        late = draft.context is not None or draft.msgid is not None
        return "msgctxt stands before msgid, once." if late else ""
    if keyword == "msgid":
        return "The entry has a second msgid." if draft.msgid is not None else ""
    if draft.msgid is None:
        return f"{keyword} stands before msgid."
    if keyword == "msgid_plural":
        late = draft.plural is not None or bool(draft.forms)
        return "msgid_plural stands after msgid, once." if late else ""
    return _find_form_fault(draft, index)


def _find_form_fault(draft: _Draft, index: str | None) -> str:
    if index is None:
        if draft.plural is not None:
            return "An entry with msgid_plural needs msgstr[0]."
        return "The entry has a second msgstr." if draft.forms else ""
    if draft.plural is None:
        return "An entry without msgid_plural has one msgstr, without a number."
    expected = len(draft.forms)
    return "" if int(index) == expected else f"msgstr[{expected}] is due, not msgstr[{index}]."
