"""Which of the locales that exist a person is started on."""

from __future__ import annotations

import pytest

from regions.locales.match import best, read_accept_language

AVAILABLE = (
    "ar",
    "de",
    "en",
    "es",
    "es-419",
    "fr",
    "hi",
    "pt-BR",
    "zh-Hans",
    "zh-Hant",
    "zh-Hant-HK",
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("zh-HK", "zh-Hant-HK"),
        ("zh-Hant-HK", "zh-Hant-HK"),
        ("zh-MO", "zh-Hant-HK"),
        ("zh-TW", "zh-Hant"),
        ("zh-AU", "zh-Hant"),
        ("zh-SG", "zh-Hans"),
        ("zh-MY", "zh-Hans"),
        ("zh-Hans-US", "zh-Hans"),
        ("yue-Hant-HK", "zh-Hant-HK"),
        ("zh_HK", "zh-Hant-HK"),
        ("es-MX", "es-419"),
        ("es-ES", "es"),
        ("pt-AO", "pt-BR"),
        ("de-CH", "de"),
        ("fr-CH", "fr"),
        ("en-IN", "en"),
        ("ar-EG", "ar"),
    ],
)
def test_the_nearest_locale_is_found(wanted: str, expected: str) -> None:
    """CLDR distances decide, whatever the spelling."""
    assert expected == best([wanted], AVAILABLE)


@pytest.mark.parametrize(
    ("wanted", "available"),
    [("ja", AVAILABLE), ("zh-Hant", ("zh-Hans", "en")), ("sr-Latn", ("sr",)), ("hi-Latn", ("hi",)),
     ("../../etc", AVAILABLE), ("", AVAILABLE), ("de", ())],
)  # fmt: skip
def test_no_locale_is_better_than_a_wrong_one(wanted: str, available: tuple[str, ...]) -> None:
    """Another script, a far language or garbage gives nothing."""
    assert best([wanted], available) is None


def test_the_first_wanted_with_a_match_decides() -> None:
    """A person's own order of languages is kept."""
    assert best(["ja", "pt-PT", "en"], AVAILABLE) == "pt-BR"


def test_a_parent_wins_among_equals() -> None:
    """`de` and `de-AT` are equally far from de-CH; its parent is taken."""
    assert best(["de-CH"], ["de-AT", "de"]) == "de"


def test_accept_language_is_read_by_weight() -> None:
    """Refused languages, the wildcard and garbage are left out."""
    header = "fr;q=0.3, zh-HK, *;q=0.1, en;q=0, de;q=0.8, %%;q=1, nl;q=x"
    assert read_accept_language(header) == ("zh-Hant-HK", "de", "fr")
