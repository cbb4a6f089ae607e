"""A changed source text puts its translations in doubt, until somebody has looked at them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from regions.governance.models import AuditEntry
from regions.translations.models import Translation
from regions.translations.operations import SetTranslation
from tests.unit.translations.conftest import Catalogs, Give

TAXI: dict[str, Any] = {"component": "wallet", "key": "wallet.taxi", "locale": "zh-Hant-HK"}


def test_texts_of_a_changed_source_need_review_and_stay_published(catalogs: Catalogs) -> None:
    """A changed source text puts its translations in doubt, audited; no file is touched for it."""
    catalogs.edit("en", 'msgid "Pay for a taxi"', 'msgid "Pay the taxi"')
    catalogs.git("commit", "-qam", "source")
    texts = tuple(f"wallet/wallet.taxi/{tag}" for tag in ("es", "zh-Hant", "zh-Hant-HK"))
    assert catalogs.sync().imported == ("wallet/wallet.taxi", *texts)
    row = Translation.objects.get(entry__key="wallet.taxi", locale__tag="zh-Hant-HK")
    assert (row.state, row.forms, row.published_forms) == (
        "needs-review",
        ["支付的士車資"],
        ["支付的士車資"],
    )
    audited = AuditEntry.objects.get(object_key=texts[2], action="updated")
    assert audited.before == {"forms": ["支付的士車資"], "state": "translated"}
    assert audited.after == {"forms": ["支付的士車資"], "state": "needs-review"}
    assert catalogs.sync().is_clean
    assert catalogs.numstat() == []


@pytest.mark.parametrize("text", ["支付的士車資", "的士付款"])
def test_a_text_looked_at_after_its_source_changed_is_written_with_it(
    catalogs: Catalogs, translator: User, give: Give, text: str
) -> None:
    """The file gets the source text that the translation is of, and stays in step."""
    catalogs.edit("en", 'msgid "Pay for a taxi"', 'msgid "Pay the taxi"')
    catalogs.sync()
    give(SetTranslation(**TAXI, forms=(text,)), translator)
    body = catalogs.path("zh_Hant_HK").read_text()
    assert f'msgctxt "wallet.taxi"\nmsgid "Pay the taxi"\nmsgstr "{text}"\n' in body
    assert "fuzzy" not in body
    assert catalogs.sync().is_clean
    row = Translation.objects.get(entry__key="wallet.taxi", locale__tag="zh-Hant-HK")
    assert (row.state, row.published_forms) == ("translated", [text])


def test_a_text_looked_at_in_its_file_is_current_again(catalogs: Catalogs) -> None:
    """A file that follows the source text settles the doubt without the admin."""
    catalogs.edit("en", 'msgid "Pay for a taxi"', 'msgid "Pay the taxi"')
    catalogs.sync()
    catalogs.edit("es", 'msgid "Pay for a taxi"', 'msgid "Pay the taxi"')
    assert catalogs.sync().imported == ("wallet/wallet.taxi/es",)
    assert Translation.objects.get(entry__key="wallet.taxi", locale__tag="es").state == "translated"
    assert catalogs.sync().is_clean


def test_a_text_written_beside_a_source_not_yet_followed_leaves_the_source_alone(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """What developers changed in the source catalog is never written back to how it was."""
    catalogs.edit("en", 'msgid "Pay for a taxi"', 'msgid "Pay the taxi"')
    give(SetTranslation(**(TAXI | {"locale": "en"}), forms=("Taxi, please",)), translator)
    assert 'msgid "Pay the taxi"\nmsgstr "Taxi, please"' in catalogs.path("en").read_text()
    assert catalogs.sync().imported == (
        "wallet/wallet.taxi",
        *(f"wallet/wallet.taxi/{tag}" for tag in ("es", "zh-Hant", "zh-Hant-HK")),
    )
    assert catalogs.sync().is_clean


def test_both_source_texts_of_a_plural_are_followed(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """The file gets singular and plural, and keeps the forms that stayed the same."""
    catalogs.edit("en", 'msgid_plural "{n} cards"', 'msgid_plural "{n} bank cards"')
    catalogs.git("commit", "-qam", "source")
    catalogs.sync()
    command = SetTranslation(
        component="wallet",
        key="wallet.cards",
        locale="es",
        forms=("{n} tarjeta", "{n} tarjetas", "{n} tarjetas"),
    )
    give(command, translator)
    assert catalogs.numstat() == ["1 1 es/LC_MESSAGES/wallet.po"]
    assert 'msgid "{n} card"\nmsgid_plural "{n} bank cards"' in catalogs.path("es").read_text()
    assert catalogs.sync().is_clean
