"""Reading PO: what parses is never changed by a no-op, what does not is named with its place."""

from __future__ import annotations

import site
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regions.translations.catalog import CatalogError
from regions.translations.formats.gettext import MAX_BYTES, parse
from regions.translations.formats.gettext_write import rewrite

DJANGO_CATALOGS = sorted(
    path
    for folder in site.getsitepackages()
    for path in Path(folder, "django").glob("**/locale/*/LC_MESSAGES/*.po")
)

TORTURE = (
    "# Translators:\n"
    "#, fuzzy\n"
    'msgid ""\n'
    'msgstr ""\n'
    '"X-Custom: kept\\n"\n'
    '"Content-Type: text/plain; "\n'
    '"charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=n != 1;\\n"\n'
    "\n"
    "#  translator's word\n"
    "#. extracted\n"
    "#: a.py:1 b.py:2\n"
    "#, fuzzy, python-format\n"
    '#| msgctxt "old"\n'
    '#| msgid "before"\n'
    'msgctxt "menu"\n'
    'msgid "file %(n)s"\n'
    'msgstr "Datei %(n)s"\n'
    "\n"
    '\tmsgid"tight" "and split"\n'
    'msgstr ""\n'
    '   "eins\\n"\n'
    "\n"
    '"zwei"  \n'
    "\n"
    'msgid "one"\n'
    "# between\n"
    'msgid_plural "many"\n'
    'msgstr[0] "a\u2028b\u0085c"\n'
    'msgstr [ 1 ] "\\303\\244\\x41\\t\\"\\\\"\n'
    'msgstr[2] "beyond"\n'
    '#~| msgid "older"\n'
    '#~ msgid "gone"\n'
    '#~ msgstr "fort\n'
    "\n"
    'msgid "after obsolete"\n'
    'msgstr "ja"\n'
    "# the end"
)


def test_djangos_own_catalogs_are_here() -> None:
    """The round trip below means something only with real files."""
    assert len(DJANGO_CATALOGS) >= 150


