"""Text bundles: merged along the chain, deterministic, and only what may be served."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from regions import canonical
from regions.models import Locale
from regions.translations.operations import SetTranslation
from regions.translations.ota import build_texts
from tests.unit.translations.conftest import Catalogs, Give


def bundle(locale: str, environment: str = "production") -> dict[str, Any]:
    """Return the wallet bundle of a locale as a client reads it."""
    texts, bodies = build_texts(environment)
    read: dict[str, Any] = json.loads(bodies[texts.locales[locale].bundles["wallet"]])
    return read


def test_a_bundle_is_merged_along_the_chain(catalogs: Catalogs) -> None:
    """Own words first, then the parent's, then the source's; plurals by category."""
    assert bundle("zh-Hant-HK") == {
        "wallet.unavailable": "尚未支援支付。",
        "wallet.fee": "收取 {fee}。",
        "wallet.cards": {"other": "{n} 張卡"},
        "wallet.taxi": "支付的士車資",
    }
    assert bundle("es") == {
        "wallet.unavailable": "Payments are not available.",
        "wallet.fee": "A fee of {fee} applies.",
        "wallet.cards": {"one": "{n} tarjeta", "many": "{n} tarjetas", "other": "{n} tarjetas"},
        "wallet.taxi": "Pagar un taxi",
    }
    assert bundle("en")["wallet.cards"] == {"one": "{n} card", "other": "{n} cards"}


def test_bundles_are_named_by_their_content(catalogs: Catalogs) -> None:
    """A hash is that of the bytes, and two builds give the same ones."""
    texts, bodies = build_texts("production")
    assert all(sha256 == canonical.digest(body) for sha256, body in bodies.items())
    assert (texts, bodies) == build_texts("production")
    assert texts.locales["zh-Hant-HK"].chain == ("zh-Hant-HK", "zh-Hant", "en")
    assert texts.locales["zh-Hant-HK"].direction == "ltr"
    assert set(texts.locales) == {"en", "es", "zh-Hant", "zh-Hant-HK"}


def test_own_parents_decide_the_chain(catalogs: Catalogs) -> None:
    """A parent set as data is followed, and texts.locales says so."""
    es = Locale.objects.get(tag="es")
    Locale.objects.filter(tag="zh-Hant-HK").update(parent=es)
    texts, _ = build_texts("production")
    assert texts.locales["zh-Hant-HK"].chain == ("zh-Hant-HK", "es", "en")


def test_unusable_parents_do_not_stop_a_publish(catalogs: Catalogs) -> None:
    """A circle that got into the rows leaves its locale with the chain of CLDR."""
    hong_kong = Locale.objects.get(tag="zh-Hant-HK")
    Locale.objects.filter(tag="zh-Hant").update(parent=hong_kong)
    texts, _ = build_texts("production")
    assert texts.locales["zh-Hant-HK"].chain == ("zh-Hant-HK", "zh-Hant", "en")


def test_production_waits_for_review_and_others_do_not(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """An edit that needs review is seen in development, and unpublishes nothing."""
    command = SetTranslation(
        component="wallet",
        key="wallet.taxi",
        locale="zh-Hant-HK",
        forms=("也許",),
        state="needs-review",
    )
    give(command, translator)
    assert bundle("zh-Hant-HK")["wallet.taxi"] == "支付的士車資"
    assert bundle("zh-Hant-HK", "development")["wallet.taxi"] == "也許"


def test_a_text_taken_back_is_inherited_again(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """Without its own word the variant says what its parent says."""
    command = SetTranslation(component="wallet", key="wallet.taxi", locale="zh-Hant-HK", forms=())
    give(command, translator)
    assert bundle("zh-Hant-HK")["wallet.taxi"] == "支付計程車資"


def test_the_number_of_queries_is_fixed(
    catalogs: Catalogs, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Building asks the database four times, whatever the size."""
    with django_assert_num_queries(4):
        build_texts("production")


def test_without_components_there_is_only_the_source_language(db: None) -> None:
    """An empty database gives an empty text part."""
    texts, bodies = build_texts("production")
    assert (set(texts.locales), bodies) == ({"en"}, {})
