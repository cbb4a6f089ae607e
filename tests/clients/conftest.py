"""What the tests of real clients share: the JavaScript packages of the examples."""

from __future__ import annotations

import pytest

from tests.clients.javascript import need_packages


@pytest.fixture(scope="session")
def packages() -> None:
    """Have the JavaScript SDKs."""
    need_packages()
