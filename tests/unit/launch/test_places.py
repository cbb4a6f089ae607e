"""The launcher looks before it starts, and keeps secrets to this user."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from launch.places import (
    UnableToStart,
    hold,
    make_private,
    read_port,
    redis_socket,
    secret_key_file,
)


@pytest.mark.parametrize("text", ["", "abc", "0", "65536", "-1", "80.0", "²"])
def test_refuses_what_is_no_port(text: str) -> None:
    """Only whole numbers from 1 to 65535 are ports."""
    with pytest.raises(UnableToStart, match="PORT must be a whole number from 1 to 65535"):
        read_port(text)


def test_two_cannot_hold_one_folder(tmp_path: Path) -> None:
    """A folder is held by one product at a time, and free again after it."""
    with hold(tmp_path), pytest.raises(UnableToStart, match="already running"):
        hold(tmp_path, patience_seconds=0)
    hold(tmp_path, patience_seconds=0).close()


def test_the_secret_key_stays_and_is_private(tmp_path: Path) -> None:
    """The key is made once, is long, and only this user can read it."""
    path = secret_key_file(tmp_path)
    key = path.read_text(encoding="utf-8")
    assert len(key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_key_file(tmp_path).read_text(encoding="utf-8") == key


def test_the_socket_fits_whatever_the_folder(tmp_path: Path) -> None:
    """A short folder holds the socket; a long one gets a short place, the same each time."""
    assert redis_socket(Path("/a/b")) == Path("/a/b/redis.sock")
    long = tmp_path / ("x" * 120)
    assert len(os.fsencode(redis_socket(long))) <= 100
    assert redis_socket(long) == redis_socket(long) != redis_socket(long / "y")


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    """A folder made for the socket admits this user only."""
    make_private(tmp_path / "private")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
