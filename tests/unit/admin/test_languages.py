"""Pages speak one language at a time, and any that is added may be written right to left."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do


@pytest.mark.parametrize("language", ["de", "ar", "fr-CA, fr;q=0.9"])
def test_a_browser_in_another_language_gets_english_only(
    world: Do, sign_in: SignIn, language: str
) -> None:
    """Django's own translations do not mix with our English while ours have no catalog."""
    for address in ("/", "/admin/"):
        response = sign_in("pm").get(address, headers={"accept-language": language}, follow=True)
        assert (200, "en") == (response.status_code, response.headers["Content-Language"])
        assert 'lang="en"' in response.content.decode()


def test_a_language_from_right_to_left_turns_the_page(
    world: Do, sign_in: SignIn, settings: Settings
) -> None:
    """Once Arabic is offered, a page in it says so and runs from right to left."""
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    response = sign_in("pm").get("/", headers={"accept-language": "ar"}, follow=True)
    page = response.content.decode()
    assert 'lang="ar"' in page
    assert 'dir="rtl"' in page
