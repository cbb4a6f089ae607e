"""Commands on texts: who may, what is refused, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused
from regions.governance.models import AuditEntry, Outbox
from regions.translations.models import Component, Translation
from regions.translations.operations import (
    ApproveTranslation,
    ResolveConflict,
    SetComponent,
    SetTranslation,
)
from tests.unit.translations.conftest import Catalogs, Give

FEE: dict[str, Any] = {"component": "wallet", "key": "wallet.fee", "locale": "zh-Hant"}
CARDS: dict[str, Any] = {"component": "wallet", "key": "wallet.cards", "locale": "es"}


def fee() -> Translation:
    """Return the row that most tests change."""
    return Translation.objects.get(entry__key="wallet.fee", locale__tag="zh-Hant")


def test_a_change_is_audited_with_before_and_after(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """The audit keeps who changed which text from what to what, and a publish is asked for."""
    receipt = give(SetTranslation(**FEE, forms=("{fee} 元",)), translator)
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.object_type, entry.object_key, entry.actor_name) == (
        "translation",
        "wallet/wallet.fee/zh-Hant",
        "translator",
    )
    assert entry.before == {"forms": ["收取 {fee}。"], "state": "translated"}
    assert entry.after == {"forms": ["{fee} 元"], "state": "translated"}
    assert Outbox.objects.filter(change_seq=receipt.change_seqs["production"]).exists()


def test_the_same_text_again_is_no_change(catalogs: Catalogs, translator: User, give: Give) -> None:
    """Saving without an edit leaves no trace."""
    assert not give(SetTranslation(**FEE, forms=("收取 {fee}。",)), translator).changed


def test_any_spelling_of_the_locale_is_understood(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """`zh_HK` and zh-Hant-HK are one row and one file."""
    command = SetTranslation(component="wallet", key="wallet.taxi", locale="zh_HK", forms=("的士",))
    give(command, translator)
    assert Translation.objects.filter(entry__key="wallet.taxi").count() == 3
    assert 'msgstr "的士"' in catalogs.path("zh_Hant_HK").read_text()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (SetTranslation(**FEE, forms=("no fee",)), ("bad_text", "{fee}")),
        (SetTranslation(**FEE, forms=("{fee}", "{fee}")), ("bad_text", "2 forms")),
        (SetTranslation(**CARDS, forms=("{n}", "{n}")), ("bad_text", "es needs 3")),
        (SetTranslation(**CARDS, forms=("{n}", "", "{n}")), ("bad_text", "empty")),
        (SetTranslation(**FEE, forms=("{fee}",), state="approved"), ("bad_state", "approved")),
        (SetTranslation(**FEE, forms=("{fee}",), state="x"), ("bad_state", "“x”")),
        (SetTranslation(**FEE, forms=("{fee}",), seen_forms=("old",)), ("stale", "收取")),
        (SetTranslation(**(FEE | {"key": "no"}), forms=("x",)), ("unknown_message", "“no”")),
        (
            SetTranslation(**(FEE | {"component": "../x"}), forms=("x",)),
            ("unknown_message", "../x"),
        ),
        (SetTranslation(**(FEE | {"locale": "../x"}), forms=("{fee}",)), ("bad_tag", "../x")),
        (SetTranslation(**(FEE | {"locale": "ja"}), forms=("{fee}",)), ("unknown_locale", "ja")),
        (ResolveConflict(**FEE, forms=("{fee}",)), ("no_conflict", "no conflict")),
        (SetComponent(key="Bad Key", name="", source_locale="en"), ("bad_key", "Bad Key")),
        (SetComponent(key="wallet", name="", source_locale="es"), ("source_in_use", "in en")),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    catalogs: Catalogs, translator: User, give: Give, command: Command, expected: tuple[str, str]
) -> None:
    """A refusal has a stable code, names the fault, and leaves rows and files alone."""
    code, what = expected
    before = list(Translation.objects.values())
    with pytest.raises(Refused, match=what.replace("{", r"\{")) as refused:
        give(command, translator)
    assert code == refused.value.code
    assert before == list(Translation.objects.values())
    assert catalogs.numstat() == []


@pytest.mark.parametrize("text", ["{fee}\0", "{fee}\ud800"])
def test_characters_that_are_none_are_refused(
    catalogs: Catalogs, translator: User, give: Give, text: str
) -> None:
    """NUL and halves of surrogate pairs reach neither rows nor files."""
    with pytest.raises(Refused):
        give(SetTranslation(**FEE, forms=(text,)), translator)
    assert fee().forms == ["收取 {fee}。"]


def test_whoever_saw_the_current_text_may_save(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """The lock holds back only those who saw something else."""
    command = SetTranslation(**FEE, forms=("{fee}",), seen_forms=("收取 {fee}。",))
    assert give(command, translator).changed


def test_an_edit_that_needs_review_unpublishes_nothing(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """Production keeps the last good text until the new one is translated."""
    give(SetTranslation(**FEE, forms=("{fee}?",), state="needs-review"), translator)
    assert (fee().forms, fee().published_forms) == (["{fee}?"], ["收取 {fee}。"])
    give(SetTranslation(**FEE, forms=("{fee}?",)), translator)
    assert fee().published_forms == ["{fee}?"]


def test_approvers_approve_and_nobody_their_own(
    catalogs: Catalogs, translator: User, approver: User, give: Give
) -> None:
    """A text is approved by somebody else than who wrote it, and only as it was seen."""
    give(SetTranslation(**FEE, forms=("{fee} 元",)), translator)
    with pytest.raises(PermissionRefused):
        give(ApproveTranslation(**FEE), translator)
    with pytest.raises(Refused, match="now"):
        give(ApproveTranslation(**FEE, seen_forms=("收取 {fee}。",)), approver)
    give(ApproveTranslation(**FEE, seen_forms=("{fee} 元",)), approver)
    assert fee().state == "approved"
    Translation.objects.filter(pk=fee().pk).update(state="translated", updated_by="approver")
    with pytest.raises(Refused, match="their own"):
        give(ApproveTranslation(**FEE), approver)


def test_approving_leaves_the_file_alone(
    catalogs: Catalogs, translator: User, approver: User, give: Give
) -> None:
    """Files know no approval."""
    give(ApproveTranslation(**FEE), approver)
    assert catalogs.numstat() == []
    assert catalogs.sync().is_clean


def test_approvers_write_no_texts_and_translators_do(
    catalogs: Catalogs, approver: User, give: Give
) -> None:
    """The permission is the group's."""
    with pytest.raises(PermissionRefused):
        give(SetTranslation(**FEE, forms=("{fee}",)), approver)


def test_an_open_conflict_is_settled_before_anything_else(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """No third version is made while two wait for a decision."""
    catalogs.edit("zh_Hant", "收取 {fee}。", "{fee} 甲")
    give(SetTranslation(**FEE, forms=("{fee} 乙",)), translator)
    catalogs.sync()
    with pytest.raises(Refused, match="conflict"):
        give(SetTranslation(**FEE, forms=("{fee} 丙",)), translator)
    give(ResolveConflict(**FEE, forms=("{fee} 甲",)), translator)
    assert catalogs.sync().is_clean
    assert fee().forms == ["{fee} 甲"]


def test_a_component_is_made_and_renamed(catalogs: Catalogs, translator: User, give: Give) -> None:
    """Saving the same again changes nothing."""
    command = SetComponent(key="calling", name="Calls", source_locale="en")
    assert give(command, translator).changed
    assert not give(command, translator).changed
    assert Component.objects.get(key="calling").name == "Calls"
