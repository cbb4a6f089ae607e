"""Browsers can read every answer that is meant for them, whatever its status."""

from __future__ import annotations

from typing import Any

import pytest

from flags.delivery.settings import Settings
from tests.unit.delivery.world import BACKEND, FRONTEND, Answer, Client, build_client

ORIGIN = "https://shop.example"
ALLOWED = Settings(origins=frozenset({ORIGIN}), guesses_per_minute=2)


def build(origins: frozenset[str] = ALLOWED.origins) -> Client:
    """Build a client of a node that knows these origins."""
    return build_client(settings=Settings(origins=origins, guesses_per_minute=2))


def ask(client: Client, status: int, origin: str = ORIGIN) -> Answer:
    """Ask so that this is the status."""
    headers = {"Origin": origin}
    flag = "/api/frontend/features"

    def get(path: str, **options: Any) -> Answer:
        return client.get(path, headers={**headers, **options.pop("headers", {})}, **options)

    def post(**options: Any) -> Answer:
        sent = {**headers, **options.pop("headers", {})}
        return client.post("/ofrep/v1/evaluate/flags", headers=sent, **options)

    if status == 304:
        etag = get("/api/frontend").headers["etag"]
        return get("/api/frontend", headers={"If-None-Match": etag})
    if status == 429:
        guesses = [get("/api/frontend", token="superapp:production.guess") for _again in range(3)]
        return guesses[-1]
    if status == 500:
        client.app.service.contexts = None  # type: ignore[assignment]  # something is broken
        return get("/api/frontend?userId=7")
    if status == 503:
        client.app.service.hub.draining = True
        return get("/api/stream")
    return {
        200: lambda: get("/api/frontend"),
        204: lambda: client.ask("OPTIONS", "/api/frontend", headers=headers, token=""),
        400: lambda: post(body=b"{"),
        401: lambda: get("/api/variant", token=""),
        403: lambda: get("/api/frontend", token=BACKEND),
        404: lambda: get(f"{flag}/nothing"),
        405: lambda: client.ask("DELETE", "/api/frontend", headers=headers),
        413: lambda: post(body=b"x" * 100_000),
        415: lambda: post(body=b"{}", headers={"Content-Type": "text/plain"}),
    }[status]()


STATUSES = [200, 204, 304, 400, 401, 403, 404, 405, 413, 415, 429, 500, 503]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("origins", [ALLOWED.origins, frozenset({"*"})])
def test_every_answer_says_who_may_read_it(status: int, origins: frozenset[str]) -> None:
    """Name the origin, expose what SDKs read, and vary by origin; no credentials, ever."""
    answer = ask(build(origins), status)
    assert status == answer.status
    allowed = "*" if "*" in origins else ORIGIN
    assert allowed == answer.headers["access-control-allow-origin"]
    assert {"etag", "retry-after"} <= set(
        answer.headers["access-control-expose-headers"].lower().split(", ")
    )
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{ORIGIN}.evil.example", "http://shop.example", ""],
)
def test_other_origins_may_read_nothing(status: int, origin: str) -> None:
    """Name no origin to a page of another one."""
    answer = ask(build(), status, origin)
    assert status == answer.status
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_preflight_needs_no_token_and_echoes_the_headers() -> None:
    """Let browsers ask first, with the headers of whatever SDK it is."""
    asked = "authorization,unleash-appname,x-custom"
    answer = build().ask(
        "OPTIONS",
        "/api/frontend",
        token="",
        headers={"Origin": ORIGIN, "Access-Control-Request-Headers": asked},
    )
    assert asked == answer.headers["access-control-allow-headers"]
    assert "86400" == answer.headers["access-control-max-age"]
    assert FRONTEND not in str(answer.headers)
