"""Tokens that are limited to some territories: whom they may ask about, what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flags.delivery.auth import Gatekeeper
from flags.delivery.http import Refusal, Request
from flags.delivery.listener import Listener, Message
from flags.delivery.prepared import derive_channel
from flags.delivery.service import Service
from flags.delivery.settings import Settings
from flags.delivery.state import Known, State
from flags.delivery.stream import open_hints
from flags.delivery.streams import Hub
from flags.publishing.snapshot import Access, Token
from tests.unit.delivery.world import (
    APP,
    ENVIRONMENT,
    FRONTEND,
    Answer,
    Client,
    build_client,
    build_content,
    build_part,
    digest,
    fill,
)

LOCAL = "superapp:production.only-sg-and-my"
LOCAL_PREVIEW = "superapp:production.preview-sg-and-my"
ROUTES = [
    ("GET", "/api/frontend", LOCAL),
    ("POST", "/api/frontend", LOCAL),
    ("GET", "/api/frontend/all", LOCAL),
    ("GET", "/api/frontend/features/chat", LOCAL),
    ("POST", "/api/frontend/features/chat", LOCAL),
    ("POST", "/ofrep/v1/evaluate/flags", LOCAL),
    ("POST", "/ofrep/v1/evaluate/flags/chat", LOCAL),
    ("GET", "/api/variant", LOCAL),
    ("POST", "/api/variant", LOCAL),
    ("POST", "/api/explain", LOCAL_PREVIEW),
    ("POST", "/api/diff", LOCAL_PREVIEW),
]
HERE = {"accountCountry": "SG"}
ELSEWHERE = {"accountCountry": "BR"}


def build_token(text: str, **fields: Any) -> Token:
    """Build a frontend token of the app that differs from the plain one only as said."""
    return Token(**{"digest": digest(text.encode()), "app": APP, "kind": "frontend", **fields})


def build_local() -> Access:
    """Build tokens of two territories, and one of everywhere."""
    return Access(
        apps=(APP,),
        tokens=(
            build_token(LOCAL, territories=("MY", "SG")),
            build_token(LOCAL_PREVIEW, kind="preview", territories=("MY", "SG")),
            build_token(FRONTEND),
        ),
    )


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client of a node that knows these tokens."""
    return build_client(build_content(1), build_part("access", build_local(), 1))


def ask(client: Client, method: str, path: str, token: str, where: Mapping[str, str]) -> Answer:
    """Ask about a person in the words of the route."""
    if method == "GET":
        query = "&".join(f"{name}={text}" for name, text in where.items())
        return client.get(f"{path}?{query}", token=token)
    context = {"targetingKey": "ana", **where}
    body = {"feature": "chat", "context": context, "contexts": [HERE, context]}
    return client.post(path, body, token=token)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("where", "status"),
    [
        (HERE, 200),
        ({"locationCountry": "my"}, 200),
        ({"accountCountry": "SG", "locationCountry": "BR"}, 200),
        (ELSEWHERE, 403),
        ({"accountCountry": "BR", "locationCountry": "SG"}, 403),
        ({"accountCountry": "Atlantis"}, 403),
        ({}, 403),
    ],
)
def test_a_token_answers_about_people_of_its_territories_only(
    client: Client, route: tuple[str, str, str], where: dict[str, str], status: int
) -> None:
    """Go by the account, else by the location; nobody knows where the rest are."""
    assert status == ask(client, *route, where).status


def test_the_refusal_names_the_territories_and_the_person_s(client: Client) -> None:
    """Say what the token is for and what was seen instead, in the body that SDKs log."""
    message = client.get("/api/frontend?accountCountry=BR", token=LOCAL).json["message"]
    assert message == ("This token is for people in MY, SG only; this person's account is in BR.")


def test_what_one_token_was_answered_is_not_what_another_may_know(client: Client) -> None:
    """Remember answers apart: the same question with a token of elsewhere is refused."""
    path = "/api/frontend?accountCountry=FR"
    statuses = [client.get(path, token=token).status for token in (FRONTEND, LOCAL, FRONTEND)]
    assert statuses == [200, 403, 200]


def open_stream(query: str, token: Token) -> Listener:
    """Open a stream of hints with a token, as a browser would by its channel."""

    async def run() -> Listener:
        state = State()
        await fill(state, build_part("access", Access(apps=(APP,), tokens=(token,)), 1))
        channel = derive_channel(token.digest)
        query_string = f"ch={channel}{query}".encode()
        scope = {"method": "GET", "path": "/api/stream", "headers": []}
        request = Request({**scope, "query_string": query_string, "client": ("192.0.2.7", 1)})
        return open_hints(Service(state, Settings(), None), request)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("territories", "query", "heard"),
    [
        ((), "", set()),
        ((), "&territories=BR", {"BR"}),
        (("MY", "SG"), "", {"MY", "SG"}),
        (("MY", "SG"), "&territories=sg", {"SG"}),
    ],
)
def test_a_stream_hears_of_its_token_s_territories(
    territories: tuple[str, ...], query: str, heard: set[str]
) -> None:
    """Hear of what was asked for, else of all that the token is for."""
    token = build_token(LOCAL, territories=territories)
    assert heard == open_stream(query, token).territories


def test_a_stream_of_other_territories_is_refused() -> None:
    """Refuse to tell a token of two territories about a third."""
    with pytest.raises(Refusal, match="MY, SG only, not of BR") as caught:
        open_stream("&territories=SG,BR", build_token(LOCAL, territories=("MY", "SG")))
    assert caught.value.status == 403


def test_an_expired_token_s_channel_opens_nothing() -> None:
    """Let the channel die with its token."""
    expired = build_token(LOCAL, expires=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(Refusal, match="expired") as caught:
        open_stream("", expired)
    assert caught.value.status == 401


async def until_ended(listener: Listener) -> list[bytes]:
    """Return what a stream was told until it ended."""
    told: list[bytes] = []
    ended = asyncio.Event()

    async def send(message: Message) -> None:
        if message["more_body"]:
            told.append(message["body"])
        else:
            ended.set()

    listener.open(send)
    await ended.wait()
    return told


def test_a_stream_ends_when_its_token_expires() -> None:
    """Look at expiries when they come, not only between keep-alives of 12 s."""

    async def run() -> tuple[list[bytes], datetime, datetime]:
        state = State()
        Gatekeeper.build(state, Settings())
        hub = Hub(state, Settings())
        expires = datetime.now(UTC) + timedelta(milliseconds=80)
        token = build_token(LOCAL, expires=expires)
        listener = Listener(Known(ENVIRONMENT, token), "192.0.2.7")
        await fill(state, build_part("access", Access(apps=(APP,), tokens=(token,)), 1))
        hub.join(listener)
        async with asyncio.timeout(5):
            return await until_ended(listener), expires, datetime.now(UTC)

    told, expires, ended = asyncio.run(run())
    assert told == [b"event: bye\ndata: {}\n\n"]
    assert timedelta(0) <= ended - expires < timedelta(seconds=2)
