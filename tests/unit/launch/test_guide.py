"""What is printed can be pasted into another terminal as it is."""

from __future__ import annotations

import pytest

from launch.guide import guide


@pytest.mark.parametrize(
    ("data_dir", "line"),
    [
        ("", "    .venv/bin/python manage.py evaluate "),
        ("/srv/one", "    LANDFALL_DATA_DIR=/srv/one .venv/bin/python manage.py evaluate "),
        ("/srv/a b", "    LANDFALL_DATA_DIR='/srv/a b' .venv/bin/python manage.py evaluate "),
    ],
)
def test_the_command_names_the_folder_that_was_given(data_dir: str, line: str) -> None:
    """A folder of one's own is named, quoted for the shell; the usual one needs no word."""
    assert f"\n{line}" in guide("127.0.0.1", 8000, data_dir=data_dir)
