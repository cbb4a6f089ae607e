"""PURE: read gettext PO without losing where each thing stands.

A file becomes entries that know their lines; `gettext_write` changes those lines and no
others. Obsolete entries (`#~`), previous texts (`#|`) and comments stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from regions.locales.plurals import BadPluralRule, read_header
from regions.translations.catalog import CatalogError
from regions.translations.formats.gettext_bytes import check_charset, decode
from regions.translations.formats.gettext_reader import PoEntry, Reader, Span

__all__ = ["PoEntry", "PoFile", "Span", "parse"]

MAX_BYTES = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PoFile:
    """A whole file: its lines, its live entries (header left out) and its header fields.

    `"".join(lines)` encoded as `charset` gives the file back, after the byte order mark
    `bom`. `warnings` name what is odd but readable.
    """

    lines: tuple[str, ...]
    entries: tuple[PoEntry, ...]
    header: PoEntry | None
    fields: dict[str, str]
    charset: str
    bom: bytes
    warnings: tuple[str, ...]

    @property
    def plural_forms(self) -> str:
        """Return the Plural-Forms header, empty when there is none to rely on."""
        return _plural_forms(self.fields)


def parse(body: bytes) -> PoFile:
    """Read a PO file. Raises CatalogError naming line, column and what is wrong."""
    if len(body) > MAX_BYTES:
        raise CatalogError(
            f"The file has {len(body)} bytes; at most {MAX_BYTES} are read.", line=1, code="size"
        )
    bom, charset, text = decode(body)
    # Only line feeds end a line: str.splitlines would also cut at U+2028 and others.
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    entries = Reader(lines, charset).read()
    header = next((entry for entry in entries if entry.identity == (None, "")), None)
    fields = _read_fields(header)
    check_charset(fields.get("Content-Type", ""), charset, header.line if header else 1)
    live = tuple(entry for entry in entries if entry is not header)
    return PoFile(
        lines=tuple(lines if lines[-1] else lines[:-1]),
        entries=live,
        header=header,
        fields=fields,
        charset=charset,
        bom=bom,
        warnings=(*_check_plurals(fields, header, live), *_check_twins(entries)),
    )


def _plural_forms(fields: dict[str, str]) -> str:
    value = fields.get("Plural-Forms", "")
    # What xgettext leaves for a person to fill in.
    return "" if "INTEGER" in value else value


def _read_fields(header: PoEntry | None) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in header.forms[0].split("\n") if header else ():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    return fields


def _check_plurals(
    fields: dict[str, str], header: PoEntry | None, entries: tuple[PoEntry, ...]
) -> list[str]:
    """Refuse a rule that cannot be used; name the entries that do not keep to it."""
    value = _plural_forms(fields)
    if not value or header is None:
        return []
    try:
        count, _ = read_header(value)
    except BadPluralRule as error:
        raise CatalogError(str(error), line=header.line, code="bad_plural_rule") from None
    return [
        f"line {entry.line}: {len(entry.forms)} plural forms, but the header says {count}"
        for entry in entries
        if entry.plural is not None and len(entry.forms) != count
    ]


def _check_twins(entries: list[PoEntry]) -> list[str]:
    """Refuse one message with two texts; the same text twice is only worth a warning."""
    seen: dict[tuple[str | None, str], PoEntry] = {}
    warnings: list[str] = []
    for entry in entries:
        first = seen.setdefault(entry.identity, entry)
        if first is entry:
            continue
        if (first.forms, first.plural) != (entry.forms, entry.plural):
            raise CatalogError(
                f"This message stands already in line {first.line}, with another text.",
                line=entry.line,
                code="duplicate",
            )
        warnings.append(f"line {entry.line}: the same message stands in line {first.line}")
    return warnings
