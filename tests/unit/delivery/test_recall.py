"""The same question again: when it gets the same answer without being asked, and when not."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from flags.delivery.recall import BODY_BYTES, KEPT_BYTES
from flags.delivery.settings import Settings
from flags.delivery.state import Known
from flags.engine.tables import Purse
from flags.publishing.snapshot import Content, Token
from regions.zones import LATEST
from tests.unit.delivery.world import (
    APP,
    BACKEND,
    ENVIRONMENT,
    EVERYTHING,
    FRONTEND,
    PREVIEW,
    SINGAPORE,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_order,
    build_part,
    build_texts,
    digest,
    fill,
)

ASKED = "/api/frontend?userId=7&sessionId=1&properties[accountCountry]=SG"
PERSON = {"context": {**SINGAPORE, "sessionId": "1", "targetingKey": "7"}}


def count_kept(client: Client) -> int:
    """Return how many answers a node keeps."""
    return len(client.app.service.recall.kept)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", ASKED, None),
        ("GET", "/api/frontend/all?sessionId=1", None),
        ("GET", "/api/variant?sessionId=1&properties[accountCountry]=SG", None),
        ("POST", "/api/frontend", PERSON),
        ("POST", "/ofrep/v1/evaluate/flags", PERSON),
    ],
)
def test_the_second_answer_is_the_first(method: str, path: str, body: Any) -> None:
    """Answer the same question with the same head and body, and keep it once."""
    client = build_client()
    first = client.ask(method, path, json_body=body)
    assert (200, 0) == (first.status, count_kept(client))
    for _ in range(2):
        assert first == client.ask(method, path, json_body=body)
        assert count_kept(client) == 1
    known = {"If-None-Match": first.headers["etag"]}
    unchanged = client.ask(method, path, json_body=body, headers=known)
    assert (304, b"", 1) == (unchanged.status, unchanged.body, count_kept(client))
    lost = {"content-length", "content-type"}
    assert unchanged.headers == {
        name: text for name, text in first.headers.items() if name not in lost
    }


def test_a_304_is_kept_and_the_body_follows() -> None:
    """Keep what a client with an ETag got, and make the body for the first one without."""
    client = build_client()
    etag = build_client().get(ASKED).headers["etag"]
    for _ in range(3):
        assert client.get(ASKED, headers={"If-None-Match": etag}).status == 304
    assert count_kept(client) == 1
    for _ in range(2):
        assert {"chat", "home", "pay"} == {one["name"] for one in client.get(ASKED).json["toggles"]}
    assert client.get(ASKED, headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize("path", [ASKED, "/api/variant?sessionId=1"])
def test_an_answer_is_kept_under_the_token_that_it_was_given_to(path: str) -> None:
    """Let a kept answer end with the token that counted, not with another that was shown."""
    settings = Settings(token_header=b"x-landfall-token")
    client = build_client(settings=settings, token="")
    headers = {"X-API-Key": EVERYTHING, "X-Landfall-Token": FRONTEND}
    for _ in range(3):
        client.post("/ofrep/v1/evaluate/flags", PERSON, headers={"X-API-Key": EVERYTHING})
        assert client.get(path, headers=headers).status == 200
    kept = client.app.service.recall.kept.young.values()
    assert {FRONTEND.encode(), EVERYTHING.encode()} == {one.shown for one in kept}
    state = client.app.service.state
    asyncio.run(fill(state, build_part("access", build_access(without=[FRONTEND]), 2)))
    client.post("/ofrep/v1/evaluate/flags", PERSON, headers={"X-API-Key": EVERYTHING})
    assert client.get(path, headers=headers).status == 401


def test_each_token_has_its_own_answers() -> None:
    """Keep tokens apart, and nothing at all for previews: they may set the clock."""
    client = build_client()
    for token in (FRONTEND, PREVIEW) * 3:
        client.get(ASKED, token=token)
        assert client.get(ASKED, token=BACKEND).status == 403
    assert count_kept(client) == 1


def test_a_kept_answer_ends_with_its_token_and_its_revision() -> None:
    """Answer anew after a publish, and refuse a token that was taken away."""
    client = build_client()
    for _ in range(2):
        client.get(ASKED)
    state = client.app.service.state
    asyncio.run(fill(state, build_content(2, definitions=build_definitions(pay_in="planned"))))
    answer = client.get(ASKED)
    assert "2" == answer.headers["x-landfall-revision"]
    assert {"chat", "home"} == {one["name"] for one in answer.json["toggles"]}
    asyncio.run(fill(state, build_part("access", build_access(without=[FRONTEND]), 2)))
    assert client.get(ASKED).status == 401


def test_kept_answers_outlive_what_does_not_concern_them() -> None:
    """Find them again after another's publish and after tokens were looked up anew."""
    client = build_client()
    for number in range(2):
        for _ in range(2):
            client.get(f"{ASKED}&number={number}")
    state, recall = client.app.service.state, client.app.service.recall
    before = list(recall.kept.young.values())
    token = Token(digest=digest(b"new"), app="miniapp", kind="frontend")
    access = build_access()
    access = replace(access, tokens=(*access.tokens, token))
    content = Content(build_definitions(app="miniapp"), build_texts()[0])
    asyncio.run(fill(state, build_part("content", content, 1, app="miniapp")))
    asyncio.run(fill(state, build_part("access", access, 2)))
    client.app.service.gatekeeper.uses.forget()
    client.get(ASKED)
    assert all(recall.gatekeeper.found[one.shown] is one.known for one in before)


