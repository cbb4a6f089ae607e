"""PURE: where a locale's missing texts come from.

UTS #35 part 1, section 4.1 "Locale Inheritance and Matching", the *parent* side: the
content chain. Which locale a person is *started* on is the other side, see match.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from babel.core import get_global

from regions.locales.tag import file_name, maximise, normalise_tag, split_tag

# Served to Traditional readers where the product's source is Simplified, and the like.
_LAST_RESORT = "en"


class UnusableParents(ValueError):
    """Own parents that no chain can be made from."""


def chain(
    tag: str, parents: Mapping[str, str] | None = None, *, source: str = "en"
) -> tuple[str, ...]:
    """Return the locales that are asked in turn, the tag itself first, the source last.

    `parents` are the parents that differ from CLDR. zh-Hant-MO gives zh-Hant-MO,
    zh-Hant-HK, zh-Hant, en: never zh, which is Simplified. Raises UnusableParents.
    """
    inherited = inherit(tag, parents)
    last = normalise_tag(source)
    if last in inherited:
        return inherited
    if _differs_in_script(inherited[0], last):
        last = _LAST_RESORT
    return inherited if last in inherited else (*inherited, last)


def inherit(tag: str, parents: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the tag and its parents up to, and without, root.

    A text found here counts as complete; one found only in the source language after it
    counts as missing. Raises UnusableParents for a cycle or a parent in another script.
    """
    seen = [normalise_tag(tag)]
    while True:
        parent = _parent_of(seen[-1], parents or {})
        if parent is None:
            return tuple(seen)
        if parent in seen:
            raise UnusableParents(f"These parents form a circle: {' → '.join([*seen, parent])}.")
        seen.append(parent)


def check_parents(parents: Mapping[str, str]) -> None:
    """Raise UnusableParents when some chain would not end or would change the script."""
    for tag in parents:
        inherit(tag, parents)


def _parent_of(tag: str, parents: Mapping[str, str]) -> str | None:
    """Return the parent, None for root."""
    own = parents.get(tag)
    if not own:
        return _cldr_parent_of(tag)
    parent = normalise_tag(own)
    if _differs_in_script(tag, parent):
        raise UnusableParents(
            f"{parent} cannot be the parent of {tag}: its readers use another script."
        )
    return parent


@lru_cache(maxsize=4096)
def _cldr_parent_of(tag: str) -> str | None:
    # Step 1, explicit parent: `parentLocales` names it (es-MX -> es-419, zh-Hant-MO -> zh-Hant-HK).
    explicit = get_global("parent_exceptions").get(file_name(tag))
    if explicit:
        parent = normalise_tag(explicit)
        # `no` is the parent of nb in CLDR and the same language for us.
        return None if parent == tag else parent
    language, script, region = split_tag(tag)
    # Step 2, rule `nonlikelyScript`: language_Script in a script that is not the likely one
    # inherits from root (zh-Hant, sr-Latn), never from the bare language.
    if script and not region and maximise(language)[1] != script:
        return None
    # Step 3, truncation: cut the last subtag.
    shorter = tag.rpartition("-")[0]
    if not shorter:
        return None
    # zh-Hans and zh are one locale here, so cutting the script off leads to root.
    parent = normalise_tag(shorter)
    return None if parent == tag else parent


def _differs_in_script(tag: str, other: str) -> bool:
    """Tell whether the two are one language written in two scripts."""
    language, script, _ = maximise(tag)
    other_language, other_script, _ = maximise(other)
    return language == other_language and script != other_script
