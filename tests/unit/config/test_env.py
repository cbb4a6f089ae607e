"""Settings are read with their types; a wrong value refuses to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.env import WrongSetting, read_bool, read_int, read_secret, read_text, read_url


@pytest.mark.parametrize(
    ("word", "expected"),
    [("1", True), ("TRUE", True), (" on ", True), ("0", False), ("no", False), ("", False)],
)
def test_reads_yes_and_no(word: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """The usual words for yes and no are understood, in either case."""
    assert read_bool("X", default=True, environ={"X": word}) is expected


def test_refuses_a_word_that_is_neither() -> None:
    """A word that is neither yes nor no names the setting and the value seen."""
    with pytest.raises(WrongSetting, match=r"X must be one of .* but is 'maybe'"):
        read_bool("X", default=False, environ={"X": "maybe"})


@pytest.mark.parametrize("raw", ["0", "11", "-1", "1.5", "ten", "¹"])
def test_refuses_a_number_outside_its_range(raw: str) -> None:
    """A number outside the range, or no number at all, is refused."""
    with pytest.raises(WrongSetting, match="from 1 to 10"):
        read_int("X", 5, low=1, high=10, environ={"X": raw})


@pytest.mark.parametrize(("raw", "expected"), [("", 5), ("1", 1), ("10", 10)])
def test_reads_a_number(raw: str, expected: int) -> None:
    """Both ends of the range are included, and an empty value means the default."""
    assert read_int("X", 5, low=1, high=10, environ={"X": raw}) == expected


def test_refuses_an_address_of_another_scheme() -> None:
    """An address must have one of the schemes that the setting knows."""
    with pytest.raises(WrongSetting, match="schemes redis, unix"):
        read_url("X", "", schemes=frozenset({"redis", "unix"}), environ={"X": "http://a"})


def test_reads_a_secret_from_a_file(tmp_path: Path) -> None:
    """A secret may stand in a file, without the line's end; a missing file is refused."""
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    assert read_secret("X", environ={"X_FILE": str(tmp_path / "secret")}) == "s3cret"
    with pytest.raises(WrongSetting, match="X_FILE must be a readable file"):
        read_secret("X", environ={"X_FILE": str(tmp_path / "absent")})


def test_an_empty_text_means_the_default() -> None:
    """An empty or blank variable counts as absent."""
    assert read_text("X", "default", environ={"X": "  "}) == "default"
