"""A product manager's change on the board reaches real clients."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from UnleashClient import UnleashClient

from tests.listening import Listener
from tests.people import set_cell, sign_in
from tests.product import BACKEND_TOKEN, FRONTEND_TOKEN, Product, eventually

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("product")]

FEATURE = "commerce.collections"
CELL = "SG:commerce"
PROPERTIES = {
    "accountCountry": "SG",
    "locationCountry": "SG",
    "storefrontCountry": "SG",
    "platform": "ios",
    "osVersion": "18.0.0",
    "appVersion": "8.0.70",
}
PERSON = {"userId": "u-1", "properties": PROPERTIES}


@pytest.fixture
def manager(landfall: Product) -> Iterator[httpx.Client]:
    """Return the browser of the product manager; afterwards commerce in SG is as before."""
    with sign_in(landfall.base, "pm") as client:
        _set(client, "not-offered")
        eventually(lambda: not _enabled(landfall))
        yield client
        _set(client, "not-offered")
        eventually(lambda: not _enabled(landfall))


@pytest.fixture
def unleash(landfall: Product) -> Iterator[UnleashClient]:
    """Run the real UnleashClient, asking every second."""
    client = UnleashClient(
        url=f"{landfall.base}/api",
        app_name="journey",
        environment="production",
        custom_headers={"Authorization": BACKEND_TOKEN},
        refresh_interval=1,
        disable_metrics=True,
        multiple_instance_mode="ALLOW",  # type: ignore[arg-type]
    )
    client.initialize_client()
    yield client
    client.destroy()


def test_a_change_reaches_client_and_stream(
    landfall: Product, manager: httpx.Client, unleash: UnleashClient
) -> None:
    """Within two seconds of the commit the SDK flips, and the stream told of the revision."""
    assert unleash.is_enabled(FEATURE, PERSON) is False
    with Listener(landfall.base, FRONTEND_TOKEN, "?territories=SG") as listener:
        before = listener.revision
        answer = _set(manager, "live")
        saved_at = time.monotonic()
        assert answer.status_code == httpx.codes.OK
        event = listener.hears(before + 1, within_seconds=2)
        eventually(lambda: unleash.is_enabled(FEATURE, PERSON), within_seconds=2)
    assert event.at_seconds - saved_at < 2
    assert event.data["environment"] == "production"
    assert set(event.data["territories"]) <= {"SG"}


def test_a_person_elsewhere_sees_no_change(landfall: Product, manager: httpx.Client) -> None:
    """What is turned on in Singapore leaves the answer in Brazil as it was, to the byte."""
    elsewhere = _ask(landfall, country="BR")
    _set(manager, "live")
    eventually(lambda: _enabled(landfall))
    again = _ask(landfall, country="BR")
    assert (again.content, again.headers["etag"]) == (
        elsewhere.content,
        elsewhere.headers["etag"],
    )


def test_a_change_without_reason_is_refused(landfall: Product, manager: httpx.Client) -> None:
    """An offer without a reason or an owner is refused in words, and nothing is stored."""
    for missing in ("reason", "owner"):
        fields = {"status": "live", "reason": "Launch", "owner": "commerce"} | {missing: ""}
        answer = set_cell(manager, CELL, **fields)
        assert answer.status_code == 422
        assert "This field is required." in answer.text
    assert not _enabled(landfall)


def test_a_translator_cannot_launch(landfall: Product, manager: httpx.Client) -> None:
    """Whoever may not change offers gets no form, and a sent one is refused and changes nothing."""
    with sign_in(landfall.base, "translator") as client:
        page = client.get("/admin/board/", params={"cell": CELL})
        assert "offer-reason" not in page.text
        answer = client.post(
            "/admin/board/cell/",
            data={
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
                "app": "superapp",
                "environment": "production",
                "cell": CELL,
                "offer-status": "live",
                "offer-reason": "Launch",
                "offer-owner": "commerce",
            },
            headers={"Referer": f"{landfall.base}/admin/board/"},
        )
    assert answer.status_code in {403, 422}
    assert not _enabled(landfall)


def _set(client: httpx.Client, status: str) -> httpx.Response:
    return set_cell(client, CELL, status=status, reason=f"Journey: {status}", owner="commerce")


def _ask(landfall: Product, *, country: str = "SG") -> httpx.Response:
    countries = ("accountCountry", "locationCountry", "storefrontCountry")
    properties = PROPERTIES | dict.fromkeys(countries, country)
    return httpx.post(
        f"{landfall.base}/api/frontend",
        json={"context": PERSON | {"properties": properties}},
        headers={"Authorization": FRONTEND_TOKEN},
    )


def _enabled(landfall: Product) -> bool:
    toggles = _ask(landfall).json()["toggles"]
    return any(toggle["name"] == FEATURE and toggle["enabled"] for toggle in toggles)
