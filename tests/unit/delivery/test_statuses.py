"""Which status, headers and body each request gets."""

from __future__ import annotations

from typing import Any

import pytest

from flags.delivery.settings import Settings
from tests.unit.delivery.world import (
    BACKEND,
    EXPIRED,
    FRONTEND,
    PREVIEW,
    Client,
    build_access,
    build_client,
    build_part,
)

METRICS = {"appName": "shop", "bucket": {"toggles": {"pay": {"yes": 1, "no": 0}}}}
REGISTRATION = {"appName": "shop", "strategies": [], "started": 5, "interval": "undefined"}
BULK: dict[str, list[object]] = {"applications": [], "metrics": []}


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client of a node that serves the world."""
    return build_client()


@pytest.mark.parametrize(
    ("method", "path", "kinds"),
    [
        ("GET", "/api/client/features", {BACKEND}),
        ("GET", "/api/client/delta", {BACKEND}),
        ("GET", "/api/client/features/pay", {BACKEND}),
        ("GET", "/api/frontend", {FRONTEND, PREVIEW}),
        ("GET", "/api/frontend/all", {FRONTEND, PREVIEW}),
        ("GET", "/api/frontend/features/pay", {FRONTEND, PREVIEW}),
        ("POST", "/ofrep/v1/evaluate/flags", {BACKEND, FRONTEND, PREVIEW}),
        ("POST", "/ofrep/v1/evaluate/flags/pay", {BACKEND, FRONTEND, PREVIEW}),
        ("GET", "/api/variant", {BACKEND, FRONTEND, PREVIEW}),
    ],
)
def test_each_kind_of_token_opens_its_own_routes(
    client: Client, method: str, path: str, kinds: set[str]
) -> None:
    """Answer 200 to the right kind, 403 to a wrong one and 401 to no, unknown or expired ones."""
    statuses = {
        token: client.ask(method, path, token=token).status
        for token in (BACKEND, FRONTEND, PREVIEW, "", "superapp:production.guess", EXPIRED)
    }
    expected = {token: 200 if token in kinds else 403 for token in (BACKEND, FRONTEND, PREVIEW)}
    expected |= {"": 401, "superapp:production.guess": 401, EXPIRED: 401}
    assert expected == statuses


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": FRONTEND}, 200),
        ({"Authorization": f"Bearer {FRONTEND}"}, 200),
        ({"Authorization": f"bearer  {FRONTEND} "}, 200),
        ({"Authorization": f"Bearer Bearer {FRONTEND}"}, 401),
        ({"Authorization": FRONTEND.upper()}, 401),
        ({"Authorization": FRONTEND[:-1]}, 401),
        ({"Authorization": "x" * 100_000}, 401),
        ({"Authorization": "\x00\xff"}, 401),
        ({"X-API-Key": FRONTEND}, 200),
    ],
)
def test_tokens_come_as_sdks_send_them(
    client: Client, headers: dict[str, str], status: int
) -> None:
    """Take the token raw or as Bearer, for OFREP also as X-API-Key."""
    answer = client.post("/ofrep/v1/evaluate/flags", token="", headers=headers)
    assert status == answer.status


def test_a_further_header_may_carry_the_token() -> None:
    """Let an operator name the header that browsers use."""
    client = build_client(settings=Settings(token_header=b"x-flags"), token="")
    assert client.get("/api/frontend", headers={"X-Flags": FRONTEND}).status == 200


def test_a_token_in_the_address_is_refused(client: Client) -> None:
    """Refuse a token that stands in logs by now, even a good one."""
    assert client.get(f"/api/frontend?token={FRONTEND}").status == 400


@pytest.mark.parametrize(
    ("path", "token", "body"),
    [
        ("/api/client/register", BACKEND, {"appName": "shop"}),
        ("/api/client/metrics", BACKEND, {"appName": "shop", "bucket": None}),
        ("/api/client/metrics/bulk", BACKEND, {"applications": [], "metrics": []}),
        ("/api/frontend/client/register", FRONTEND, {"appName": "shop"}),
        ("/api/frontend/client/metrics", FRONTEND, {"appName": "shop", "bucket": None}),
    ],
)
def test_a_token_in_the_address_of_a_report_is_refused(
    client: Client, path: str, token: str, body: Any
) -> None:
    """Refuse it there too: it is as burnt as any other."""
    assert client.post(path, body, token=token).status in {200, 202}
    assert client.post(f"{path}?token={token}", body, token=token).status == 400


def test_a_definition_is_not_given_for_a_token_in_the_address(client: Client) -> None:
    """Refuse the token in the address of one definition."""
    path = f"/api/client/features/chat?token={BACKEND}"
    assert client.get(path, token=BACKEND).status == 400


def test_the_head_of_a_stream_needs_a_token_as_well(client: Client) -> None:
    """Answer HEAD as GET would be answered, without opening a stream."""
    statuses = [client.ask("HEAD", "/api/stream", token=one).status for one in ("", FRONTEND)]
    assert statuses == [401, 200]


@pytest.mark.parametrize(
    ("path", "token", "body", "status"),
    [
        ("/api/client/register", BACKEND, REGISTRATION, 202),
        ("/api/client/register", BACKEND, {"appName": ""}, 400),
        ("/api/client/register", BACKEND, {}, 400),
        ("/api/client/metrics", BACKEND, METRICS, 202),
        ("/api/client/metrics", BACKEND, {"appName": "shop", "bucket": None}, 202),
        ("/api/client/metrics", BACKEND, {"appName": "shop", "bucket": {"toggles": {}}}, 202),
        ("/api/client/metrics", BACKEND, {"appName": "shop", "bucket": 5}, 400),
        ("/api/client/metrics", BACKEND, {"bucket": None}, 400),
        ("/api/client/metrics", FRONTEND, METRICS, 403),
        ("/api/client/metrics/bulk", BACKEND, BULK, 202),
        ("/api/client/metrics/bulk", BACKEND, {}, 400),
        ("/api/frontend/client/metrics", FRONTEND, METRICS, 200),
        ("/api/frontend/client/register", FRONTEND, REGISTRATION, 200),
    ],
)
def test_reports_are_accepted_leniently(
    client: Client, path: str, token: str, body: Any, status: int
) -> None:
    """Accept with exactly 202: Python's SDK takes any other for a failure."""
    answer = client.post(path, body, token=token)
    assert status == answer.status
    if status < 300:
        assert answer.body == b""


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/frontend", 64 * 1024),
        ("/ofrep/v1/evaluate/flags", 64 * 1024),
        ("/api/frontend/client/metrics", 1024 * 1024),
    ],
)
def test_a_body_above_its_limit_is_a_413(client: Client, path: str, limit: int) -> None:
    """Refuse large bodies whether or not their length was told."""
    body = b" " * (limit + 1)
    assert client.ask("POST", path, body=body).status == 413
    announced = {"Content-Length": str(limit + 1)}
    assert client.ask("POST", path, body=b"{}", headers=announced).status == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/client/nothing", 404),
        ("GET", "/ofrep/v1/configuration", 404),
        ("GET", "/api/frontend/nothing", 404),
        ("GET", "/api/texts/" + "0" * 64, 404),
        ("GET", "/internal/parts", 404),
        ("GET", "/ofrep/v1/evaluate/flags", 405),
        ("DELETE", "/api/frontend", 405),
        ("PUT", "/api/client/features", 405),
        ("POST", "/api/client/features", 405),
    ],
)
def test_unknown_paths_and_methods_are_refused_in_json(
    client: Client, method: str, path: str, status: int
) -> None:
    """Answer errors as JSON objects: some providers parse before they look at the status."""
    answer = client.ask(method, path)
    assert (status, "application/json") == (answer.status, answer.headers["content-type"])
    assert isinstance(answer.json, dict)
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    "path",
    ["/api/frontend/", "//api//frontend", "/api/proxy", "/api/frontend//", "/api/proxy/"],
)
def test_slashes_and_old_names_do_not_matter(client: Client, path: str) -> None:
    """Answer without a redirect: a POST would lose its body."""
    assert client.get(path).status == 200
    assert client.post(path, {"context": {}}).status == 200


