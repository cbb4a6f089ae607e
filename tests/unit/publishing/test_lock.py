"""One publisher per environment at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from flags.publishing.lock import PublisherBusy, is_publisher_busy, publisher_lock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"


def test_second_publisher_is_told_that_one_is_busy() -> None:
    """A lock that is held is refused after the wait, and free again afterwards."""
    with publisher_lock("production"):
        assert is_publisher_busy("production")
        with (
            pytest.raises(PublisherBusy, match="production"),
            publisher_lock("production", wait_seconds=0.05),
        ):
            pytest.fail("two publishers at once")
    assert not is_publisher_busy("production")


def test_environments_do_not_wait_for_each_other() -> None:
    """The lock of one environment leaves the others free."""
    with publisher_lock("production"):
        assert not is_publisher_busy("staging")


def test_a_failing_publisher_lets_go() -> None:
    """An exception releases the lock."""
    with pytest.raises(RuntimeError), publisher_lock("production"):
        raise RuntimeError
    assert not is_publisher_busy("production")
