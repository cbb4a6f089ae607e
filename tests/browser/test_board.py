"""A product manager's day at the launch board, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from pytest_django import Settings

from flags.models import KillSwitch, Offer
from regions.governance.models import AuditEntry
from tests.browser.conftest import SignIn

CELL = "[data-cell='SG:commerce']"


def open_cell(page: Page, cell: str = CELL) -> None:
    """Click a cell and wait for its side panel."""
    page.click(cell)
    expect(page.locator("#cell-panel")).to_be_visible()


def focused_cell(page: Page) -> str:
    """Return the address of the cell that has the focus."""
    return str(page.evaluate("document.activeElement.dataset.cell || ''"))


def test_a_product_manager_turns_a_bundle_on_in_one_country(sign_in: SignIn) -> None:
    """Filter, open, choose, save: the offer and the audit entry are there, the grid shows it."""
    page = sign_in("pm")
    page.fill("#board-search", "singa")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    open_cell(page)
    page.locator("input[value=live]").check(force=True)
    page.fill("#id_offer-reason", "seller licence granted")
    page.fill("#id_offer-owner", "commerce-team")
    page.click("text=Save Singapore × Commerce")
    expect(page.locator("[data-told]")).to_contain_text("Singapore × Commerce: Live.")
    expect(page.locator(CELL)).to_have_class(re.compile("lf-live"))
    expect(page.locator("th[data-column=commerce] [data-live]")).to_have_text("1")
    row = Offer.objects.get(bundle__key="commerce")
    assert ("live", "SG", "commerce-team") == (row.status, row.territory_id, row.owner)
    assert "pm" == AuditEntry.objects.get(object_key="commerce@SG").actor_name


def test_without_a_worker_the_page_says_whom_it_waits_for(sign_in: SignIn) -> None:
    """Nothing pretends to be live that is not."""
    page = sign_in("pm")
    open_cell(page)
    page.fill("#id_offer-reason", "soon")
    page.fill("#id_offer-owner", "commerce-team")
    page.click("text=Save Singapore × Commerce")
    told = page.locator("[data-published]")
    expect(told).to_contain_text("Publishing…")
    expect(told).to_contain_text("Waiting for a publisher", timeout=15_000)


def test_filters_narrow_rows_and_counts_and_can_be_cleared(sign_in: SignIn) -> None:
    """Market and status work together, counts follow, an empty result offers the way back."""
    page = sign_in("pm")
    rows = page.locator("tbody tr:visible")
    expect(rows).to_have_count(6)
    page.select_option("#board-market", "EEA")
    expect(rows).to_have_count(2)
    expect(page.locator("th[data-column=calling] [data-all]")).to_have_text("2")
    page.click("[data-status=withdrawn]")
    expect(page.locator("[data-nothing]")).to_be_visible()
    assert "market=EEA" in page.url
    assert "status=withdrawn" in page.url
    page.locator("[data-nothing] [data-clear]").click()
    expect(rows).to_have_count(6)


def test_the_board_is_walked_by_keyboard_alone(sign_in: SignIn) -> None:
    """Arrows move, Enter opens, Escape closes and the focus is back where it was."""
    page = sign_in("pm")
    page.locator(".lf-cell[tabindex='0']").focus()
    assert "DE:calling" == focused_cell(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert "IT:wallet" == focused_cell(page)
    page.keyboard.press("End")
    assert "IT:commerce" == focused_cell(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-panel='IT:commerce']")).to_be_visible()
    assert "cell=IT%3Acommerce" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#cell-panel")).to_have_count(0)
    assert "IT:commerce" == focused_cell(page)
    page.keyboard.press("/")
    assert "board-search" == page.evaluate("document.activeElement.id")


def test_a_refused_form_keeps_what_was_typed(sign_in: SignIn) -> None:
    """The words stand beside the field; source and reason are still there."""
    page = sign_in("pm")
    open_cell(page)
    page.fill("#id_offer-reason", "typed with care")
    page.fill("#id_offer-owner", "")
    page.click("text=Save Singapore × Commerce")
    expect(page.locator(".lf-field-wrong")).to_contain_text("required")
    assert "typed with care" == page.input_value("#id_offer-reason")
    assert "id_offer-owner" == page.evaluate("document.activeElement.id")
    assert not Offer.objects.filter(bundle__key="commerce").exists()


def test_leaving_unsaved_words_is_asked_about(sign_in: SignIn) -> None:
    """Escape does not throw away what was typed unless the person says so."""
    page = sign_in("pm")
    open_cell(page)
    page.fill("#id_offer-reason", "half a thought")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.keyboard.press("Escape")
    expect(page.locator("#cell-panel")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Escape")
    expect(page.locator("#cell-panel")).to_have_count(0)


def test_a_link_to_a_cell_opens_it_and_back_closes_it(sign_in: SignIn) -> None:
    """The side panel is part of the address."""
    page = sign_in("pm")
    open_cell(page)
    address = page.url
    page.go_back()
    expect(page.locator("#cell-panel")).to_have_count(0)
    page.goto(address)
    expect(page.locator("[data-panel='SG:commerce']")).to_be_visible()


def test_a_kill_switch_is_pulled_from_the_panel(sign_in: SignIn) -> None:
    """The button says what it will do, for the bundle and for one feature, and does it."""
    page = sign_in("pm")
    open_cell(page, "[data-cell='TR:calling']")
    page.click("text=Pull a kill switch…")
    button = page.locator("[data-kill-button]")
    expect(button).to_have_text("Turn off 1 feature in Türkiye now")
    page.select_option("#id_kill-feature", "calling.main")
    expect(button).to_have_text("Turn off calling.main in Türkiye now")
    page.fill("#id_kill-reason", "it crashes")
    page.fill("#id_kill-owner", "on-call")
    button.click()
    expect(page.locator(".lf-killed-box")).to_contain_text("it crashes")
    expect(page.locator("[data-cell='TR:calling']")).to_have_class(re.compile("lf-killed"))
    assert "TR" == KillSwitch.objects.get().territory_id


def test_a_guest_sees_everything_and_no_form(sign_in: SignIn) -> None:
    """Looking is for the whole staff."""
    page = sign_in("guest")
    open_cell(page, "[data-cell='SG:calling']")
    expect(page.locator("#cell-panel")).to_contain_text("no known restriction")
    expect(page.locator("#cell-panel form")).to_have_count(0)


def test_the_board_fits_a_phone(sign_in: SignIn) -> None:
    """At 390 pixels nothing pushes the page wider; the panel covers it and closes."""
    page = sign_in("pm")
    page.set_viewport_size({"width": 390, "height": 844})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert 390 == width
    open_cell(page, "[data-cell='SG:calling']")
    box = page.locator("#cell-panel").bounding_box()
    assert box is not None
    assert (0, 390) == (round(box["x"]), round(box["width"]))
    page.click("[data-close]")
    expect(page.locator("#cell-panel")).to_have_count(0)


def test_the_board_mirrors_for_arabic(sign_in: SignIn, settings: Settings) -> None:
    """The first column is on the right, and the right arrow goes right."""
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    page = sign_in("pm")
    page.context.add_cookies([{"name": "django_language", "value": "ar", "url": page.url}])
    page.reload()
    assert "rtl" == page.evaluate("document.documentElement.dir")
    first = page.locator("[data-cell='SG:calling']").bounding_box()
    last = page.locator("[data-cell='SG:commerce']").bounding_box()
    assert first is not None
    assert last is not None
    assert first["x"] > last["x"]
    page.locator("[data-cell='SG:calling']").focus()
    page.keyboard.press("ArrowLeft")
    assert "SG:wallet" == focused_cell(page)
