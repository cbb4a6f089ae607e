"""Tokens that are in use are noted, and warm requests do not pay for it."""

from __future__ import annotations

import asyncio
from hashlib import sha256

from flags.delivery.auth import Gatekeeper
from flags.delivery.settings import Settings
from flags.delivery.state import State
from flags.delivery.uses import Uses
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_access,
    build_client,
    build_content,
    build_part,
    fill,
)

USE = ("production", sha256(FRONTEND.encode()).hexdigest())


def test_a_token_is_noted_once_and_again_after_a_sweep() -> None:
    """Note on the first request of a while; the others find the token in a table."""
    client = build_client()
    now = [0.0]
    gatekeeper = client.app.service.gatekeeper
    uses = gatekeeper.uses
    uses.read_seconds = lambda: now[0]
    uses.swept_at = 0.0
    for _again in range(3):
        client.get("/api/frontend")
    assert [] == uses.take()
    now[0] = 30.0
    assert [USE] == uses.take()
    assert {} == gatekeeper.found
    now[0] = 60.0
    assert [] == uses.take()
    client.get("/api/frontend")
    now[0] = 90.0
    assert [USE] == uses.take()


def test_only_tokens_that_are_known_are_noted() -> None:
    """Guesses take no room."""
    client = build_client(token="superapp:production.guess")
    client.get("/api/frontend")
    assert {} == client.app.service.gatekeeper.uses.noted


def test_what_could_not_be_told_is_told_later() -> None:
    """Keep the notes of a while without Redis."""
    now = [0.0]
    uses = Uses(dict[bytes, bytes]().clear, read_seconds=lambda: now[0])
    uses.put_back([USE])
    now[0] = 30.0
    assert [USE] == uses.take()


def test_the_channel_of_a_token_is_a_use_of_it() -> None:
    """Note whose stream was opened."""

    async def run() -> set[str]:
        state = State()
        gatekeeper = Gatekeeper.build(state, Settings())
        await fill(state, build_part("access", build_access(), 1), build_content(1))
        for channel, known in state.channels.items():
            if known.token.kind == "backend":
                gatekeeper.identify_channel(channel, "192.0.2.7")
        return {digest for _environment, digest in gatekeeper.uses.noted}

    assert {sha256(BACKEND.encode()).hexdigest()} == asyncio.run(run())