def test_head_is_a_get_without_body(client: Client) -> None:
    """Answer HEAD with the headers of GET."""
    get, head = client.get("/api/frontend"), client.ask("HEAD", "/api/frontend")
    assert (head.status, head.body) == (200, b"")
    assert get.headers["etag"] == head.headers["etag"]
    assert str(len(get.body)) == head.headers["content-length"]


def test_a_get_ignores_its_content_type(client: Client) -> None:
    """Answer Python's SDK, which declares JSON on GET."""
    answer = client.get(
        "/api/client/features", token=BACKEND, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/api/frontend", "/ofrep/v1/evaluate/flags", "/api/variant"])
def test_a_preflight_needs_no_token_and_echoes_the_asked_headers(client: Client, path: str) -> None:
    """Let browsers ask: `*` would not cover Authorization."""
    asked = "authorization,x-custom,if-none-match"
    headers = {"Origin": "https://app.example", "Access-Control-Request-Headers": asked}
    answer = client.ask("OPTIONS", path, token="", headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert asked == answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "86400"
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/api/frontend", {}, 200),
        ("/api/frontend", {"token": ""}, 401),
        ("/api/frontend", {"token": BACKEND}, 403),
        ("/api/frontend?a=%00", {}, 400),
        ("/api/frontend/x", {}, 404),
        ("/api/variant", {"token": ""}, 401),
    ],
)
def test_browsers_can_read_every_answer(
    client: Client, path: str, options: dict[str, str], status: int
) -> None:
    """Carry the CORS headers on errors too."""
    answer = client.get(path, **options)
    assert status == answer.status
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("origin", "granted"),
    [
        ("https://app.example", True),
        ("https://app.example.evil", False),
        ("http://app.example", False),
        ("null", False),
    ],
)
def test_only_listed_origins_are_granted(origin: str, granted: bool) -> None:  # noqa: FBT001
    """Echo a listed origin and no other."""
    client = build_client(settings=Settings(origins=frozenset({"https://app.example"})))
    seen = client.get("/api/frontend", headers={"Origin": origin}).headers
    assert (origin if granted else None) == seen.get("access-control-allow-origin")


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        ("GET", "/api/client/features", BACKEND),
        ("GET", "/api/client/delta", BACKEND),
        ("GET", "/api/frontend?userId=7", FRONTEND),
        ("POST", "/ofrep/v1/evaluate/flags", FRONTEND),
        ("GET", "/api/variant?userId=7", FRONTEND),
    ],
)
def test_a_known_etag_is_a_304_with_the_etag(
    client: Client, method: str, path: str, token: str
) -> None:
    """Answer 304 without body, with the ETag again, also to OFREP's POST."""
    body = {"context": {"targetingKey": "7"}} if method == "POST" else None
    first = client.ask(method, path, token=token, json_body=body)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for sent in (etag, f"W/{etag}", etag.strip('"'), f'"x", {etag}', "*"):
        headers = {"If-None-Match": sent}
        again = client.ask(method, path, token=token, headers=headers, json_body=body)
        assert (304, b"", etag) == (again.status, again.body, again.headers["etag"])
        assert "content-length" not in again.headers
        assert first.headers["x-landfall-revision"] == again.headers["x-landfall-revision"]
    fresh = client.ask(method, path, token=token, headers={"If-None-Match": ""}, json_body=body)
    assert fresh.status == 200


