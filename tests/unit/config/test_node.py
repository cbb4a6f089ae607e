"""What every node takes from its environment."""

from __future__ import annotations

import asyncio

import pytest
import yaml

from config.node import DEMO_TOKENS, read_barred_tokens
from flags.delivery.app import build
from flags.delivery.state import State
from tests.product import ROOT
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    PREVIEW,
    Client,
    build_access,
    build_content,
    build_part,
    fill,
)


@pytest.fixture
def outside_a_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a node in production."""
    monkeypatch.delenv("DEBUG", raising=False)
    monkeypatch.delenv("LANDFALL_DEMO", raising=False)


@pytest.mark.usefixtures("outside_a_demo")
@pytest.mark.parametrize("token", [FRONTEND, BACKEND])
def test_the_tokens_of_the_demo_are_unknown_outside_a_demo(token: str) -> None:
    """Everybody can read them in the documentation, so a published one opens nothing."""
    state = State(barred=read_barred_tokens())
    asyncio.run(fill(state, build_content(1), build_part("access", build_access(), 1)))
    client = Client(build(state))
    path = "/api/client/features" if token == BACKEND else "/api/frontend"
    assert client.get(path, headers={"authorization": token}).status == 401
    assert client.get("/api/frontend", headers={"authorization": PREVIEW}).status == 200


@pytest.mark.usefixtures("outside_a_demo")
@pytest.mark.parametrize("name", ["DEBUG", "LANDFALL_DEMO"])
def test_a_demo_takes_its_tokens(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Under `make run` the printed lines work."""
    monkeypatch.setenv(name, "1")
    assert read_barred_tokens() == frozenset()


def test_the_barred_tokens_are_those_of_the_demo() -> None:
    """A new token in the demo's facts cannot be forgotten here."""
    facts = yaml.safe_load((ROOT / "flags/demo/facts.yaml").read_text(encoding="utf-8"))
    secrets = {f"superapp:production.{token['secret']}" for token in facts["tokens"]}
    assert secrets == set(DEMO_TOKENS)
