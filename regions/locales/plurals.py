"""PURE: plural forms, by CLDR category and by gettext index, and the way between them.

gettext numbers its forms, clients (ICU, i18next, Android, iOS) name them. The table below
is fixed: what Babel derives from CLDR uses the operand `e`, which gettext refuses for
Spanish, French, Portuguese and others. A test holds the table against CLDR.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from regions.locales.fallback import inherit
from regions.locales.tag import file_name, split_tag

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
# CLDR's `many` of the Romance languages starts here.
_MILLION = 1_000_000
_PROVED_UP_TO = 1000
_MAX_FORMS = 10
_HEADER = re.compile(r"\s*nplurals\s*=\s*([0-9]{1,3})\s*;\s*plural\s*=\s*([^;]{1,900})\s*;?\s*")


class BadPluralRule(ValueError):
    """A Plural-Forms header that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class PluralRule:
    """How a language counts: a gettext expression, and the CLDR category of each index.

    `exact` holds the indexes that stand for one single number, so that a form may leave
    the number out ("one message").
    """

    expression: str
    categories: tuple[str, ...]
    exact: frozenset[int]

    @property
    def header(self) -> str:
        """Return the value of the Plural-Forms header."""
        return f"nplurals={len(self.categories)}; plural={self.expression};"


_FAMILIES: tuple[tuple[str, str, str], ...] = (
    ("bo dz id ig ja jv km ko lo ms my su th vi wo yo yue zh", "0", "other"),
    (
        (
            "af az bg da de el en et eu fi fo fy gl hu ka kk ky lb ml mn mr nb ne nl nn "
            "no ps rm so sq st sv sw ta te tk tr ug ur uz xh"
        ),
        "n != 1",
        "one other",
    ),
    ("am as bn fa gu hi hy kn ln mg pa ti wa zu", "n > 1", "one other"),
    (
        "ca es it pt_PT",
        "n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2",
        "one many other",
    ),
    (
        "fr pt",
        "(n == 0 || n == 1) ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2",
        "one many other",
    ),
    (
        "ar",
        (
            "n == 0 ? 0 : n == 1 ? 1 : n == 2 ? 2 : n % 100 >= 3 && n % 100 <= 10 ? 3 : "
            "n % 100 >= 11 ? 4 : 5"
        ),
        "zero one two few many other",
    ),
    (
        "be ru uk",
        (
            "n % 10 == 1 && n % 100 != 11 ? 0 : "
            "n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2"
        ),
        "one few many",
    ),
    (
        "bs hr sr",
        (
            "n % 10 == 1 && n % 100 != 11 ? 0 : "
            "n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2"
        ),
        "one few other",
    ),
    (
        "pl",
        "n == 1 ? 0 : n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2",
        "one few many",
    ),
    ("cs sk", "n == 1 ? 0 : n >= 2 && n <= 4 ? 1 : 2", "one few other"),
    (
        "sl",
        "n % 100 == 1 ? 0 : n % 100 == 2 ? 1 : n % 100 == 3 || n % 100 == 4 ? 2 : 3",
        "one two few other",
    ),
    (
        "lt",
        (
            "n % 10 == 1 && (n % 100 < 11 || n % 100 > 19) ? 0 : "
            "n % 10 >= 2 && (n % 100 < 11 || n % 100 > 19) ? 1 : 2"
        ),
        "one few other",
    ),
    (
        "lv",
        "n % 10 == 0 || n % 100 >= 11 && n % 100 <= 19 ? 0 : n % 10 == 1 && n % 100 != 11 ? 1 : 2",
        "zero one other",
    ),
    (
        "ro",
        "n == 1 ? 0 : n == 0 || n % 100 >= 1 && n % 100 <= 19 ? 1 : 2",
        "one few other",
    ),
    ("he", "n == 1 ? 0 : n == 2 ? 1 : 2", "one two other"),
    ("is mk", "n % 10 == 1 && n % 100 != 11 ? 0 : 1", "one other"),
    (
        "fil",
        "n != 1 && n != 2 && n != 3 && (n % 10 == 4 || n % 10 == 6 || n % 10 == 9)",
        "one other",
    ),
)


