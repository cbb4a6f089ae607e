"""A translator's day at the desk, in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from regions.translations.models import Translation
from tests.browser.conftest import SignIn

DESK = "/admin/translations/translation/?locale=es"


def test_a_translator_writes_a_text_in_place(sign_in: SignIn, live_server: LiveServer) -> None:
    """Type, Ctrl+Enter: stored, and the line says so without a new page."""
    page = sign_in("translator")
    page.goto(live_server.url + DESK)
    line = page.locator("[data-line='wallet/wallet.taxi']")
    expect(line.locator(".lf-badge")).to_have_text("missing")
    line.locator("textarea").fill("Pagar un taxi")
    page.keyboard.press("Control+Enter")
    expect(line.locator(".lf-badge")).to_have_text("translated")
    expect(line.locator(".lf-line-saved")).to_be_visible()
    row = Translation.objects.get(locale__tag="es")
    assert (["Pagar un taxi"], "translator") == (row.forms, row.updated_by)


def test_a_text_that_moved_on_keeps_what_was_typed(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    """Somebody else was faster: the page says so and the words stay in the field."""
    page = sign_in("translator")
    page.goto(live_server.url + DESK)
    line = page.locator("[data-line='wallet/wallet.taxi']")
    line.locator("textarea").fill("Pagar un taxi")
    page.keyboard.press("Control+Enter")
    expect(line.locator(".lf-badge")).to_have_text("translated")
    Translation.objects.filter(locale__tag="es").update(forms=["Pagar el taxi"])
    line.locator("textarea").fill("Pague el taxi")
    line.get_by_role("button", name="Save").click()
    expect(line.locator("[role=alert]")).to_contain_text("Somebody changed this text meanwhile")
    expect(line.locator("textarea")).to_have_value("Pague el taxi")


def test_a_guest_reads_texts_and_writes_none(sign_in: SignIn, live_server: LiveServer) -> None:
    """There is no field to type in."""
    page = sign_in("guest")
    page.goto(live_server.url + DESK)
    expect(page.locator("[data-line]")).to_have_count(1)
    expect(page.locator("textarea")).to_have_count(0)
