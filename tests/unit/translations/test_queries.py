"""What the admin lists: source, parent and own text, and what is complete."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from regions.translations.queries import list_coverage, list_messages
from tests.unit.translations.conftest import Catalogs


def test_each_message_shows_its_source_its_parent_and_its_own_text(
    catalogs: Catalogs, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """A variant's row says what it overrides and where the rest comes from."""
    with django_assert_num_queries(3):
        rows = {row.key: row for row in list_messages("zh_HK", component="wallet")}
    taxi, fee = rows["wallet.taxi"], rows["wallet.fee"]
    assert (taxi.origin, taxi.forms, taxi.parent_forms, taxi.parent_locale, taxi.state) == (
        "own",
        ("支付的士車資",),
        ("支付計程車資",),
        "zh-Hant",
        "translated",
    )
    assert (fee.origin, fee.forms, fee.parent_forms, fee.state) == (
        "inherited",
        (),
        ("收取 {fee}。",),
        "",
    )
    assert rows["wallet.cards"].categories == ("other",)


def test_what_only_the_source_language_has_is_missing(catalogs: Catalogs) -> None:
    """English shown to a Spanish reader is no translation; shown in English it is."""
    spanish = {row.key: row for row in list_messages("es")}
    assert spanish["wallet.fee"].origin == "missing"
    assert spanish["wallet.fee"].parent_locale == "en"
    assert spanish["wallet.cards"].categories == ("one", "many", "other")
    assert {row.origin for row in list_messages("en-GB")} == {"inherited"}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("的士", ["wallet.taxi"]),
        ("計程", ["wallet.taxi"]),
        ("TAXI", ["wallet.taxi"]),
        ("wallet.c", ["wallet.cards"]),
        ("%", []),
    ],
)
def test_search_finds_keys_sources_own_and_inherited_texts(
    catalogs: Catalogs, search: str, expected: list[str]
) -> None:
    """Chinese is found as well as English, and no character is special."""
    assert expected == [row.key for row in list_messages("zh-Hant-HK", search=search)]


def test_inherited_texts_count_as_complete(
    catalogs: Catalogs, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """A variant of one override is complete; a half-done language is not."""
    with django_assert_num_queries(4):
        found = {row.locale: row for row in list_coverage()}
    hong_kong, spanish, english = found["zh-Hant-HK"], found["es"], found["en"]
    assert (hong_kong.own, hong_kong.inherited, hong_kong.missing) == (1, 3, 0)
    assert (spanish.own, spanish.inherited, spanish.missing, spanish.percent) == (2, 0, 2, 50)
    assert (english.percent, english.total, english.is_source) == (100, 4, True)
    assert not hong_kong.is_source


def test_coverage_of_any_locale_can_be_asked_for(catalogs: Catalogs) -> None:
    """A territory's languages are judged though they have no catalog of their own."""
    macao, japanese = list_coverage(locales=["zh-MO", "ja"])[::-1]
    assert (macao.locale, macao.inherited, macao.missing) == ("zh-Hant-MO", 4, 0)
    assert (japanese.locale, japanese.missing, japanese.percent) == ("ja", 4, 0)
