"""Build what clients fetch: per locale and component one bundle, merged along the chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from regions import canonical
from regions.locales.fallback import UnusableParents, chain
from regions.locales.plurals import name_forms
from regions.locales.tag import direction
from regions.translations.bundles import LocaleTexts, Texts
from regions.translations.catalog import Forms
from regions.translations.models import Component, Entry, Translation
from regions.translations.queries.rows import load_parents
from regions.translations.workflow import PRODUCTION

_log = structlog.get_logger(__name__)

BundleText = str | dict[str, str]


@dataclass(slots=True)
class _Source:
    """One component while its bundles are built; texts by locale and key."""

    key: str
    locale: str
    texts: dict[str, dict[str, BundleText]] = field(default_factory=dict)
    plural_keys: dict[str, bool] = field(default_factory=dict)


def build_texts(environment_key: str, *, using: str = "default") -> tuple[Texts, dict[str, bytes]]:
    """Return the texts of an environment and the bytes of their bundles by SHA-256.

    A bundle is JSON, `{"<key>": "text"}` or `{"<key>": {"one": …, "other": …}}` (ICU and
    i18next names). Every locale with a catalog has one per component; what it lacks comes
    from its chain. Four queries whatever the size.
    """
    sources = _load_sources(environment_key, using)
    parents = load_parents(using=using)
    source_locale = next((source.locale for source in sources), "en")
    tags = {source_locale, *(tag for source in sources for tag in source.texts)}
    bodies: dict[str, bytes] = {}
    known: dict[tuple[str, ...], str] = {}
    locales: dict[str, LocaleTexts] = {}
    for tag in sorted(tags):
        steps = _find_chain(tag, parents, source_locale)
        locales[tag] = LocaleTexts(
            chain=steps,
            direction=direction(tag),
            bundles={source.key: _build_bundle(source, steps, known, bodies) for source in sources},
        )
    return Texts(source_locale=source_locale, locales=locales), bodies


def _find_chain(tag: str, parents: Mapping[str, str], source: str) -> tuple[str, ...]:
    """Return the chain; unusable parents cost their locale its override, not the publish."""
    try:
        return chain(tag, parents, source=source)
    except UnusableParents as error:
        _log.warning("texts.parents_ignored", locale=tag, error=str(error))
        return chain(tag, source=source)


def _build_bundle(
    source: _Source,
    steps: Iterable[str],
    known: dict[tuple[str, ...], str],
    bodies: dict[str, bytes],
) -> str:
    """Return the hash of a merged bundle; locales that add nothing share their parent's."""
    layers = [step for step in steps if step in source.texts]
    if source.locale not in layers:
        layers.append(source.locale)
    identity = (source.key, *layers)
    if identity not in known:
        merged: dict[str, BundleText] = {}
        for layer in reversed(layers):
            merged.update(source.texts.get(layer, {}))
        body = canonical.encode(merged)
        known[identity] = canonical.digest(body)
        bodies[known[identity]] = body
    return known[identity]


def _load_sources(environment_key: str, using: str) -> list[_Source]:
    """Load the components with every text that this environment serves."""
    sources: dict[int, _Source] = {}
    rows = Component.objects.using(using).order_by("key")
    for pk, key, locale in rows.values_list("id", "key", "source_locale__tag"):
        sources[pk] = _Source(key, locale, {locale: {}})
    owners: dict[int, tuple[_Source, str]] = {}
    for pk, owner, key, text, plural in Entry.objects.using(using).values_list(
        "id", "component_id", "key", "source", "source_plural"
    ):
        source = sources[owner]
        owners[pk] = source, key
        source.plural_keys[key] = bool(plural)
        source.texts[source.locale][key] = {"one": text, "other": plural} if plural else text
    column = "published_forms" if environment_key == PRODUCTION else "forms"
    for entry_id, tag, forms in Translation.objects.using(using).values_list(
        "entry_id", "locale__tag", column
    ):
        source, key = owners[entry_id]
        texts = source.texts.setdefault(tag, {})
        whole = _to_text(tag, tuple(forms), plural=source.plural_keys[key])
        if whole is not None:
            texts[key] = whole
    return list(sources.values())


def _to_text(tag: str, forms: Forms, *, plural: bool) -> BundleText | None:
    """Return what a bundle holds; None for a text that is not whole."""
    if not forms or "" in forms:
        return None
    if not plural:
        return forms[0]
    try:
        return name_forms(tag, forms)
    except ValueError:
        # The message got or lost its plural since; the chain answers until it is done anew.
        return None