@lru_cache(maxsize=1024)
def rule_of(tag: str) -> PluralRule:
    """Return how the language of a canonical tag counts; unknown ones count as English does."""
    table = _table()
    # Angola counts as Portugal does, its parent, and not as `pt`, which is Brazil.
    steps = (file_name(step) for step in inherit(tag))
    found = next((table[step] for step in steps if step in table), None)
    return found or table.get(split_tag(tag)[0]) or table["en"]


def languages() -> Iterator[str]:
    """Yield the languages that the table knows, for the test that holds it against CLDR."""
    yield from _table()


@lru_cache(maxsize=256)
def read_header(header: str) -> tuple[int, Callable[[int], int]]:
    """Return the number of forms and the index function of a Plural-Forms header.

    The function is tried with every number from 0 to 1000 and with the million. Raises
    BadPluralRule.
    """
    found = _HEADER.fullmatch(header)
    if found is None:
        raise BadPluralRule("Plural-Forms is not of the form “nplurals=2; plural=n != 1;”.")
    count = int(found[1])
    if not 1 <= count <= _MAX_FORMS:
        raise BadPluralRule(f"Plural-Forms names {count} forms; 1 to {_MAX_FORMS} are possible.")
    try:
        index_of = gettext.c2py(found[2].strip())
    except (ValueError, RecursionError, OverflowError) as error:
        raise BadPluralRule(f"Plural-Forms has no valid expression: {error}.") from None
    for number in (*range(_PROVED_UP_TO + 1), _MILLION):
        try:
            index = index_of(number)
        except (ArithmeticError, ValueError) as error:
            raise BadPluralRule(f"Plural-Forms fails for n = {number}: {error}.") from None
        if not 0 <= index < count:
            raise BadPluralRule(
                f"Plural-Forms gives form {index} for n = {number}, but nplurals is {count}."
            )
    return count, index_of


def reorder(tag: str, header: str, forms: Sequence[str]) -> tuple[str, ...]:
    """Bring forms written under a foreign Plural-Forms header to the order of `rule_of(tag)`.

    Category by category: a Spanish entry of two forms gives three, the last one twice.
    Raises BadPluralRule when there are fewer forms than the header promises.
    """
    mapping = _index_map(tag, header)
    if len(forms) <= max(mapping):
        raise BadPluralRule(
            f"There are {len(forms)} plural forms, but Plural-Forms needs {max(mapping) + 1}."
        )
    return tuple(forms[index] for index in mapping)


def restore(tag: str, header: str, forms: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Undo `reorder`: forms in our order become those of a file with that header.

    Forms of the file that no number reaches stay as they are in `before`.
    """
    count, _ = read_header(header)
    restored = [*before, *[""] * (count - len(before))]
    # Where two of ours share one of theirs the later wins: `other` over `many`.
    for ours, theirs in enumerate(_index_map(tag, header)):
        restored[theirs] = forms[ours]
    return tuple(restored)


@lru_cache(maxsize=256)
def _index_map(tag: str, header: str) -> tuple[int, ...]:
    """For each of our forms, the index of the file's form for the same numbers."""
    _, theirs = read_header(header)
    rule = rule_of(tag)
    _, ours = read_header(rule.header)
    first: dict[int, int] = {}
    for number in (*range(_PROVED_UP_TO + 1), _MILLION):
        first.setdefault(ours(number), number)
    return tuple(theirs(first[index]) for index in range(len(rule.categories)))


def name_forms(tag: str, forms: Sequence[str]) -> dict[str, str]:
    """Return forms in the order of `rule_of(tag)` by CLDR category; `other` is always there.

    Russian and Polish reach `other` with fractions only; it is then what `many` says.
    """
    rule = rule_of(tag)
    named = dict(zip(rule.categories, forms, strict=True))
    named.setdefault("other", forms[-1])
    return named


@lru_cache(maxsize=1)
def _table() -> dict[str, PluralRule]:
    table: dict[str, PluralRule] = {}
    for names, expression, categories in _FAMILIES:
        named = tuple(categories.split())
        rule = PluralRule(expression, named, _exact(expression, len(named)))
        table.update(dict.fromkeys(names.split(), rule))
    return table


def _exact(expression: str, count: int) -> frozenset[int]:
    index_of = gettext.c2py(expression)
    reached = [index_of(number) for number in range(_PROVED_UP_TO + 1)]
    return frozenset(index for index in range(count) if reached.count(index) == 1)
