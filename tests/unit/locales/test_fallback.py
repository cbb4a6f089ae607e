"""Where a locale's missing texts come from."""

from __future__ import annotations

import pytest
from babel.core import get_global

from regions.locales.fallback import UnusableParents, chain, check_parents, inherit
from regions.locales.tag import maximise, normalise_tag

CHAINS = [
    ("zh-Hant-MO", "zh-Hant-MO zh-Hant-HK zh-Hant en"),
    ("zh-Hant-HK", "zh-Hant-HK zh-Hant en"),
    ("zh_HK", "zh-Hant-HK zh-Hant en"),
    ("zh-TW", "zh-Hant-TW zh-Hant en"),
    ("zh-AU", "zh-Hant-AU zh-Hant en"),
    ("zh-SG", "zh-Hans-SG zh-Hans en"),
    ("zh-Hans-US", "zh-Hans-US zh-Hans en"),
    ("es-MX", "es-MX es-419 es en"),
    ("es-AR", "es-AR es-419 es en"),
    ("es-ES", "es-ES es en"),
    ("pt-AO", "pt-AO pt-PT pt en"),
    ("pt-BR", "pt-BR pt en"),
    ("en-IN", "en-IN en-001 en"),
    ("en-US", "en-US en"),
    ("en", "en"),
    ("nb", "nb en"),
    ("nn", "nn nb en"),
    ("sr-Latn", "sr-Latn en"),
    ("pa-Arab-PK", "pa-Arab-PK pa-Arab en"),
    ("fr-CH", "fr-CH fr en"),
    ("hi-Latn", "hi-Latn en-IN en-001 en"),
]


@pytest.mark.parametrize(("tag", "expected"), CHAINS)
def test_chains_are_those_of_cldr_and_end_in_the_source(tag: str, expected: str) -> None:
    """Parents follow UTS #35; the source language is the last step."""
    assert tuple(expected.split()) == chain(tag)


def test_traditional_readers_are_never_sent_to_simplified() -> None:
    """No chain of any CLDR parent leads from one script of a language into another."""
    for name in get_global("parent_exceptions"):
        steps = inherit(normalise_tag(name))
        scripts = {maximise(step)[1] for step in steps if step.startswith(steps[0].split("-")[0])}
        assert len(scripts) == 1, steps
    assert chain("zh-Hant-HK", source="zh-Hans") == ("zh-Hant-HK", "zh-Hant", "en")
    assert chain("de", source="zh-Hans") == ("de", "zh-Hans")


def test_own_parents_replace_those_of_cldr() -> None:
    """A parent given as data holds for its locale and for those below it."""
    parents = {"ca": "es", "zh-Hant-MO": "zh-Hant"}
    assert chain("ca-ES", parents) == ("ca-ES", "ca", "es", "en")
    assert chain("zh-MO", parents) == ("zh-Hant-MO", "zh-Hant", "en")


def test_a_circle_of_parents_is_refused() -> None:
    """Parents that lead back are named in the error."""
    with pytest.raises(UnusableParents, match="es → es-419 → es"):
        check_parents({"es": "es-419"})


def test_a_parent_in_another_script_is_refused() -> None:
    """Raw Simplified cannot be made the parent of Traditional."""
    with pytest.raises(UnusableParents, match="another script"):
        check_parents({"zh-Hant": "zh-Hans"})
