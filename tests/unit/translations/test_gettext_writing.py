"""Writing PO: an edit changes the lines of its entry and no others."""

from __future__ import annotations

import difflib
import io
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from regions.translations.catalog import CatalogError
from regions.translations.formats.gettext import PoEntry, PoFile, parse
from regions.translations.formats.gettext_text import Style, quote, render, unquote
from regions.translations.formats.gettext_write import Addition, Edit, new_file, replace, rewrite
from tests.unit.translations.test_gettext_reading import DJANGO_CATALOGS, TORTURE

HOUSE = (
    'msgid ""\n'
    'msgstr ""\n'
    '"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"PO-Revision-Date: 2026-01-01 00:00+0000\\n"\n'
    '"Plural-Forms: nplurals=2; plural=n != 1;\\n"\n'
    "\n"
    'msgctxt "a"\n'
    'msgid "first"\n'
    'msgstr "erstens"\n'
    "\n"
    "#, fuzzy, python-format\n"
    'msgctxt "b"\n'
    'msgid "second"\n'
    'msgid_plural "seconds"\n'
    'msgstr[0] "zweite"\n'
    'msgstr[1] "zweiten"\n'
    "\n"
    '#~ msgid "gone"\n'
    '#~ msgstr "fort"\n'
)


def changed_lines(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    """Return the lines that a diff would show as removed and as added."""
    lines = list(
        difflib.unified_diff(
            before.decode().split("\n"), after.decode().split("\n"), n=0, lineterm=""
        )
    )[2:]
    return [line for line in lines if line[0] == "-"], [line for line in lines if line[0] == "+"]


def find(po: PoFile, msgid: str) -> PoEntry:
    """Return the entry with this msgid."""
    return next(entry for entry in po.entries if entry.msgid == msgid)


def pick(po: PoFile) -> PoEntry:
    """Return an entry from the middle that has a text."""
    entries = [entry for entry in po.entries if all(entry.forms)]
    return entries[len(entries) // 2]


def test_one_edit_of_a_real_catalog_touches_that_entry_only() -> None:
    """Every line outside of the edited msgstr stays, and the file says the new text."""
    edited = 0
    for path in DJANGO_CATALOGS[::4]:
        po = parse(path.read_bytes())
        if not any(all(entry.forms) for entry in po.entries):
            continue
        entry = pick(po)
        forms = (*entry.forms[:-1], entry.forms[-1] + " ⁂")
        new = parse(replace(po, entry, forms))
        span = entry.form_spans[-1]
        grown = len(new.lines) - len(po.lines)
        assert abs(grown) <= 1, path
        assert new.lines[: span.first] == po.lines[: span.first], path
        assert new.lines[span.last + grown :] == po.lines[span.last :], path
        assert [e.forms for e in new.entries] == [
            forms if e.identity == entry.identity else e.forms for e in po.entries
        ], path
        edited += 1
    assert edited > len(DJANGO_CATALOGS) // 5


@pytest.mark.skipif(
    shutil.which("msgfmt") is None,
    reason="There is no msgfmt: install it (apt-get install gettext).",
)
@pytest.mark.parametrize("language", ["ar", "de", "fr", "ja", "ru", "zh_Hant"])
def test_gettext_reads_what_was_written(language: str, tmp_path: Path) -> None:
    """Setting a text and setting it back compiles to the same MO file."""
    ending = f"conf/locale/{language}/LC_MESSAGES/django.po"
    body = next(path for path in DJANGO_CATALOGS if str(path).endswith(ending)).read_bytes()
    entry = pick(parse(body))
    edited = replace(parse(body), entry, [form + " a b c" * 30 for form in entry.forms])
    again = parse(edited)
    back = replace(
        again, next(e for e in again.entries if e.identity == entry.identity), entry.forms
    )
    assert compile_mo(tmp_path, edited) != compile_mo(tmp_path, body)
    assert compile_mo(tmp_path, back) == compile_mo(tmp_path, body)


def compile_mo(folder: Path, body: bytes) -> bytes:
    """Compile a catalog with GNU msgfmt."""
    source, target = folder / "a.po", folder / "a.mo"
    source.write_bytes(body)
    subprocess.run(["msgfmt", "-o", target, source], check=True, capture_output=True)
    return target.read_bytes()


def test_one_edit_of_a_house_file_is_one_line_out_and_one_in() -> None:
    """The promise: two changed lines, and no other byte."""
    po = parse(HOUSE.encode())
    after = replace(po, find(po, "first"), ["zuerst"])
    assert changed_lines(HOUSE.encode(), after) == (['-msgstr "erstens"'], ['+msgstr "zuerst"'])


def test_one_plural_form_is_one_line_too() -> None:
    """The other forms keep their lines."""
    po = parse(HOUSE.encode())
    after = replace(po, find(po, "second"), ["zweite", "beide"])
    assert changed_lines(HOUSE.encode(), after) == (
        ['-msgstr[1] "zweiten"'],
        ['+msgstr[1] "beide"'],
    )


def test_another_number_of_forms_rewrites_the_forms_only() -> None:
    """A form that is added stands behind the others."""
    po = parse(HOUSE.encode())
    after = replace(po, find(po, "second"), ["zweite", "zweiten", "alle"])
    assert changed_lines(HOUSE.encode(), after) == ([], ['+msgstr[2] "alle"'])


@pytest.mark.parametrize(
    ("msgid", "fuzzy", "removed", "added"),
    [
        ("first", True, [], ["+#, fuzzy"]),
        ("first", False, [], []),
        ("second", False, ["-#, fuzzy, python-format"], ["+#, python-format"]),
        ("second", True, [], []),
    ],
)
def test_the_mark_for_review_is_the_flag_fuzzy(
    msgid: str,
    fuzzy: bool,  # noqa: FBT001 - a column of the table
    removed: list[str],
    added: list[str],
) -> None:
    """Only the flag changes; other flags stay."""
    po = parse(HOUSE.encode())
    after = rewrite(po, edits={find(po, msgid).identity: Edit(fuzzy=fuzzy)})
    assert changed_lines(HOUSE.encode(), after) == (removed, added)
    assert find(parse(after), msgid).fuzzy is fuzzy


def test_line_ends_byte_order_mark_and_a_missing_last_line_feed_stay() -> None:
    """An edit of the last line of a Windows file keeps the file's ways."""
    body = b'\xef\xbb\xbfmsgid "a"\r\nmsgstr "b"'
    po = parse(body)
    assert replace(po, po.entries[0], ["c\nd"]) == (
        b'\xef\xbb\xbfmsgid "a"\r\nmsgstr ""\r\n"c\\n"\r\n"d"'
    )


def test_an_edit_in_the_torture_file_keeps_the_rest() -> None:
    """Everything around an edited entry survives."""
    body = TORTURE.encode()
    po = parse(body)
    after = replace(po, find(po, "after obsolete"), ["nein"])
    assert changed_lines(body, after) == (['-msgstr "ja"'], ['+msgstr "nein"'])


def test_a_wrapped_file_stays_wrapped_and_an_unwrapped_one_does_not_wrap() -> None:
    """A long new text follows the file it goes into."""
    long = "word " * 40 + "end"
    wrapped = HOUSE.replace('"erstens"', '""\n"' + "x" * 70 + ' "\n"y"').encode()
    po = parse(wrapped)
    after = replace(po, find(po, "first"), [long])
    assert find(parse(after), "first").forms == (long,)
    assert max(len(line) for line in after.decode().split("\n")) < 80
    plain = replace(parse(HOUSE.encode()), find(parse(HOUSE.encode()), "first"), [long])
    assert f'msgstr "{long}"\n'.encode() in plain


def test_new_entries_stand_in_the_order_of_the_source() -> None:
    """An entry goes behind its predecessor, before what is obsolete; only lines are added."""
    po = parse(HOUSE.encode())
    additions = [
        Addition(after=("a", "first"), context="a1", msgid="x\ny", forms=("z",), note="why"),
        Addition(after=("b", "second"), context="c", msgid="last", forms=("l",), fuzzy=True),
        Addition(after=None, context="0", msgid="zero", plural="zeros", forms=("n", "m")),
    ]
    after = rewrite(po, additions=additions)
    removed, added = changed_lines(HOUSE.encode(), after)
    assert removed == []
    assert len(added) == 6 + 5 + 6 + 1
    assert [entry.context for entry in parse(after).entries] == ["0", "a", "a1", "b", "c"]


def test_an_entry_is_added_to_an_empty_file_and_to_one_without_a_last_line_feed() -> None:
    """Small files are files too."""
    addition = Addition(context=None, msgid="a", forms=("b",))
    assert [e.msgid for e in parse(rewrite(parse(b""), additions=[addition])).entries] == ["a"]
    po = parse(b'msgid "z"\nmsgstr "y"')
    after = rewrite(
        po, additions=[Addition(after=(None, "z"), context=None, msgid="a", forms=("b",))]
    )
    assert after == b'msgid "z"\nmsgstr "y"\n\nmsgid "a"\nmsgstr "b"\n'


def test_the_revision_date_moves_only_when_asked() -> None:
    """An edit leaves the header alone; with a time given, its one line changes."""
    po = parse(HOUSE.encode())
    after = rewrite(po, revised_at=datetime(2026, 11, 20, 12, 30, tzinfo=UTC))
    assert changed_lines(HOUSE.encode(), after) == (
        ['-"PO-Revision-Date: 2026-01-01 00:00+0000\\n"'],
        ['+"PO-Revision-Date: 2026-11-20 12:30+0000\\n"'],
    )


def test_an_unknown_entry_is_an_error() -> None:
    """An edit never falls silently on the floor."""
    with pytest.raises(KeyError):
        rewrite(parse(HOUSE.encode()), edits={(None, "nobody"): Edit(forms=("x",))})


def test_a_character_that_the_charset_has_not_is_refused() -> None:
    """A Latin-1 file cannot take Chinese; the line is named."""
    po = parse(HOUSE.replace("UTF-8", "ISO-8859-1").encode())
    with pytest.raises(CatalogError, match="iso8859-1") as caught:
        replace(po, find(po, "first"), ["第一"])
    assert caught.value.line == 9


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)


@given(TEXTS)
def test_quoting_and_reading_back_is_the_identity(text: str) -> None:
    """Any text survives its quotation marks."""
    assert text == unquote(quote(text))


@given(TEXTS, st.sampled_from([0, 40, 79]), st.booleans())
def test_any_text_is_written_so_that_it_reads_back(
    text: str,
    width: int,
    splits: bool,  # noqa: FBT001 - hypothesis passes it
) -> None:
    """Wrapped or not, the lines give the text back, here and in Babel."""
    lines = render("msgstr", text, Style(width=width, splits=splits))
    body = "\n".join(['msgid "key"', *lines, ""]).encode()
    assert parse(body).entries[0].forms == (text,)


@given(st.dictionaries(st.text("abcdefg", min_size=1, max_size=5), TEXTS.filter(bool), min_size=1))
def test_babel_reads_the_same_texts(messages: dict[str, str]) -> None:
    """A file of ours says the same to an independent reader."""
    additions = [Addition(context=None, msgid=key, forms=(text,)) for key, text in messages.items()]
    body = new_file({"Content-Type": "text/plain; charset=UTF-8"}, additions)
    readable = {key: text for key, text in messages.items() if not set(text) & set("\a\b\f\v")}
    catalog = read_po(io.BytesIO(body))
    assert readable == {key: catalog.get(key).string for key in readable}  # type: ignore[union-attr]
    assert {key: (text,) for key, text in messages.items()} == {
        entry.msgid: entry.forms for entry in parse(body).entries
    }


@given(st.lists(TEXTS.filter(bool), min_size=1, max_size=6), st.data())
def test_editing_and_editing_back_gives_the_same_bytes(
    texts: list[str], data: st.DataObject
) -> None:
    """In a file of ours, an edit undone is as if it had never been."""
    additions = [
        Addition(context=str(index), msgid="m", forms=(text,)) for index, text in enumerate(texts)
    ]
    body = new_file({"Content-Type": "text/plain; charset=UTF-8"}, reversed(additions))
    po = parse(body)
    index = data.draw(st.integers(0, len(texts) - 1))
    once = replace(po, po.entries[index], [data.draw(TEXTS)])
    again = parse(once)
    assert replace(again, again.entries[index], po.entries[index].forms) == body
