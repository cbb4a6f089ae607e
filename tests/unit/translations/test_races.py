"""Whoever edits, syncs or decides at the same time as somebody else: no text is lost unseen."""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from regions.governance.commands import Command, Refused
from regions.governance.execute import Receipt, execute
from regions.governance.models import AuditEntry
from regions.translations import sync
from regions.translations.operations import ResolveConflict, SetTranslation
from tests.unit.translations.conftest import Catalogs, Give

TAXI: dict[str, Any] = {"component": "wallet", "key": "wallet.taxi", "locale": "zh-Hant-HK"}


def test_a_conflict_is_settled_only_as_it_was_seen(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """A third text, which came into the file meanwhile, is not overwritten unseen."""
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    give(SetTranslation(**TAXI, forms=("網站",)), translator)
    catalogs.sync()
    catalogs.edit("zh_Hant_HK", "文件", "第三")
    catalogs.sync()
    seen = AuditEntry.objects.filter(object_type="conflict").first()
    assert seen is not None
    assert [(side or {}).get("theirs") for side in (seen.before, seen.after)] == [
        ["文件"],
        ["第三"],
    ]
    command = ResolveConflict(**TAXI, forms=("網站",), seen_theirs=("文件",))
    with pytest.raises(Refused, match="第三"):
        give(command, translator)
    assert 'msgstr "第三"' in catalogs.path("zh_Hant_HK").read_text()
    give(replace(command, seen_theirs=("第三",)), translator)
    assert 'msgstr "網站"' in catalogs.path("zh_Hant_HK").read_text()


def test_nobody_writes_a_file_while_it_is_followed(
    catalogs: Catalogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading files and storing them, a save that is written back has to wait."""
    catalogs.edit("zh_Hant", "收取 {fee}。", "手續費 {fee}。")
    held: list[str] = []

    def look(command: Command, **moment: Any) -> Receipt:
        for folder in sorted(catalogs.folder.glob("*/LC_MESSAGES")):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(folder.parent.name)
            finally:
                os.close(descriptor)
        return execute(command, **moment)

    monkeypatch.setattr(sync, "execute", look)
    assert catalogs.sync().imported == ("wallet/wallet.fee/zh-Hant",)
    assert held == ["en", "es", "zh_Hant", "zh_Hant_HK"]
