"""Country codes as they arrive, and as rules may name them."""

from __future__ import annotations

import pytest

from regions.locales.territory import (
    check_country,
    list_countries,
    list_spellings,
    normalise_country,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SG", "SG"),
        ("usa", "US"),
        ("USA", "US"),
        (" ae ", "AE"),
        ("UK", "GB"),
        ("HKG", "HK"),
        ("PRI", "PR"),
        ("IMN", "IM"),
        ("NO", "NO"),
        ("", None),
        (None, None),
        ("XX", None),
        ("ZZ", None),
        ("EU", None),
        ("Narnia", None),
        ("840", None),
        ("S" * 1000, None),
        ("\ud800", None),
    ],
)
def test_codes_are_read_as_they_are_meant(text: str | None, expected: str | None) -> None:
    """Alpha-3 and lower case are mapped; what is no country is unknown."""
    assert expected == normalise_country(text)


def test_all_countries_of_the_standard_are_known() -> None:
    """ISO 3166-1 has 249 codes, and each is its own first spelling."""
    codes = list_countries()
    assert len(codes) == 249
    for code in codes:
        check_country(code)
        assert list_spellings(code)[0] == code
        assert {code} == {normalise_country(text) for text in list_spellings(code)}


@pytest.mark.parametrize(
    ("code", "hint"), [("UK", "write GB"), ("usa", "write US"), ("XX", "ISO"), ("", "ISO")]
)
def test_a_rule_may_name_the_standard_code_only(code: str, hint: str) -> None:
    """The refusal says what was meant, where that is clear."""
    with pytest.raises(ValueError, match=hint):
        check_country(code)
