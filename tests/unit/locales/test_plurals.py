"""Plural rules: the fixed table, foreign headers, and the way between them."""

from __future__ import annotations

import pytest
from babel import Locale

from regions.locales.plurals import (
    BadPluralRule,
    languages,
    name_forms,
    read_header,
    reorder,
    restore,
    rule_of,
)

ES_OLD = "nplurals=2; plural=n != 1;"


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_table_is_that_of_cldr(language: str) -> None:
    """Every whole number from 0 to 1000, and the million, is in the category CLDR gives it."""
    rule = rule_of(language.replace("_", "-"))
    _, index_of = read_header(rule.header)
    locale = Locale.parse(language)
    for number in (*range(1001), 1_000_000):
        assert locale.plural_form(number) == rule.categories[index_of(number)], number


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("zh-Hant-HK", 1), ("es-419", 3), ("pt-AO", 3), ("fr-CH", 3), ("ar-AE", 6), ("hi", 2),
     ("de", 2), ("tlh", 2)],
)  # fmt: skip
def test_variants_count_as_their_parents_do(tag: str, expected: int) -> None:
    """A variant has the forms of its language; an unknown language counts as English does."""
    assert expected == len(rule_of(tag).categories)
    assert rule_of("pt-AO").expression == rule_of("pt-PT").expression


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("nplurals=2; plural=n%0;", "fails for n = 0"),
        ("nplurals=2; plural=n;", "gives form 2 for n = 2"),
        ("nplurals=0; plural=0;", "0 forms"),
        ("nplurals=99; plural=0;", "99 forms"),
        ("nplurals=2; plural=__import__('os');", "no valid expression"),
        ("nplurals=2; plural=n**9**9;", "no valid expression"),
        ("nplurals=2; plural=" + "(" * 400 + "n" + ")" * 400 + ";", "no valid expression"),
        ("nplurals=2; plural=" + "1" * 5000 + ";", "not of the form"),
        ("two", "not of the form"),
    ],
)
def test_a_hostile_header_is_refused(header: str, what: str) -> None:
    """A rule that cannot be used is named, and nothing of it is run as code."""
    with pytest.raises(BadPluralRule, match=what.replace("(", r"\(")):
        read_header(header)


def test_forms_of_a_foreign_header_keep_their_numbers() -> None:
    """Two Spanish forms give our three and go back to two."""
    assert reorder("es", ES_OLD, ["una", "varias"]) == ("una", "varias", "varias")
    assert restore("es", ES_OLD, ("una", "mil", "otras"), ("a", "b")) == ("una", "otras")


def test_forms_that_no_number_reaches_stay() -> None:
    """A third form under a header of two is kept as it is."""
    assert restore("es", ES_OLD, ("x", "y", "z"), ("a", "b", "c")) == ("x", "z", "c")


def test_too_few_forms_are_refused() -> None:
    """One form under a header of two cannot be read."""
    with pytest.raises(BadPluralRule, match="needs 2"):
        reorder("es", ES_OLD, ["una"])


def test_named_forms_always_have_other() -> None:
    """Clients are promised `other`; Russian whole numbers never reach it."""
    assert name_forms("ru", ["a", "b", "c"]) == {"one": "a", "few": "b", "many": "c", "other": "c"}
    assert name_forms("zh-Hant", ["x"]) == {"other": "x"}
