"""The catalogs that the product ships in `locale/`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from flags.engine.result import Reason
from regions.locales.fallback import inherit
from regions.translations.catalog import Catalog
from regions.translations.files import scan
from regions.translations.formats.gettext import parse
from regions.translations.formats.gettext_catalog import read_catalog
from regions.translations.formats.gettext_write import rewrite
from regions.translations.plan import plan_component

LOCALE_DIR = Path(settings.BASE_DIR) / "locale"
FOUND, PROBLEMS = scan(LOCALE_DIR)
VARIANTS = {"zh-Hant-HK", "es-419"}
COMPONENTS = ("calling", "reasons", "wallet")


def load(component: str) -> dict[str, Catalog]:
    """Return the catalogs of a component by locale."""
    return {
        entry.locale: read_catalog(
            parse(entry.path.read_bytes()), component=component, locale=entry.locale
        )
        for entry in FOUND
        if entry.component == component
    }


def test_every_language_has_every_component() -> None:
    """Eleven languages, three components, no misnamed directory and no Python package."""
    tags = {"en", "zh-Hans", "zh-Hant", "es", "pt-BR", "ar", "de", "fr", "hi"} | VARIANTS
    assert {(tag, component) for tag in tags for component in COMPONENTS} == {
        (entry.locale, entry.component) for entry in FOUND
    }
    assert PROBLEMS == []
    assert list(LOCALE_DIR.glob("**/*.py")) == []


@pytest.mark.parametrize("entry", FOUND, ids=lambda entry: f"{entry.locale}-{entry.component}")
def test_each_file_is_in_the_house_style(entry: object) -> None:
    """UTF-8, not wrapped, the header in GNU order, and a no-op changes nothing."""
    path = entry.path  # type: ignore[attr-defined]
    body = path.read_bytes()
    po = parse(body)
    assert rewrite(po) == body
    assert po.warnings == ()
    assert list(po.fields)[:2] == ["Project-Id-Version", "Report-Msgid-Bugs-To"]
    assert po.fields["Language"] == path.parent.parent.name
    if shutil.which("msgfmt"):
        subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], check=True, capture_output=True)


@pytest.mark.parametrize("component", COMPONENTS)
def test_nothing_is_missing_or_broken(component: str) -> None:
    """Every language is whole, every form has its placeholders, each component a plural."""
    catalogs = load(component)
    plan = plan_component(catalogs, None, component=component, source_locale="en")
    assert (plan.warnings, plan.refusals) == ((), ())
    keys = {message.key for message in catalogs["en"].messages}
    assert any(message.source_plural for message in catalogs["en"].messages)
    for locale, catalog in catalogs.items():
        own = {message.key for message in catalog.messages if message.forms}
        if locale not in VARIANTS | {"en"}:
            assert keys == own, locale


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_variants_hold_only_differences(component: str, variant: str) -> None:
    """No override says what its parent says anyway."""
    catalogs = load(component)
    parent = catalogs[inherit(variant)[1]]
    texts = {message.key: message.forms for message in parent.messages}
    same = [m.key for m in catalogs[variant].messages if texts.get(m.key) == m.forms]
    assert same == []
    assert catalogs[variant].messages


def test_every_reason_has_a_text() -> None:
    """Whatever the engine answers can be told to a person."""
    keys = {message.key for message in load("reasons")["en"].messages}
    assert {f"reason.{reason}" for reason in Reason} <= keys


def test_django_does_not_take_them_for_its_own() -> None:
    """The catalogs of the app are no translations of the admin."""
    assert LOCALE_DIR not in [Path(path) for path in settings.LOCALE_PATHS]
