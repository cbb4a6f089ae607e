"""PURE: how a text is quoted, wrapped and escaped in a PO file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    '"': '"',
    "\\": "\\",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
_QUOTES = str.maketrans({value: f"\\{name}" for name, value in _ESCAPES.items()})
_BYTES = r"\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2})"
_ESCAPE = re.compile(rf"(?P<bytes>(?:{_BYTES})+)|\\(?P<name>.)")
_BYTE = re.compile(_BYTES)
# After spaces, and after a hyphen within a word, as GNU gettext does.
_TOKEN = re.compile(r"[^ ]*?[^\W\d_]-(?=[^\W\d_])|[^ ]* +|[^ ]+")
_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})
_WIDEST = 80
# A file is written in one style; this many lines tell which.
_LINES_LOOKED_AT = 3000


class BadEscape(ValueError):
    """A backslash sequence that PO does not know, at an offset of the quoted text."""

    def __init__(self, offset: int, sequence: str, reason: str) -> None:
        super().__init__(f"“{sequence}” {reason}.")
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes long texts.

    `width` is the widest line in columns, 0 for files that do not wrap. `splits` tells
    whether each line of a text stands on a line of its own.
    """

    width: int = 0
    splits: bool = True


def unquote(quoted: str, charset: str = "utf-8") -> str:
    """Return the text that stands between two quotation marks. Raises BadEscape."""
    if "\\" not in quoted:
        return quoted

    def replace(found: re.Match[str]) -> str:
        if found["bytes"]:
            return _read_bytes(found, charset)
        try:
            return _ESCAPES[found["name"]]
        except KeyError:
            raise BadEscape(found.start(), found[0], "is not an escape of PO") from None

    return _ESCAPE.sub(replace, quoted)


def quote(text: str) -> str:
    """Return the text as it stands between two quotation marks."""
    return text.translate(_QUOTES)


def render(keyword: str, text: str, style: Style) -> list[str]:
    """Return the lines, without their ends, that give a keyword this text."""
    parts = _split_lines(text) if style.splits else [text]
    if len(parts) == 1:
        line = f'{keyword} "{quote(text)}"'
        if not style.width or _columns(line) <= style.width:
            return [line]
    wrapped = [chunk for part in parts for chunk in _wrap(part, style.width)]
    return [f'{keyword} ""', *(f'"{chunk}"' for chunk in wrapped)]


def detect_style(lines: Sequence[str]) -> Style:
    """Find out how a file writes long texts, from the texts it has.

    A line that continues on the next one without ending in a line break was wrapped; one
    that goes over the margin, though it has room to break, was not. The more frequent
    wins, since some tools wrap what is quoted and not what is translated.
    """
    width, wrapped, unwrapped = 0, 0, 0
    split, joined = 0, 0
    previous = ""
    for line in lines[:_LINES_LOOKED_AT]:
        if '"' not in line or line.startswith("#"):
            previous = ""
            continue
        text = line.strip()
        columns = _columns(text)
        joined += _count_inner_breaks(text)
        if columns > _WIDEST:
            unwrapped += " " in text.partition('"')[2][1:-2]
        else:
            width = max(width, columns)
        if text[0] == '"':
            split += text.endswith('\\n"')
            wrapped += previous != "" and not previous.endswith('\\n"')
            previous = text
        else:
            # A keyword with an empty text opens a text of several lines.
            previous = "" if text.endswith('""') else text
    return Style(width=width if wrapped > unwrapped else 0, splits=split >= joined)


def _read_bytes(found: re.Match[str], charset: str) -> str:
    """Decode a run of octal or hexadecimal escapes: they are bytes of the file's charset."""
    numbers = [
        int(f"0{part[1:]}", 0) if part[1] == "x" else int(part[1:], 8)
        for part in _BYTE.findall(found[0])
    ]
    if 0 in numbers:
        raise BadEscape(found.start(), found[0], "is a NUL character")
    try:
        return bytes(numbers).decode(charset)
    except ValueError:
        raise BadEscape(found.start(), found[0], f"is no text in {charset}") from None


def _split_lines(text: str) -> list[str]:
    """Split after line feeds and nowhere else; U+2028 is a character like any other."""
    parts = text.split("\n")
    whole = [f"{part}\n" for part in parts[:-1]]
    return [*whole, parts[-1]] if parts[-1] or not whole else whole


def _count_inner_breaks(line: str) -> int:
    return line.count("\\n") - line.endswith('\\n"') if "\\n" in line else 0


def _wrap(part: str, width: int) -> Iterator[str]:
    """Yield the quoted pieces of one line of text, each within the width where it can be."""
    if not width:
        yield quote(part)
        return
    room = width - 2
    line, used = "", 0
    for token in _tokens(part):
        quoted = quote(token)
        # Spaces at the end may not push a word to the next line.
        needed = _columns(quoted)
        if line and used + needed > room:
            yield line
            line, used = "", 0
        line += quoted
        used += needed
    yield line


def _tokens(part: str) -> Iterator[str]:
    """Yield the pieces between which a line may be broken: words, and wide characters."""
    for word in _TOKEN.findall(part):
        if word.isascii():
            yield word
            continue
        narrow = ""
        for character in word:
            if _is_wide(character):
                if narrow:
                    yield narrow
                narrow = ""
                yield character
            else:
                narrow += character
        if narrow:
            yield narrow


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        2 if _is_wide(character) else 1
        for character in text
        if unicodedata.category(character) not in _NO_WIDTH
    )
