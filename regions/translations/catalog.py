"""PURE: what a catalog says, whatever its format: messages, forms and placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Forms = tuple[str, ...]

MAX_FORM_CHARACTERS = 10_000
# `{n}`, `%(name)s`, `%1$s`, `%@`: what code puts in at run time.
_PLACEHOLDER = re.compile(
    r"\{[A-Za-z_][A-Za-z0-9_.]*\}|%\([A-Za-z_][A-Za-z0-9_]*\)[a-z]|%(?:[0-9]+\$)?[sd@](?![a-z])"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# A form for one single number may say it in words.
_COUNTS = frozenset({"{n}", "{count}", "{number}", "%(n)s", "%(n)d", "%(count)s", "%(count)d"})


class CatalogError(ValueError):
    """A file that cannot be read: what is wrong, where (from 1), under a stable code."""

    def __init__(self, message: str, *, line: int, column: int = 1, code: str = "syntax") -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a catalog in one locale.

    `forms` follow `regions.locales.plurals.rule_of` of the locale (one form without a
    plural), and are empty where there is no text yet. `line` counts from 1.
    """

    key: str
    source: str
    source_plural: str = ""
    forms: Forms = ()
    needs_review: bool = False
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The messages of one component in one locale, in the order of the file."""

    component: str
    locale: str
    messages: tuple[Message, ...]
    warnings: tuple[str, ...] = ()


def list_placeholders(text: str) -> frozenset[str]:
    """Return the placeholders of a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def find_form_faults(
    forms: Sequence[str],
    *,
    source: str,
    source_plural: str = "",
    exact: Iterable[int] = (),
) -> list[str]:
    """Name what keeps these forms from being shown, in sentences; empty when nothing does.

    Every form needs the placeholders of the source and no others. The forms at the
    indexes `exact` stand for one single number and may leave the number out.
    """
    faults: list[str] = []
    wanted = list_placeholders(source) | list_placeholders(source_plural)
    optional = wanted - list_placeholders(source) if source_plural else frozenset()
    exact_indexes = frozenset(exact)
    for index, form in enumerate(forms):
        where = f"Form {index + 1}" if len(forms) > 1 else "The text"
        faults.extend(f"{where} {fault}" for fault in _find_text_faults(form))
        given = list_placeholders(form)
        lacking = wanted - given
        if index in exact_indexes:
            lacking -= _COUNTS | optional
        if lacking:
            faults.append(f"{where} lacks the placeholder {', '.join(sorted(lacking))}.")
        if given - wanted:
            unknown = ", ".join(sorted(given - wanted))
            faults.append(f"{where} has a placeholder that the source has not: {unknown}.")
    return faults


def _find_text_faults(form: str) -> list[str]:
    faults: list[str] = []
    if not form:
        faults.append("is empty.")
    if "\0" in form:
        faults.append("holds a NUL character.")
    if _SURROGATE.search(form):
        faults.append("holds half of a surrogate pair, which is no character.")
    if len(form) > MAX_FORM_CHARACTERS:
        faults.append(f"has {len(form)} characters; at most {MAX_FORM_CHARACTERS} are kept.")
    return faults
