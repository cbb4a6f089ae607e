"""Cold work: who waits for whom, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from flags.delivery.http import Refusal
from flags.delivery.state import Known
from flags.delivery.turns import (
    BURST_SECONDS,
    SHARE,
    WAIT_MOST_SECONDS,
    WAITING_MOST,
    Turns,
)
from flags.publishing.snapshot import Token
from tests.unit.delivery.world import BACKEND, EVERYTHING, FRONTEND, build_client

GREEDY = Known("production", Token(digest="greedy", app="superapp", kind="frontend"))
MODEST = Known("production", Token(digest="modest", app="superapp", kind="frontend"))


def build_turns(owed: float, shown: int = 2) -> Turns:
    """Build the account of a node where the greedy token owes so many seconds at 0."""
    turns = Turns(range(shown))
    turns.charge(GREEDY, owed, 0.0)
    return turns


@pytest.mark.parametrize(
    ("owed", "now", "wait"),
    [
        (BURST_SECONDS, 0.0, 0.0),
        (BURST_SECONDS + 0.1, 0.0, 0.1 / SHARE),
        (BURST_SECONDS + 0.1, 0.1 / SHARE, 0.0),
        (BURST_SECONDS + 100.0, 0.0, WAIT_MOST_SECONDS),
    ],
)
def test_a_token_waits_once_it_has_had_its_share(owed: float, now: float, wait: float) -> None:
    """Let a burst pass, then have the token wait until half of the time has paid for it."""
    assert wait == pytest.approx(build_turns(owed).find_wait(GREEDY, now))


def test_nobody_waits_for_what_others_did() -> None:
    """Have only the token wait that owes, and not even that one where it is alone."""
    assert build_turns(9.0).find_wait(MODEST, 0.0) == 0
    assert build_turns(9.0, shown=1).find_wait(GREEDY, 0.0) == 0


def test_debts_are_forgotten_once_paid() -> None:
    """Keep no account of a token that owes nothing any more."""
    turns = build_turns(0.1)
    turns.find_wait(GREEDY, 0.1 / SHARE)
    assert {} == turns.owed


@pytest.mark.parametrize("token", [FRONTEND, EVERYTHING])
def test_only_what_had_to_be_made_is_charged(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Charge the first person of a class, and no other however long their answer takes."""
    client = build_client(token=token)
    client.get("/api/frontend?sessionId=1")
    service = client.app.service
    charged: list[object] = []
    monkeypatch.setattr(service.turns, "charge", lambda known, *_took: charged.append(known))
    slow = iter(range(10_000))
    monkeypatch.setattr("flags.delivery.app.time.perf_counter", lambda: float(next(slow)))
    monkeypatch.setattr("flags.delivery.app.time.thread_time", lambda: float(next(slow)))
    for user in range(3):
        client.get(f"/api/frontend?sessionId=1&userId={user}&properties[accountCountry]=SG")
    assert [service.gatekeeper.found[token.encode()]] == charged


def test_definitions_are_charged_once_for_each_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charge whoever has a query rendered that nobody sent before."""
    client = build_client(token=BACKEND)
    client.get("/api/client/features")
    charged: list[object] = []
    monkeypatch.setattr(client.app.service.turns, "charge", lambda *took: charged.append(took))
    for number in range(4):
        client.get(f"/api/client/features?namePrefix=p&number={number}")
    assert len(charged) == 1


def test_a_crowd_that_waits_is_not_joined() -> None:
    """Refuse with 429 where thousands of questions wait; SDKs come again later."""
    client = build_client()
    client.get("/api/frontend?sessionId=1&userId=1", token=EVERYTHING)
    for _ in range(2):
        client.get("/api/frontend?sessionId=1&userId=1")
    turns = client.app.service.turns
    known = client.app.service.gatekeeper.found[FRONTEND.encode()]
    turns.owed[known.token.digest] = (1e12, 0.0)
    turns.waiting = WAITING_MOST
    answer = client.get("/api/frontend?sessionId=1&userId=2")
    assert (429, "2") == (answer.status, answer.headers["retry-after"])
    assert client.get("/api/frontend?sessionId=1&userId=1").status == 200
    assert client.get("/api/frontend?sessionId=1&userId=2", token=EVERYTHING).status == 200
    with pytest.raises(Refusal):
        asyncio.run(turns.take(known))
