"""Landfall's own canary is nobody's business but the probe's."""

from __future__ import annotations

import asyncio

import msgspec

from flags.delivery.state import Change, State
from flags.delivery.streams import Group
from flags.delivery.voices import HINTS
from flags.publishing.snapshot import Content, Token
from flags.publishing.store import StoredPart
from regions.governance.policy import CANARY
from tests.unit.delivery.world import (
    APP,
    ENVIRONMENT,
    build_access,
    build_content,
    build_definitions,
    build_part,
    build_texts,
    fill,
)


def build_canary(revision: int) -> StoredPart:
    """Build the canary's content."""
    content = Content(definitions=build_definitions(app=CANARY), texts=build_texts()[0])
    return build_part("content", content, revision, app=CANARY)


def test_a_token_of_every_app_does_not_see_it() -> None:
    """Keep the view of everything as it is when the canary changes; its own token sees it."""
    state = State()
    access = build_access()
    probe = Token(digest="0" * 64, app=CANARY, kind="backend")
    whole = msgspec.structs.replace(
        access, apps=(CANARY, *access.apps), tokens=(*access.tokens, probe)
    )
    asyncio.run(fill(state, build_part("access", whole, 1), build_content(1), build_canary(1)))
    everything = state.view("*", ENVIRONMENT)
    assert everything is not None
    assert [APP] == [live.app for live in everything.lives]
    asyncio.run(fill(state, build_canary(2)))
    assert everything is state.view("*", ENVIRONMENT)
    own = state.view(CANARY, ENVIRONMENT)
    assert own is not None
    assert [(CANARY, 2)] == [(live.app, live.revision) for live in own.lives]


def test_only_its_own_clients_hear_of_it() -> None:
    """Hint at a change of the canary to nobody who listens to every app."""
    change = Change(environment=ENVIRONMENT, app=CANARY, epoch=1, revision=7)
    hears = {
        app: Group(ENVIRONMENT, app, frozenset(), HINTS).cares_for(change)
        for app in ("*", APP, CANARY)
    }
    assert {"*": False, APP: False, CANARY: True} == hears
