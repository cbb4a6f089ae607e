"""A real Chromium against Django's live server, with no worker behind it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import ConsoleMessage, Page, Request
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from flags.operations.features import SetBundle, SetFeature
from flags.operations.offers import SetOffer
from launch.browser import find_browser
from regions.governance import relay
from regions.governance.commands import Command
from regions.governance.execute import execute
from regions.governance.policy import GROUPS, PRODUCT_MANAGERS, TRANSLATORS
from regions.operations import (
    AddTerritory,
    MemberSpec,
    SetApp,
    SetEnvironment,
    SetLocale,
    SetMarket,
)
from regions.translations.catalog import Catalog, Message
from regions.translations.operations import ImportCatalog
from tests.unit.world import NOW

PASSWORD = "landfall"
CODES = {
    "SG": "Asia/Singapore",
    "MY": "Asia/Kuala_Lumpur",
    "IT": "Europe/Rome",
    "DE": "Europe/Berlin",
    "US": "America/New_York",
    "TR": "Europe/Istanbul",
}
BUNDLES = {"calling": "Calling", "wallet": "Wallet", "commerce": "Commerce"}
SignIn = Callable[[str], Page]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put these tests last: Playwright leaves an event loop running, which others cannot bear.

    `make test` gives them a process of their own for the same reason.
    """
    items.sort(key=lambda item: item.path.is_relative_to(Path(__file__).parent))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the system's Chromium; Playwright's own is not downloaded."""
    path = find_browser()
    if not path:
        pytest.skip(
            "There is no Chromium: install it (apt-get install chromium) or name one in"
            " LANDFALL_CHROMIUM."
        )
    return {"executable_path": path, "args": ["--no-sandbox", "--disable-gpu"]}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Look at the admin as most people do."""
    return {"viewport": {"width": 1440, "height": 900}, "locale": "en-US"}


@pytest.fixture(scope="session", autouse=True)
def one_thread_for_two() -> None:
    """Let Django work beside Playwright's event loop, which runs in the same thread.

    The loop lives until the end of the session, so this must stay as long.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """Nudge nobody, and write words back into a folder of the test's own."""
    monkeypatch.setattr(relay, "nudge", lambda: None)
    settings.LOCALE_DIR = tmp_path


@pytest.fixture
def people(transactional_db: None) -> dict[str, User]:
    """Have a product manager, a translator and a guest of the staff."""
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in GROUPS}
    found = {}
    for name, group in (("pm", PRODUCT_MANAGERS), ("translator", TRANSLATORS), ("guest", "")):
        found[name] = User.objects.create_user(name, password=PASSWORD, is_staff=True)
        if group:
            found[name].groups.add(groups[group])
    return found


@pytest.fixture
def demo(people: dict[str, User]) -> None:
    """Have six countries and regions, three bundles, two languages."""
    for command in list_commands():
        execute(command, actor=None, now=NOW)


def list_commands() -> Iterator[Command]:
    """Yield what builds the world of these tests."""
    yield SetEnvironment(key="staging", name="Staging", position=1)
    yield SetEnvironment(key="production", name="Production", position=2)
    for code, zone in CODES.items():
        yield AddTerritory(code=code, default_zone=zone)
    members = tuple(MemberSpec(territory=code) for code in ("IT", "DE"))
    yield SetMarket(key="EEA", name="EEA", priority=10, members=members)
    yield SetApp(key="shop", name="Shop", platforms=("ios", "android"), territories=tuple(CODES))
    for position, (key, name) in enumerate(BUNDLES.items()):
        yield SetBundle(app="shop", key=key, name=name, position=position)
        yield SetFeature(
            app="shop",
            key=f"{key}.main",
            bundle=key,
            description=name,
            owner="team",
            offer_basis="account",
            default_status="planned",
        )
    yield SetOffer(
        app="shop",
        environment="production",
        bundle="calling",
        status="live",
        reason="no known restriction",
        owner="calling-team",
    )
    yield SetLocale(tag="en")
    yield SetLocale(tag="es")
    source = Message(key="wallet.taxi", source="Pay for a taxi", forms=("Pay for a taxi",))
    yield ImportCatalog(catalogs=(Catalog(component="wallet", locale="en", messages=(source,)),))


@pytest.fixture
def watched(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """Give a page that may neither complain nor ask another site."""
    faults: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # Chromium itself reports the refusal of a form (422) and a missing page.
        if message.type == "error" and "status of 422" not in message.text:
            faults.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            faults.append(f"asked {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", see)
    yield page
    assert [] == faults


@pytest.fixture
def sign_in(watched: Page, live_server: LiveServer, demo: None) -> SignIn:
    """Sign a person in through the form, as people do; the page of their work comes next."""

    def enter(name: str) -> Page:
        watched.goto(f"{live_server.url}/")
        watched.fill("#id_username", name)
        watched.fill("#id_password", PASSWORD)
        watched.press("#id_password", "Enter")
        watched.wait_for_selector(".lf-coverage" if name == "translator" else "[data-board]")
        return watched

    return enter
