"""PURE: one spelling per language tag (BCP 47), and the name of its catalog directory.

Devices send `zh_HK`, `iw`, `in`, `no`, `ZH-hk`; Landfall stores and compares only what
`normalise_tag` answers. Extensions and private use (`-u-nu-latn`) do not choose words and
are left out.
"""

from __future__ import annotations

import re
from functools import lru_cache

from babel.core import get_global

# CLDR keeps `no` as the parent of nb and nn; people and devices mean Bokmål by it.
_OWN_ALIASES = {"no": "nb"}
# Chinese without its script says nothing about what a person can read.
_SCRIPT_ALWAYS = frozenset({"zh"})
_MAX_CHARACTERS = 100
_SCRIPT = re.compile(r"[A-Z][a-z]{3}")
_REGION = re.compile(r"[A-Z]{2}|[0-9]{3}")
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})
_POSIX_SCRIPTS = {"latin": "Latn", "cyrillic": "Cyrl", "arabic": "Arab", "devanagari": "Deva"}

_TAG = re.compile(
    r"""(?P<language>[a-z]{2,3})
        (?:-(?P<extended>[a-z]{3}(?=-|$)))?
        (?:-(?P<script>[a-z]{4}(?=-|$)))?
        (?:-(?P<region>(?:[a-z]{2}|[0-9]{3})(?=-|$)))?
        (?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3})(?=-|$))*)
        (?:-[a-z0-9](?:-[a-z0-9]{1,8})+)*
    """,
    re.VERBOSE,
)


class UnreadableTag(ValueError):
    """A text that is no language tag."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text[:40]!s}” is not a language tag such as zh-Hant-HK.")


@lru_cache(maxsize=4096)
def normalise_tag(text: str) -> str:
    """Return the canonical tag: `zh_HK` gives zh-Hant-HK, `iw` he, `en-Latn-US` en-US.

    The script is kept where it is not the usual one of the language (sr-Latn), and always
    for Chinese. Raises UnreadableTag.
    """
    found = _TAG.fullmatch(_spell(text))
    if found is None:
        raise UnreadableTag(text)
    language, script, region = _alias(
        found["extended"] or found["language"],
        (found["script"] or "").title(),
        (found["region"] or "").upper(),
    )
    script = _settle_script(language, script, region)
    variants = found["variants"].strip("-")
    return "-".join(part for part in (language, script, region, variants) if part)


def file_name(tag: str) -> str:
    """Return the directory name of a canonical tag: zh-Hant-HK is `zh_Hant_HK`."""
    return tag.replace("-", "_")


@lru_cache(maxsize=4096)
def maximise(tag: str) -> tuple[str, str, str]:
    """Return language, script and region of a canonical tag, the likely ones filled in.

    UTS #35 part 1, section 4.3, "Add Likely Subtags"; unknown ones stay empty.
    """
    language, script, region = split_tag(tag)
    for probe in _probes(language, script, region):
        likely = get_global("likely_subtags").get(probe)
        if likely:
            parts = likely.split("_")
            return language, script or parts[1], region or parts[2]
    return language, script, region


def split_tag(tag: str) -> tuple[str, str, str]:
    """Return language, script and region of a canonical tag, empty where it has none."""
    language, *rest = tag.split("-")
    script = next((part for part in rest if _SCRIPT.fullmatch(part)), "")
    region = next((part for part in rest if _REGION.fullmatch(part)), "")
    return language, script, region


def direction(tag: str) -> str:
    """Return `rtl` or `ltr`, by the script of the tag."""
    return "rtl" if maximise(tag)[1] in _RIGHT_TO_LEFT else "ltr"


def _spell(text: str) -> str:
    """Bring POSIX names (`sr_RS.UTF-8@latin`) to hyphens and lower case."""
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        raise UnreadableTag(text)
    name, _, modifier = text.strip().lower().partition("@")
    name = name.partition(".")[0].replace("_", "-")
    script = _POSIX_SCRIPTS.get(modifier)
    if script:
        language, _, rest = name.partition("-")
        name = "-".join(part for part in (language, script.lower(), rest) if part)
    return name


def _alias(language: str, script: str, region: str) -> tuple[str, str, str]:
    """Replace what CLDR has renamed: sh is sr-Latn, UK is GB."""
    language = _OWN_ALIASES.get(language, language)
    known = get_global("language_aliases").get(language, language)
    language, *rest = known.split("_")
    for part in rest:
        if _SCRIPT.fullmatch(part):
            script = script or part
        else:
            region = region or part
    renamed = get_global("territory_aliases").get(region)
    return (
        language,
        get_global("script_aliases").get(script, script),
        (renamed[0] if renamed else region),
    )


def _settle_script(language: str, script: str, region: str) -> str:
    usual = _likely_script(language, "")
    settled = script or _likely_script(language, region)
    if language in _SCRIPT_ALWAYS:
        return settled
    return "" if settled == usual else settled


def _likely_script(language: str, region: str) -> str:
    likely = get_global("likely_subtags")
    found = (likely.get(f"{language}_{region}") if region else None) or likely.get(language)
    return found.split("_")[1] if found else ""


def _probes(language: str, script: str, region: str) -> list[str]:
    tried = [(language, script, region), (language, region), (language, script), (language,)]
    return ["_".join(part for part in parts if part) for parts in tried]
