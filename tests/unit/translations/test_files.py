"""Catalogs on disk: safe names, whole writes, and nobody's newer file overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from regions.locales.tag import UnreadableTag
from regions.translations import files


def test_a_path_is_made_of_a_canonical_tag_and_a_slug(tmp_path: Path) -> None:
    """Any spelling of the tag leads to the same file."""
    expected = tmp_path / "zh_Hant_HK" / "LC_MESSAGES" / "wallet.po"
    assert expected == files.path_of(tmp_path, locale="zh_HK", component="wallet")


@pytest.mark.parametrize("component", ["../x", "a/b", "", "x" * 61, "a\0b", "A", "..", "C:\\x"])
def test_a_component_that_is_no_slug_has_no_path(tmp_path: Path, component: str) -> None:
    """Nothing that a person typed reaches the file system."""
    with pytest.raises(files.UnsafePath):
        files.path_of(tmp_path, locale="en", component=component)


@pytest.mark.parametrize("locale", ["../..", "en/x", "e", "\0"])
def test_a_locale_that_is_no_tag_has_no_path(tmp_path: Path, locale: str) -> None:
    """A tag is normalised before it becomes a name."""
    with pytest.raises(UnreadableTag):
        files.path_of(tmp_path, locale=locale, component="wallet")


def test_a_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    """A locale that is a link elsewhere is refused."""
    inside = tmp_path / "locale"
    inside.mkdir()
    (inside / "en").symlink_to(tmp_path)
    with pytest.raises(files.UnsafePath):
        files.path_of(inside, locale="en", component="wallet")


def test_a_file_that_moved_on_is_not_overwritten(tmp_path: Path) -> None:
    """Bytes are replaced only where they are those that were seen."""
    path = tmp_path / "a.po"
    path.write_bytes(b"newer")
    with pytest.raises(files.CatalogMoved):
        files.replace(path, b"mine", seen=b"older")
    assert path.read_bytes() == b"newer"


def test_a_replaced_file_keeps_its_mode_and_leaves_no_litter(tmp_path: Path) -> None:
    """Permissions stay, and no temporary file is left."""
    path = tmp_path / "a.po"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with files.locked(path):
        files.replace(path, b"new", seen=b"old")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    """Refuse what is no file; opening it would never end."""
    pipe = tmp_path / "wallet.po"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="is not a file"):
        files.read(pipe)
