"""Why a person gets what they get is told to preview tokens, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.definitions import Target
from flags.engine.gates import GATES
from tests.unit.delivery.world import (
    BACKEND,
    EVERYTHING,
    FRONTEND,
    PREVIEW,
    SINGAPORE,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_part,
)

FRANCE = {"userId": "7", "properties": {"accountCountry": "FR"}}


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client with a preview token of a node that serves the world."""
    made = build_client()
    return Client(made.app, token=PREVIEW)


def test_an_explanation_tells_every_gate(client: Client) -> None:
    """Value, reason, words, display and revision stand over the gates in order."""
    told = client.post("/api/explain", {"feature": "pay", "context": FRANCE}).json
    assert (False, "NOT_OFFERED", "wallet.unavailable", "hidden", 1, "superapp") == (
        told["value"],
        told["reason"],
        told["textKey"],
        told["display"],
        told["revision"],
        told["app"],
    )
    assert [name for name, _build in GATES] == [step["gate"] for step in told["steps"]]
    offer = next(step for step in told["steps"] if step["gate"] == "offer")
    assert ("closed", {"account": "FR"}) == (offer["state"], offer["read"])


def test_an_unknown_feature_is_explained_as_the_engine_does(client: Client) -> None:
    """It is no error: the first gate says that there is no such feature."""
    answer = client.post("/api/explain", {"feature": "no.such"})
    assert (200, "UNKNOWN_FEATURE") == (answer.status, answer.json["reason"])


def test_a_preview_sets_the_clock(client: Client) -> None:
    """`currentTime` is believed, so what will be can be asked."""
    asked = {"feature": "chat", "context": {"currentTime": "2030-01-01T00:00:00Z"}}
    steps = client.post("/api/explain", asked).json["steps"]
    assert "LIVE" == steps[-1]["reason"]
    bad = client.post("/api/explain", {"feature": "chat", "context": {"currentTime": "soon"}})
    assert (400, True) == (bad.status, "currentTime" in bad.json["message"])


def test_two_people_are_compared(client: Client) -> None:
    """Only what differs is named, with both answers and the gate that told them apart."""
    told = client.post("/api/diff", {"contexts": [SINGAPORE, FRANCE]}).json
    (found,) = told["differences"]
    assert ("pay", "LIVE", "NOT_OFFERED") == (
        found["feature"],
        found["before"]["reason"],
        found["after"]["reason"],
    )
    assert ({"account": ["SG", "FR"]}, 0) == (found["gates"][0]["read"], told["byRuleAlone"])


def test_one_feature_is_compared(client: Client) -> None:
    """A feature that both get alike gives no difference."""
    asked = {"contexts": [SINGAPORE, FRANCE], "feature": "chat"}
    assert [] == client.post("/api/diff", asked).json["differences"]


def test_only_a_few_differences_are_explained() -> None:
    """All are named; requests of others wait, so the fourth has its gates when asked about."""
    world = build_definitions()
    (pay,) = [one for one in world.features if one.key == "pay"]
    (offer,) = world.offers
    keys = [f"pay-{number}" for number in range(5)]
    content = build_content(
        1,
        definitions=replace(
            world,
            features=tuple(replace(pay, key=key) for key in keys),
            offers=tuple(
                replace(offer, rule=replace(offer.rule, key=key), target=Target(feature=key))
                for key in keys
            ),
        ),
    )
    client = build_client(content, build_part("access", build_access(), 1), token=PREVIEW)
    asked: dict[str, Any] = {"contexts": [SINGAPORE, FRANCE]}
    found = client.post("/api/diff", asked).json["differences"]
    assert keys == [one["feature"] for one in found]
    assert [True, True, True, False, False] == [bool(one.get("gates")) for one in found]
    (fourth,) = client.post("/api/diff", {**asked, "feature": keys[3]}).json["differences"]
    assert ["offer"] == [one["gate"] for one in fourth["gates"]]


@pytest.mark.parametrize("path", ["/api/explain", "/api/diff"])
@pytest.mark.parametrize(("token", "kind"), [(FRONTEND, "frontend"), (BACKEND, "backend")])
def test_other_tokens_are_told_that_they_may_not(
    client: Client, path: str, token: str, kind: str
) -> None:
    """The sentence says which kind is needed, and which one came."""
    answer = client.post(path, {"feature": "pay", "contexts": [{}, {}]}, token=token)
    expected = f"Only a preview token may ask why; this one is a {kind} token."
    assert (403, expected) == (answer.status, answer.json["message"])


def test_without_a_token_nothing_is_told(client: Client) -> None:
    """401, as everywhere."""
    assert 401 == client.post("/api/explain", {"feature": "pay"}, token="guess").status
    assert 403 == client.post("/api/explain", {"feature": "pay"}, token=EVERYTHING).status


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/explain", {}, 400),
        ("/api/explain", {"feature": 5}, 400),
        ("/api/explain", {"feature": ""}, 400),
        ("/api/explain", {"feature": "pay", "context": []}, 400),
        ("/api/explain", {"feature": "pay", "context": {"a": "x" * 2001}}, 400),
        ("/api/explain", {"feature": "pay", "app": "none"}, 404),
        ("/api/diff", {}, 400),
        ("/api/diff", {"contexts": [{}]}, 400),
        ("/api/diff", {"contexts": [{}, 5]}, 400),
        ("/api/diff", {"contexts": [{}, {}], "feature": 5}, 400),
        ("/api/diff", {"contexts": [{}, {}], "rules": 1}, 400),
        ("/api/diff", {"contexts": [{}, {}], "app": 7}, 400),
        ("/api/diff", {"contexts": [{}, {}], "app": ["superapp"]}, 400),
        ("/api/explain", {"feature": "pay", "app": {"key": "superapp"}}, 400),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    client: Client, path: str, body: dict[str, Any], status: int
) -> None:
    """Each is answered with a status of the client's own fault."""
    answer = client.post(path, body)
    assert (status, True) == (answer.status, bool(answer.json["message"]))


def test_only_posts_are_answered(client: Client) -> None:
    """A context in an address would stand in the logs of every proxy."""
    answer = client.get("/api/explain")
    assert (405, "POST, OPTIONS") == (answer.status, answer.headers["allow"])