def test_a_no_op_on_real_catalogs_gives_the_same_bytes() -> None:
    """Reading and writing without an edit changes no byte of any catalog that Django ships."""
    changed = [
        path for path in DJANGO_CATALOGS if rewrite(parse(path.read_bytes())) != path.read_bytes()
    ]
    assert changed == []


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_everything_odd_survives(ending: str, bom: str) -> None:
    """Comments, flags, previous and obsolete texts, odd spaces and characters stay."""
    body = (bom + TORTURE.replace("\n", ending)).encode()
    po = parse(body)
    assert rewrite(po) == body
    first, second, third, last = po.entries
    assert (first.context, first.fuzzy, first.note) == ("menu", True, "extracted")
    assert (second.msgid, second.forms) == ("tightand split", ("eins\nzwei",))
    assert third.forms == ("a\u2028b\u0085c", 'äA\t"\\', "beyond")
    assert last.forms == ("ja",)
    assert po.fields["X-Custom"] == "kept"
    assert po.warnings == ("line 26: 3 plural forms, but the header says 2",)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Whatever is uploaded, the answer is a catalog that round-trips or a named fault."""
    try:
        po = parse(body)
    except CatalogError as error:
        place = error.line, error.column
    else:
        assert rewrite(po) == body
        place = 1, 1
    assert min(place) >= 1


LINES = st.sampled_from(
    [
        'msgid "a"',
        'msgid "b"',
        'msgid ""',
        'msgctxt "c"',
        'msgid_plural "p"',
        'msgstr "x"',
        'msgstr ""',
        'msgstr[0] "x"',
        'msgstr[1] "y"',
        '"more\\n"',
        '"é\u2028"',
        "",
        "#, fuzzy",
        "#~ msgid",
        "# c",
        "  ",
    ]
)


@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_order_of_lines_is_read_or_refused(
    lines: list[str],
    ending: str,
    closed: bool,  # noqa: FBT001 - hypothesis passes it
) -> None:
    """Lines in any order give a catalog that round-trips, or a named fault."""
    body = (ending.join(lines) + (ending if closed else "")).encode()
    try:
        po = parse(body)
    except CatalogError as error:
        line = error.line
    else:
        assert rewrite(po) == body
        line = 1
    assert 1 <= line <= len(lines) + 1


HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset={}\\n{}"\n\n'


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "what"),
    [
        ("msgid garbage\n", 1, 7, "syntax", "“garbage” cannot stand here"),
        ("/etc/passwd", 1, 1, "syntax", "neither a keyword"),
        ("msgid x", 1, 7, "syntax", "cannot stand here"),
        ('msgid "a"\nmsgstr "b\n', 2, 8, "syntax", "not closed"),
        ('msgid "a"\nmsgstr "b" c\n', 2, 12, "syntax", "“c” cannot stand here"),
        ('msgid "a"\nmsgstr "b\\q"\n', 2, 10, "syntax", "not an escape"),
        ('msgid "a"\nmsgstr "\\0"\n', 2, 9, "syntax", "NUL"),
        ('msgid "a"\nmsgstr "x\0"\n', 2, 10, "nul", "NUL"),
        ('"lost"\n', 1, 1, "syntax", "no keyword"),
        ('msgid "a"\n', 1, 1, "syntax", "no msgstr"),
        ('msgctxt "a"\nmsgstr "b"\n', 2, 1, "syntax", "before msgid"),
        ('msgctxt ""\nmsgctxt ""\nmsgid "a"\nmsgstr "b"\n', 2, 1, "syntax", "once"),
        ('msgid "a"\nmsgid "b"\nmsgstr "c"\n', 2, 1, "syntax", "second msgid"),
        ('msgid "a"\nmsgstr "b"\nmsgstr "c"\n', 3, 1, "syntax", "second msgstr"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr "c"\n', 3, 1, "syntax", r"msgstr\[0\]"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[1] "c"\n', 3, 1, "syntax", "is due"),
        ('msgid "a"\nmsgstr[0] "c"\n', 2, 1, "syntax", "without a number"),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', 4, 1, "duplicate", "line 1"),
        (HEADER.format("UTF-8", "Plural-Forms: nplurals=2; plural=n%0;\\n"), 1, 1,
         "bad_plural_rule", "fails for n = 0"),
        (HEADER.format("hex", ""), 2, 1, "encoding_mismatch", "hex"),
        (HEADER.format("ISO-8859-1", "") + 'msgid "a"\nmsgstr "ä"\n', 1, 1,
         "encoding_mismatch", "is UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(
    text: str, line: int, column: int, code: str, what: str
) -> None:
    """An error says line, column and what is wrong, and has a stable code."""
    with pytest.raises(CatalogError, match=what) as caught:
        parse(text.encode())
    assert (line, column, code) == (caught.value.line, caught.value.column, caught.value.code)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('msgid "ä"'.encode("utf-16"), 1),
        (b'msgid "a"\nmsgstr "\xe4"\n', 2),
        (HEADER.format("UTF-8", "").encode() + b'msgid "a"\nmsgstr "\xe4"\n', 5),
        (HEADER.format("ascii", "").encode() + 'msgid "a"\nmsgstr "ä"\n'.encode(), 5),
    ],
)
def test_a_charset_that_lies_is_refused(body: bytes, line: int) -> None:
    """Bytes that are not what the header says are never guessed at."""
    with pytest.raises(CatalogError) as caught:
        parse(body)
    assert (line, "encoding_mismatch") == (caught.value.line, caught.value.code)


def test_an_honest_old_charset_is_kept() -> None:
    """A Latin-1 file that says so is read, and written as Latin-1."""
    body = (HEADER.format("ISO-8859-1", "") + 'msgid "a"\nmsgstr "schön"\n').encode("latin-1")
    po = parse(body)
    assert po.entries[0].forms == ("schön",)
    assert rewrite(po) == body


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    """The limit is named with the size seen."""
    with pytest.raises(CatalogError, match=str(MAX_BYTES)):
        parse(b"#" * (MAX_BYTES + 1))


def test_the_same_message_twice_with_one_text_is_a_warning() -> None:
    """A harmless duplicate is readable and named."""
    po = parse(b'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "b"\n')
    assert po.warnings == ("line 4: the same message stands in line 1",)
