"""One spelling per language tag."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regions.locales.tag import (
    UnreadableTag,
    direction,
    file_name,
    maximise,
    normalise_tag,
    split_tag,
)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("zh_HK", "zh-Hant-HK"),
        ("ZH-hk", "zh-Hant-HK"),
        ("zh_Hant_HK", "zh-Hant-HK"),
        ("zh-TW", "zh-Hant-TW"),
        ("zh-MO", "zh-Hant-MO"),
        ("zh-AU", "zh-Hant-AU"),
        ("zh", "zh-Hans"),
        ("zh-SG", "zh-Hans-SG"),
        ("zh-MY", "zh-Hans-MY"),
        ("zh-Hans-US", "zh-Hans-US"),
        ("cmn-TW", "zh-Hant-TW"),
        ("zh-yue", "yue"),
        ("iw", "he"),
        ("in", "id"),
        ("tl", "fil"),
        ("no", "nb"),
        ("sh", "sr-Latn"),
        ("sr_RS@latin", "sr-Latn-RS"),
        ("sr-ME", "sr-Latn-ME"),
        ("pa-PK", "pa-Arab-PK"),
        ("en-Latn-US", "en-US"),
        ("en-UK", "en-GB"),
        ("en_US.UTF-8", "en-US"),
        ("en-u-nu-latn", "en"),
        ("hi-IN-u-ca-indian-nu-deva", "hi-IN"),
        ("es-419", "es-419"),
        ("ca-ES-valencia", "ca-ES-valencia"),
    ],
)
def test_devices_spellings_become_one_tag(given_text: str, expected: str) -> None:
    """What phones, browsers and POSIX send is brought to the canonical BCP 47 tag."""
    assert expected == normalise_tag(given_text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "123",
        "zh--HK",
        "en-",
        "../../etc",
        "en/../de",
        "en\0",
        "x-private",
        "é",
        "zz" * 60,
    ],
)
def test_what_is_no_tag_is_refused(text: str) -> None:
    """A text that is no tag raises, so that it can never become a path."""
    with pytest.raises(UnreadableTag):
        normalise_tag(text)


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Any text is either refused or brought to a tag that stays as it is."""
    try:
        tag = normalise_tag(text)
    except UnreadableTag:
        return
    assert tag == normalise_tag(tag)
    assert tag == normalise_tag(file_name(tag))
    assert "/" not in tag
    assert "." not in tag


def test_likely_subtags_are_filled_in() -> None:
    """A tag is maximised by CLDR, and split without guessing."""
    assert maximise("zh-Hant") == ("zh", "Hant", "TW")
    assert maximise("en") == ("en", "Latn", "US")
    assert split_tag("es-419") == ("es", "", "419")
    assert split_tag("ca-ES-valencia") == ("ca", "", "ES")


@pytest.mark.parametrize(
    ("tag", "expected"), [("ar-AE", "rtl"), ("he", "rtl"), ("fa-IR", "rtl"), ("ur", "rtl"),
                          ("pa-Arab-PK", "rtl"), ("pa", "ltr"), ("zh-Hant-HK", "ltr")]
)  # fmt: skip
def test_direction_follows_the_script(tag: str, expected: str) -> None:
    """Arabic and Hebrew scripts run from right to left, whatever the language."""
    assert expected == direction(tag)