def test_the_etag_follows_the_context(client: Client) -> None:
    """Never give one person's answer to another by an old ETag."""
    path = "/api/frontend?userId=7&properties[accountCountry]="
    in_singapore, in_france = client.get(path + "SG"), client.get(path + "FR")
    assert in_singapore.headers["etag"] != in_france.headers["etag"]
    headers = {"If-None-Match": in_singapore.headers["etag"]}
    assert client.get(path + "FR", headers=headers).status == 200


def test_an_unknown_token_may_be_in_a_part_that_has_not_arrived() -> None:
    """Answer 503 and not 401, which stops SDKs for ever, while newer tokens are known to exist."""
    client = build_client()
    newer = build_part("access", build_access(), 9)
    client.app.service.state.hear({newer.key: newer.head})
    answer = client.get("/api/frontend", token="superapp:production.new")
    assert (503, "2") == (answer.status, answer.headers["retry-after"])
    assert 200 == client.get("/api/frontend").status


def test_a_304_joins_no_body(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the answer already costs a comparison of ETags and not the bytes."""
    path = "/api/frontend?userId=7"
    etag = client.ask("GET", path, token=FRONTEND).headers["etag"]

    def refuse(parts: list[bytes]) -> bytes:
        raise AssertionError(parts)

    monkeypatch.setattr("flags.delivery.frontend.render_toggles", refuse)
    again = client.ask("GET", path, token=FRONTEND, headers={"If-None-Match": etag})
    changed = client.ask("GET", path, token=FRONTEND)
    assert (304, 500) == (again.status, changed.status)


@pytest.mark.parametrize(
    ("path", "token"), [("/api/client/streaming", BACKEND), ("/api/stream", FRONTEND)]
)
def test_a_stream_that_cannot_be_greeted_is_a_500_and_takes_no_place(
    path: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give its place back, so that a node does not fill with streams that nobody hears."""
    client = build_client(token=token)
    hub = client.app.service.hub
    monkeypatch.setattr(hub.state, "view", lambda *_scope: 1)
    monkeypatch.setattr(client.app.service.gatekeeper.__class__, "view", lambda *_known: None)
    answer = client.get(path)
    assert (500, "InternalError") == (answer.status, answer.json["name"])
    assert (set(), {}, {}) == (hub.listeners, hub.by_token, hub.by_address)
