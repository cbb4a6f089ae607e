"""PURE: the text side of a content part, as nodes read it."""

from __future__ import annotations

from msgspec import Struct


class LocaleTexts(Struct, frozen=True, rename="camel"):
    """What a locale is served with.

    `chain` starts with the locale itself and ends with the source language; `bundles`
    maps a component to the SHA-256 of its merged bundle; `direction` is ltr or rtl.
    """

    chain: tuple[str, ...]
    direction: str
    bundles: dict[str, str]


class Texts(Struct, frozen=True, rename="camel"):
    """All published texts of a scope: hashes only, and the source locale."""

    source_locale: str = "en"
    locales: dict[str, LocaleTexts] = {}
