"""PURE: from the bytes of a PO file to text, without ever guessing."""

from __future__ import annotations

import codecs
import re

from regions.translations.catalog import CatalogError

# A charset is named by the file, that is by strangers: only plain text encodings in which
# a line feed and a quotation mark are what they are in ASCII.
_CHARSETS = frozenset(
    {
        "ascii",
        "utf-8",
        *(f"iso8859-{number}" for number in (*range(1, 12), 13, 14, 15, 16)),
        *(f"cp{number}" for number in (*range(1250, 1259), 866, 874, 932, 949, 950)),
        *("koi8-r", "koi8-u", "tis-620"),
        *("euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis"),
    }
)
_CHARSET = re.compile(rb"charset=([A-Za-z0-9_.:+-]+)")
_CHARSET_TEXT = re.compile(r"charset=([A-Za-z0-9_.:+-]+)")
_HEADER_START = re.compile(rb'^[ \t]*msgid[ \t]+""[ \t\r]*$', re.MULTILINE)
_NEXT_ENTRY = re.compile(rb"^[ \t]*(?:msgid|msgctxt)\b", re.MULTILINE)
_TEMPLATE = "CHARSET"


def decode(body: bytes) -> tuple[bytes, str, str]:
    """Return the byte order mark, the charset and the text.

    The text encodes back to the same bytes. Raises CatalogError (`encoding_mismatch`,
    `nul`).
    """
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if body.startswith(mark):
            raise _mismatch("The file is UTF-16; PO files are read as UTF-8.", body, 0)
    bom = codecs.BOM_UTF8 if body.startswith(codecs.BOM_UTF8) else b""
    rest = body[len(bom) :]
    nul = rest.find(b"\0")
    if nul >= 0:
        line, column = _place(rest, nul)
        raise CatalogError("There is a NUL character.", line=line, column=column, code="nul")
    charset = "utf-8" if bom else _find_charset(rest)
    text = _decode_strictly(rest, charset)
    return bom, charset, text


def check_charset(content_type: str, charset: str, line: int) -> None:
    """Refuse a file whose header, once read, names another charset than it was read in."""
    found = _CHARSET_TEXT.search(content_type)
    if found and found[1] != _TEMPLATE and _canonical(found[1], line) != charset:
        raise CatalogError(
            f"The header says {found[1]}, but the file is {charset}.",
            line=line,
            code="encoding_mismatch",
        )


def _find_charset(body: bytes) -> str:
    start = _HEADER_START.search(body)
    if start is None:
        return "utf-8"
    following = _NEXT_ENTRY.search(body, start.end())
    found = _CHARSET.search(body, start.end(), following.start() if following else len(body))
    if found is None or found[1] == _TEMPLATE.encode():
        return "utf-8"
    return _canonical(found[1].decode("ascii"), body.count(b"\n", 0, found.start()) + 1)


def _canonical(name: str, line: int) -> str:
    try:
        charset = codecs.lookup(name).name
    except LookupError:
        charset = ""
    if charset not in _CHARSETS:
        raise CatalogError(f"The charset {name} is not read.", line=line, code="encoding_mismatch")
    return charset


def _decode_strictly(body: bytes, charset: str) -> str:
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise _mismatch(f"This is not {charset}.", body, error.start) from None
    if charset == "utf-8" or body.isascii():
        return text
    if _is_utf8(body):
        raise _mismatch(f"The header says {charset}, but the file is UTF-8.", body, 0)
    if text.encode(charset) != body:
        raise _mismatch(f"The file would not survive as {charset}.", body, 0)
    return text


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mismatch(message: str, body: bytes, offset: int) -> CatalogError:
    line, column = _place(body, offset)
    return CatalogError(message, line=line, column=column, code="encoding_mismatch")


def _place(body: bytes, offset: int) -> tuple[int, int]:
    """Return the line and the column, in bytes, of an offset."""
    return body.count(b"\n", 0, offset) + 1, offset - body.rfind(b"\n", 0, offset)
