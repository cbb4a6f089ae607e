"""A preparation that was cut off is made good by the next one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from launch import prepare
from regions.models import App
from regions.translations.models import Component, Translation
from tests.product import ROOT
from tests.unit.world import Do


def test_texts_that_never_came_are_loaded(world: Do, settings: Settings) -> None:
    """Rows without texts get the texts, and nothing else of the demo is loaded over them."""
    settings.LOCALE_DIR = ROOT / "locale"
    assert not Component.objects.exists()
    assert 0 == prepare.main()
    assert Translation.objects.exists()
    assert ["shop"] == list(App.objects.values_list("key", flat=True))


def test_a_broken_catalog_keeps_nobody_from_starting(
    world: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong with the texts is said, and the preparation ends well."""
    settings.LOCALE_DIR = tmp_path / "missing"
    assert 0 == prepare.main()
    assert "There is no directory" in capsys.readouterr().err