def test_a_kept_answer_holds_until_something_dated_changes() -> None:
    """Keep an answer until the next flip, and no longer than its token lives."""
    order = replace(build_order("SG"), effective=date(2099, 1, 1))
    definitions = replace(build_definitions(), orders=(order,))
    content = build_content(1, definitions=definitions)
    client = build_client(content, build_part("access", build_access(), 1))
    view = client.app.service.state.view(APP, ENVIRONMENT)
    assert view is not None
    recall = client.app.service.recall
    flip = datetime(2098, 12, 31, 16, tzinfo=UTC)
    for expires, until in ((None, flip), (flip.replace(year=2090), flip.replace(year=2090))):
        token = Token(digest="d", app=APP, kind="frontend", expires=expires)
        assert until.timestamp() == recall.bound(view, Known(ENVIRONMENT, token))[1]
    plain = build_client().app.service.state.view(APP, ENVIRONMENT)
    assert plain is not None
    token = Token(digest="d", app=APP, kind="frontend")
    assert LATEST.timestamp() == recall.bound(plain, Known(ENVIRONMENT, token))[1]


def test_a_kept_answer_tells_how_fresh_the_node_is_now() -> None:
    """Tell the age of the moment, not the one of the moment it was kept."""
    client = build_client()
    for _ in range(2):
        assert client.get(ASKED).headers["x-landfall-age"] == "0"
    state = client.app.service.state
    assert state.heard_at is not None
    state.heard_at -= 60
    assert int(client.get(ASKED).headers["x-landfall-age"]) >= 60
    state.heard_at += 60
    assert client.get(ASKED).headers["x-landfall-age"] == "0"


def test_a_refused_body_is_refused_though_its_answer_is_kept() -> None:
    """Look at content type and encoding again: they are part of the question."""
    client = build_client()
    for _ in range(2):
        client.post("/api/frontend", PERSON)
    odd = client.post("/api/frontend", PERSON, headers={"Content-Type": "text/plain"})
    assert odd.status == 415


def test_origins_do_not_share_answers_where_few_are_allowed() -> None:
    """Tell each origin what it may read, also from kept answers."""
    client = build_client(settings=Settings(origins=frozenset({"https://shop.example"})))
    for origin, granted in (("https://shop.example", True), ("https://evil.example", False)) * 3:
        headers = client.get(ASKED, headers={"Origin": origin}).headers
        assert granted is ("access-control-allow-origin" in headers)


def test_large_bodies_are_not_kept_but_their_etags_are() -> None:
    """Keep memory for many: of a large answer a node knows only whether it changed."""
    features = tuple(
        replace(build_definitions().features[0], key=f"{'k' * 90}{number:03}")
        for number in range(BODY_BYTES // 90)
    )
    content = build_content(1, definitions=replace(build_definitions(), features=features))
    client = build_client(content, build_part("access", build_access(), 1))
    first = client.get(ASKED)
    assert len(first.body) > BODY_BYTES
    assert first == client.get(ASKED)
    assert [None] == [kept.body for kept in client.app.service.recall.kept.young.values()]
    assert client.get(ASKED, headers={"If-None-Match": first.headers["etag"]}).status == 304
    assert first == client.get(ASKED)


def test_what_is_kept_is_bounded_in_bytes() -> None:
    """Forget the oldest questions, however many people ask."""
    client = build_client()
    kept = client.app.service.recall.kept
    assert KEPT_BYTES == kept.purse.limit_bytes
    Purse(20_000).adopt(kept)
    for number in range(200):
        for _ in range(2):
            client.get(f"/api/frontend?sessionId=1&userId={number}")
    assert 0 < len(kept) < 20


def test_questions_that_came_once_are_noted_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep nothing of people who do not come back but a number, and not for long."""
    monkeypatch.setattr("flags.delivery.recall.NOTED_QUESTIONS", 10)
    client = build_client()
    for number in range(200):
        client.get(f"/api/frontend?sessionId=1&userId={number}")
    recall = client.app.service.recall
    assert (0, 10) == (len(recall.kept), len(recall.noted_before))
