"""What nobody should send is refused in words, with the right status, and nothing is stored."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.people import SCOPE, set_cell, sign_in
from tests.product import BACKEND_TOKEN, FRONTEND_TOKEN, Product

pytestmark = [pytest.mark.product, pytest.mark.xdist_group("product")]

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "token", "body", "status"),
    [
        ("/api/frontend", FRONTEND_TOKEN, b"{", 400),
        ("/api/frontend", FRONTEND_TOKEN, b"[]", 400),
        ("/api/frontend", FRONTEND_TOKEN, b'{"context": {"userId": "a\\u0000b"}}', 400),
        ("/api/frontend", FRONTEND_TOKEN, b'{"context": {"userId": "\\ud800"}}', 400),
        ("/api/frontend", FRONTEND_TOKEN, b"\xff\xfe", 400),
        ("/api/frontend", FRONTEND_TOKEN, b"[" * 10_000, 400),
        ("/api/frontend", FRONTEND_TOKEN, json.dumps({"a": "x" * 3_000_000}).encode(), 413),
        ("/api/frontend", BACKEND_TOKEN, b"{}", 403),
        ("/api/frontend", "superapp:production.unknown", b"{}", 401),
        ("/api/variant", FRONTEND_TOKEN, b"nonsense", 400),
        ("/ofrep/v1/evaluate/flags", FRONTEND_TOKEN, b"nonsense", 400),
        ("/ofrep/v1/evaluate/flags/no.such", FRONTEND_TOKEN, b'{"context": {}}', 404),
        ("/api/client/register", BACKEND_TOKEN, b"nonsense", 400),
        ("/api/client/nothing", BACKEND_TOKEN, b"{}", 404),
    ],
)
def test_clients_hear_what_is_wrong(
    landfall: Product, path: str, token: str, body: bytes, status: int
) -> None:
    """Each bad request has its status and a JSON body that says something."""
    answer = httpx.post(landfall.base + path, content=body, headers=JSON | {"Authorization": token})
    assert answer.status_code == status
    assert len(json.dumps(answer.json())) > len("{}")


def test_a_backend_needs_its_own_token(landfall: Product) -> None:
    """Definitions are for backends: a frontend token is refused, and so is none at all."""
    address = f"{landfall.base}/api/client/features"
    assert httpx.get(address, headers={"Authorization": FRONTEND_TOKEN}).status_code == 403
    assert httpx.get(address).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "unheard-of"},
        {"reason": ""},
        {"owner": ""},
        {"reason": "a\x00b"},
        {"rollout": "101"},
        {"starts_date": "2027-02-30"},
        {"starts_date": "2027-02-02", "ends_date": "2027-02-01"},
    ],
)
def test_the_board_refuses_and_stores_nothing(landfall: Product, changed: dict[str, Any]) -> None:
    """A wrong field is named with status 422, and history and offers are as before."""
    with sign_in(landfall.base, "pm") as manager:
        before = _offers(manager)
        fields = {"status": "live", "reason": "Launch", "owner": "commerce"} | changed
        answer = set_cell(manager, "TH:commerce", **fields)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert _offers(manager) == before


def _offers(manager: httpx.Client) -> str:
    """Return the cell's own part of the panel: its status and what was changed."""
    page = manager.get("/admin/board/cell/", params={**SCOPE, "cell": "TH:commerce"}).text
    return page[page.index("<section") : page.index("<form")] + page[page.index("lf-history") :]
