"""Files and rows are kept together entry by entry, and nobody's edit is lost."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from regions.governance.models import AuditEntry, Environment
from regions.models import Locale
from regions.translations.models import Component, Conflict, Entry, Translation
from regions.translations.operations import ResolveConflict, SetTranslation
from regions.translations.ota import build_texts
from regions.translations.sync import TextConflict
from tests.unit.translations.conftest import Catalogs, Give

TAXI: dict[str, Any] = {"component": "wallet", "key": "wallet.taxi", "locale": "zh-Hant-HK"}


def forms_of(key: str, locale: str) -> list[str]:
    """Return the stored forms."""
    row = Translation.objects.get(entry__key=key, locale__tag=locale)
    return list(row.forms)


def set_taxi(give: Give, translator: User, text: str) -> None:
    """Change one text in the admin."""
    give(SetTranslation(**TAXI, forms=(text,)), translator)


def test_new_components_locales_entries_and_texts_appear(catalogs: Catalogs) -> None:
    """The first sync makes rows of everything, as one change, and touches no file."""
    assert Component.objects.get().source_locale.tag == "en"
    assert set(Locale.objects.values_list("tag", flat=True)) == {
        "en",
        "es",
        "zh-Hant",
        "zh-Hant-HK",
    }
    assert list(Entry.objects.values_list("key", flat=True)) == [
        "wallet.unavailable",
        "wallet.fee",
        "wallet.cards",
        "wallet.taxi",
    ]
    assert forms_of("wallet.cards", "es") == ["{n} tarjeta", "{n} tarjetas", "{n} tarjetas"]
    assert Environment.objects.get(key="production").change_seq == 1
    assert catalogs.numstat() == []


def test_a_second_sync_finds_nothing_to_do(catalogs: Catalogs) -> None:
    """What is in step stays untouched: no row, no audit, no file."""
    audited = AuditEntry.objects.count()
    report = catalogs.sync()
    assert report.is_clean
    assert audited == AuditEntry.objects.count()
    assert catalogs.numstat() == []


def test_a_text_changed_in_its_file_reaches_the_rows_and_the_bundle(catalogs: Catalogs) -> None:
    """One changed msgstr is one changed row, one audit entry and another bundle hash."""
    before, _ = build_texts("production")
    audited = AuditEntry.objects.count()
    catalogs.edit("zh_Hant_HK", "支付的士車資", "的士付款")
    report = catalogs.sync()
    assert report.imported == ("wallet/wallet.taxi/zh-Hant-HK",)
    assert forms_of("wallet.taxi", "zh-Hant-HK") == ["的士付款"]
    assert AuditEntry.objects.count() == audited + 1
    assert Environment.objects.get(key="production").change_seq == 2
    after, _ = build_texts("production")
    changed = {tag for tag in after.locales if after.locales[tag] != before.locales[tag]}
    assert changed == {"zh-Hant-HK"}
    assert catalogs.numstat() == ["1 1 zh_Hant_HK/LC_MESSAGES/wallet.po"]


def test_a_text_changed_in_the_admin_writes_the_same_two_lines(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """The file gets the one line at once; a sync after it has nothing to do."""
    set_taxi(give, translator, "的士付款")
    assert catalogs.numstat() == ["1 1 zh_Hant_HK/LC_MESSAGES/wallet.po"]
    assert '\n+msgstr "的士付款"\n' in catalogs.git("diff")
    assert catalogs.sync().is_clean


def test_a_plural_changed_in_the_admin_keeps_the_files_own_rule(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """Three forms here go into a file of two, and only the changed one moves."""
    command = SetTranslation(
        component="wallet",
        key="wallet.cards",
        locale="es",
        forms=("{n} tarjeta", "{n} de fichas", "{n} fichas"),
    )
    give(command, translator)
    assert catalogs.numstat() == ["1 1 es/LC_MESSAGES/wallet.po"]
    assert 'msgstr[1] "{n} fichas"' in catalogs.path("es").read_text()


def test_a_text_that_the_file_lacked_is_added_in_the_order_of_the_source(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """An override made in the admin only adds lines, before those that follow in the source."""
    command = SetTranslation(
        component="wallet", key="wallet.fee", locale="zh-Hant-HK", forms=("手續費 {fee}",)
    )
    give(command, translator)
    assert catalogs.numstat() == ["4 0 zh_Hant_HK/LC_MESSAGES/wallet.po"]
    body = catalogs.path("zh_Hant_HK").read_text()
    assert body.index("wallet.fee") < body.index("wallet.taxi")
    assert catalogs.sync().is_clean


def test_the_first_text_of_a_locale_makes_its_catalog(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """A locale without files gets one in the house style."""
    Locale.objects.create(tag="ar")
    forms = ("لا", "واحدة", "اثنتان", "{n} a", "{n} b", "{n} c")
    command = SetTranslation(component="wallet", key="wallet.cards", locale="ar", forms=forms)
    give(command, translator)
    body = catalogs.path("ar").read_text()
    assert "nplurals=6" in body
    assert 'msgstr[5] "{n} c"' in body
    assert catalogs.sync().is_clean


def test_a_text_taken_back_in_the_admin_is_emptied_in_its_file(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """The locale inherits again, in the file too, and a sync does not bring the text back."""
    give(SetTranslation(**TAXI, forms=()), translator)
    assert catalogs.numstat() == ["1 1 zh_Hant_HK/LC_MESSAGES/wallet.po"]
    assert catalogs.sync().is_clean
    assert forms_of("wallet.taxi", "zh-Hant-HK") == []


def test_a_text_removed_from_its_file_is_inherited_again(catalogs: Catalogs) -> None:
    """An override that a translator deletes in the file is gone here too."""
    body = catalogs.path("zh_Hant_HK").read_text()
    catalogs.path("zh_Hant_HK").write_text(body[: body.index('msgctxt "wallet.taxi"')])
    report = catalogs.sync()
    assert report.removed == ("wallet/wallet.taxi/zh-Hant-HK",)
    assert forms_of("wallet.taxi", "zh-Hant-HK") == []
    assert catalogs.sync().is_clean


def test_the_same_edit_on_both_sides_is_no_conflict(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """Two people who write the same agree."""
    catalogs.edit("zh_Hant_HK", "支付的士車資", "的士付款")
    set_taxi(give, translator, "的士付款")
    report = catalogs.sync()
    assert report.conflicts == ()
    assert catalogs.sync().is_clean


def test_two_different_edits_are_reported_and_left_alone(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """Neither side wins: base, mine and theirs are kept, rows and file stay as they are."""
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    set_taxi(give, translator, "網站")
    expected = TextConflict(
        name="wallet/wallet.taxi/zh-Hant-HK",
        base=("支付的士車資",),
        mine=("網站",),
        theirs=("文件",),
    )
    for _ in range(2):
        assert catalogs.sync().conflicts == (expected,)
    assert forms_of("wallet.taxi", "zh-Hant-HK") == ["網站"]
    assert "文件" in catalogs.path("zh_Hant_HK").read_text()
    assert Conflict.objects.count() == 1


def test_a_conflict_does_not_hold_up_the_other_texts(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """What only the file changed is taken over beside a conflict."""
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    set_taxi(give, translator, "網站")
    catalogs.edit("zh_Hant", "收取 {fee}。", "手續費 {fee}。")
    assert catalogs.sync().imported == ("wallet/wallet.fee/zh-Hant",)


def test_a_settled_conflict_is_written_to_the_file(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """The text that a person decides on stands on both sides."""
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    set_taxi(give, translator, "網站")
    catalogs.sync()
    give(ResolveConflict(**TAXI, forms=("兩者",)), translator)
    assert 'msgstr "兩者"' in catalogs.path("zh_Hant_HK").read_text()
    assert Conflict.objects.count() == 0
    assert catalogs.sync().is_clean


@pytest.mark.parametrize("is_marked_later", [False, True])
def test_a_doubtful_text_of_a_file_that_a_person_chose_is_no_longer_in_doubt(
    catalogs: Catalogs, translator: User, give: Give, *, is_marked_later: bool
) -> None:
    """Choosing the file's fuzzy text settles its doubt on both sides, also after a sync."""
    marked = '#, fuzzy\nmsgctxt "wallet.taxi"'
    if not is_marked_later:
        catalogs.edit("zh_Hant_HK", 'msgctxt "wallet.taxi"', marked)
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    set_taxi(give, translator, "網站")
    catalogs.sync()
    if is_marked_later:
        catalogs.edit("zh_Hant_HK", 'msgctxt "wallet.taxi"', marked)
        catalogs.sync()
    give(ResolveConflict(**TAXI, forms=("文件",)), translator)
    assert "fuzzy" not in catalogs.path("zh_Hant_HK").read_text()
    assert catalogs.sync().is_clean
    row = Translation.objects.get(entry__key="wallet.taxi", locale__tag="zh-Hant-HK")
    assert (row.state, row.published_forms) == ("translated", ["文件"])


def test_a_conflict_settled_in_the_file_closes_itself(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """When the file comes to say what the admin says, there is nothing left to decide."""
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    set_taxi(give, translator, "網站")
    catalogs.sync()
    catalogs.edit("zh_Hant_HK", "文件", "網站")
    assert catalogs.sync().conflicts == ()
    assert Conflict.objects.count() == 0


def test_a_failed_write_is_repaired_by_the_next_sync(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """When the file cannot be written the admin's change holds, and is written later."""
    folder = catalogs.path("zh_Hant_HK").parent
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("in the way")
    set_taxi(give, translator, "的士付款")
    folder.unlink()
    aside.rename(folder)
    assert catalogs.numstat() == []
    assert catalogs.sync().written == ("wallet/wallet.taxi/zh-Hant-HK",)
    assert catalogs.numstat() == ["1 1 zh_Hant_HK/LC_MESSAGES/wallet.po"]


def test_fuzzy_texts_need_review_and_unpublish_nothing(catalogs: Catalogs) -> None:
    """A fuzzy edit of a file is held back in production and shown elsewhere."""
    catalogs.edit("zh_Hant_HK", 'msgctxt "wallet.taxi"', '#, fuzzy\nmsgctxt "wallet.taxi"')
    catalogs.edit("zh_Hant_HK", "支付的士車資", "也許")
    catalogs.sync()
    row = Translation.objects.get(entry__key="wallet.taxi", locale__tag="zh-Hant-HK")
    assert (row.state, row.forms, row.published_forms) == (
        "needs-review",
        ["也許"],
        ["支付的士車資"],
    )
    catalogs.edit("zh_Hant_HK", "#, fuzzy\n", "")
    assert catalogs.sync().imported == ("wallet/wallet.taxi/zh-Hant-HK",)
    row.refresh_from_db()
    assert (row.state, row.published_forms) == ("translated", ["也許"])


def test_a_text_marked_in_the_admin_is_fuzzy_in_its_file(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """A doubt noted in the admin is a flag in the file, and goes with it."""
    command = SetTranslation(**TAXI, forms=("支付的士車資",), state="needs-review")
    give(command, translator)
    assert catalogs.numstat() == ["1 0 zh_Hant_HK/LC_MESSAGES/wallet.po"]
    assert catalogs.sync().is_clean
    give(SetTranslation(**TAXI, forms=("支付的士車資",)), translator)
    assert catalogs.numstat() == []


def test_a_text_that_would_break_the_app_is_held_back(catalogs: Catalogs) -> None:
    """A lost placeholder is named with its line, and production keeps the last good text."""
    catalogs.edit("zh_Hant", "收取 {fee}。", "收取費用。")
    report = catalogs.sync()
    assert any("{fee}" in warning and "line" in warning for warning in report.warnings)
    row = Translation.objects.get(entry__key="wallet.fee", locale__tag="zh-Hant")
    assert (row.state, row.published_forms) == ("needs-review", ["收取 {fee}。"])
    assert catalogs.sync().imported == ()
    assert catalogs.numstat() == ["1 1 zh_Hant/LC_MESSAGES/wallet.po"]


def test_messages_follow_the_source_catalog(catalogs: Catalogs) -> None:
    """A changed source text is taken over and its old translations are named; a new one appears."""
    catalogs.edit("en", 'msgid "Pay for a taxi"', 'msgid "Pay the taxi"')
    with catalogs.path("en").open("a") as file:
        file.write('\nmsgctxt "wallet.new"\nmsgid "New"\nmsgstr ""\n')
    report = catalogs.sync()
    assert report.imported[:2] == ("wallet/wallet.taxi", "wallet/wallet.new")
    assert Entry.objects.get(key="wallet.taxi").source == "Pay the taxi"
    assert sum("outdated source" in warning for warning in report.warnings) == 3


def test_a_message_leaves_only_with_the_source_catalog(catalogs: Catalogs) -> None:
    """A message that the source drops goes with its texts, and is reported."""
    body = catalogs.path("en").read_text()
    catalogs.path("en").write_text(body[: body.index('msgctxt "wallet.taxi"')])
    report = catalogs.sync()
    assert report.removed == ("wallet/wallet.taxi",)
    assert not Translation.objects.filter(entry__key="wallet.taxi").exists()
    assert any("not in the source" in warning for warning in report.warnings)


def test_texts_that_go_with_their_message_stay_in_the_audit(catalogs: Catalogs) -> None:
    """Each deleted translation is audited with its words and its state."""
    body = catalogs.path("en").read_text()
    catalogs.path("en").write_text(body[: body.index('msgctxt "wallet.taxi"')])
    catalogs.sync()
    rows = AuditEntry.objects.filter(object_type="translation", action="deleted")
    assert {
        "wallet/wallet.taxi/es": ({"forms": ["Pagar un taxi"], "state": "translated"}, None),
        "wallet/wallet.taxi/zh-Hant": ({"forms": ["支付計程車資"], "state": "translated"}, None),
        "wallet/wallet.taxi/zh-Hant-HK": ({"forms": ["支付的士車資"], "state": "translated"}, None),
    } == {row.object_key: (row.before, row.after) for row in rows}
    audited = AuditEntry.objects.count()
    assert catalogs.sync().is_clean
    assert audited == AuditEntry.objects.count()


def test_a_catalog_that_lost_much_is_not_followed(catalogs: Catalogs) -> None:
    """A damaged source removes nothing unless somebody says that it is meant."""
    with catalogs.path("en").open("a") as file:
        file.writelines(f'\nmsgctxt "k{n}"\nmsgid "m{n}"\nmsgstr ""\n' for n in range(20))
    catalogs.sync()
    catalogs.git("checkout", "-q", "en")
    assert "lost 20 of 24" in catalogs.sync().errors[0]
    assert Entry.objects.count() == 24
    assert len(catalogs.sync(allow_removals=True).removed) == 20
    assert Entry.objects.count() == 4


def test_a_catalog_that_is_gone_is_written_anew(catalogs: Catalogs) -> None:
    """Nobody deletes texts by deleting a file."""
    catalogs.path("zh_Hant_HK").unlink()
    report = catalogs.sync()
    assert report.written == ("wallet/wallet.taxi/zh-Hant-HK",)
    assert "支付的士車資" in catalogs.path("zh_Hant_HK").read_text()
    assert catalogs.sync().is_clean


def test_an_edit_beside_a_missing_catalog_writes_all_of_it(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """A file made for one text would look as if it had lost the others."""
    catalogs.path("zh_Hant").unlink()
    command = SetTranslation(
        component="wallet", key="wallet.taxi", locale="zh-Hant", forms=("計程車",)
    )
    give(command, translator)
    assert catalogs.path("zh_Hant").read_text().count("msgctxt") == 4
    assert catalogs.sync().is_clean


def test_a_broken_catalog_is_named_and_the_others_are_followed(catalogs: Catalogs) -> None:
    """An error names path, line and column; the texts of that file stay."""
    catalogs.path("es").write_text('msgid "a"\nmsgstr b\n')
    catalogs.edit("zh_Hant_HK", "支付的士車資", "的士付款")
    report = catalogs.sync()
    assert report.errors[0].startswith("es/LC_MESSAGES/wallet.po: line 2, column 8: ")
    assert report.imported == ("wallet/wallet.taxi/zh-Hant-HK",)
    assert forms_of("wallet.taxi", "es") == ["Pagar un taxi"]


@pytest.mark.parametrize("name", ["zh_HK", "ZH_hant", "no such", "..x"])
def test_a_directory_that_is_no_canonical_tag_is_left_out(catalogs: Catalogs, name: str) -> None:
    """A misnamed directory is an error and not a guess."""
    catalogs.path(name).parent.mkdir(parents=True)
    catalogs.path(name).write_bytes(catalogs.path("es").read_bytes())
    report = catalogs.sync()
    assert len(report.errors) == 1
    assert report.imported == ()


def test_links_out_of_the_directory_and_djangos_catalogs_are_left_alone(
    catalogs: Catalogs, tmp_path: Path
) -> None:
    """A link that leads elsewhere is an error, `django.po` is none of ours."""
    outside = tmp_path / "outside.po"
    outside.write_bytes(catalogs.path("es").read_bytes())
    catalogs.path("es", "linked").symlink_to(outside)
    catalogs.path("es", "django").write_bytes(outside.read_bytes())
    assert len(catalogs.sync().errors) == 1
    assert list(Component.objects.values_list("key", flat=True)) == ["wallet"]


def test_the_command_reports_and_a_check_changes_nothing(
    catalogs: Catalogs, translator: User, give: Give
) -> None:
    """`--check` fails on anything that is not in step; a sync fails on what waits for a person."""
    out = StringIO()
    call_command("sync_locale", "--check", stdout=out)
    catalogs.edit("zh_Hant_HK", "支付的士車資", "文件")
    with pytest.raises(CommandError, match="not in step"):
        call_command("sync_locale", "--check", stdout=out)
    assert forms_of("wallet.taxi", "zh-Hant-HK") == ["支付的士車資"]
    set_taxi(give, translator, "網站")
    with pytest.raises(CommandError, match="Conflicts: 1"):
        call_command("sync_locale", "--dir", str(catalogs.folder), stdout=out)
    for line in (
        "conflict: wallet/wallet.taxi/zh-Hant-HK",
        "base: 支付的士車資",
        "theirs (file): 文件",
    ):
        assert line in out.getvalue()


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path, db: None) -> None:
    """A mistyped path is named."""
    with pytest.raises(CommandError, match="no directory"):
        call_command("sync_locale", "--dir", str(tmp_path / "nowhere"))
