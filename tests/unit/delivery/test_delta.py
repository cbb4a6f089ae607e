"""`GET /api/client/delta`: from any state that a client may name to the one that is served."""

from __future__ import annotations

import asyncio
from dataclasses import replace as replace_live
from typing import Any

import pytest
from msgspec.structs import replace

from flags.delivery.app import build
from flags.delivery.history import KEPT_STATES
from flags.delivery.live import Live, Steps
from flags.delivery.state import State
from flags.engine.definitions import Definitions, Feature
from flags.publishing.snapshot import Access, Token
from flags.publishing.store import StoredPart
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    Answer,
    Client,
    build_access,
    build_content,
    build_definitions,
    build_kill,
    build_part,
    digest,
    fill,
)
from tests.unit.wire.sdks import Memory

PATH = "/api/client/delta"
ALL = "*:production.demo-all"


def build_one(*, pay_in: str = "live", tags: tuple[str, ...] = (), **parts: Any) -> Definitions:
    """Build the world with tags on its chat."""
    world = build_definitions(pay_in=pay_in, **parts)
    chat, *others = world.features
    return replace(world, features=(replace(chat, tags=tags), *others))


class Served:
    """A node and a client that keeps what it got, as an SDK does."""

    def __init__(self, *parts: StoredPart, token: str = BACKEND, query: str = "") -> None:
        self.state = State()
        self.client = Client(build(self.state), token=token)
        self.target = PATH + query
        self.memory = Memory()
        self.etag = ""
        self.publish(*(parts or (build_content(1), build_part("access", build_access(), 1))))

    def publish(self, *parts: StoredPart) -> None:
        """Have the node activate parts."""
        asyncio.run(fill(self.state, *parts))

    def ask(self, etag: str | None = None) -> Answer:
        """Ask with an ETag, by default the one that was got last."""
        sent = self.etag if etag is None else etag
        headers = {"If-None-Match": sent} if sent else {}
        answer = self.client.get(self.target, headers=headers)
        assert "fetch-mode" not in answer.headers
        return answer

    def follow(self) -> list[str]:
        """Ask and keep what comes; return the types of events, none for a 304."""
        answer = self.ask()
        assert answer.status in {200, 304}
        self.etag = answer.headers["etag"] if answer.status == 200 else self.etag
        return self.memory.take(answer.body) if answer.status == 200 else []

    def check(self) -> None:
        """Check that the client has what a new one gets."""
        fresh = Memory()
        fresh.take(self.ask("").body)
        assert (self.memory.features, self.memory.segments) == (fresh.features, fresh.segments)


def test_a_new_client_gets_everything_and_then_what_changed() -> None:
    """A hydration, a 304 while nothing happens, and the events since."""
    served = Served()
    assert served.follow() == ["hydration"]
    assert served.etag.startswith('"1-')
    assert served.follow() == []
    served.publish(build_content(2, definitions=build_definitions(pay_in="withdrawn")))
    assert served.follow() == ["feature-updated"]
    assert (served.memory.event_id, served.etag[:3]) == (2, '"2-')
    served.check()


def test_a_kill_is_a_change_like_any_other() -> None:
    """It comes with its own part and in the same order."""
    served = Served()
    served.follow()
    served.publish(build_part("kills", {"switches": [build_kill("chat")]}, 5))
    assert served.follow() == ["feature-updated"]
    assert (served.memory.features["chat"]["enabled"], served.memory.event_id) == (False, 5)
    served.check()


@pytest.mark.parametrize("form", ["{}", "W/{}", "{bare}", '"x", {}', "*"])
def test_an_etag_is_known_in_every_form_that_sdks_send(form: str) -> None:
    """Quoted, weak, bare, in a list."""
    served = Served()
    etag = served.ask().headers["etag"]
    assert served.ask(form.format(etag, bare=etag.strip('"'))).status == 304


@pytest.mark.parametrize(
    "etag",
    [
        "",
        '"4711"',
        "4711",
        '"1f3a9c5b:0123456789abcdef01234567:v1"',
        '"1-0123456789ab"',
        '"1-0123456789abc"',
        '"x-0123456789ab"',
        "\xff",
    ],
)
def test_an_id_that_says_nothing_here_gets_everything(etag: str) -> None:
    """None, Unleash's own, one of full polling, another node's, and nonsense."""
    answer = Served().ask(etag)
    assert (answer.status, answer.json["events"][0]["type"]) == (200, "hydration")


def test_only_the_last_states_are_remembered() -> None:
    """Who missed more than twenty is sent everything."""
    served = Served()
    served.follow()
    first = served.etag
    for revision in range(2, KEPT_STATES + 1):
        described = Feature(key="new", description=f"{revision}")
        world = build_definitions()
        world = replace(world, features=(*world.features, described))
        served.publish(build_content(revision, definitions=world))
    assert served.ask(first).json["events"][0]["type"] == "feature-updated"
    served.publish(build_content(99, definitions=build_definitions(pay_in="withdrawn")))
    assert served.ask(first).json["events"][0]["type"] == "hydration"


def test_a_revision_that_changed_nothing_for_sdks_is_not_told() -> None:
    """The digest decides: texts, and a change that was taken back."""
    served = Served()
    served.follow()
    served.publish(build_content(2))
    answer = served.ask()
    assert (answer.status, answer.headers["etag"][:3]) == (304, '"2-')
    served.publish(build_content(3, definitions=build_definitions(pay_in="withdrawn")))
    served.publish(build_content(4))
    assert served.follow() == []


def test_nodes_agree_on_ids() -> None:
    """A client may come to another node, which saw fewer revisions, and be told the same."""
    here, there = Served(), Served(build_part("access", build_access(), 1))
    here.follow()
    withdrawn = build_content(2, definitions=build_definitions(pay_in="withdrawn"))
    here.publish(withdrawn)
    there.publish(withdrawn)
    assert here.ask("").headers["etag"] == there.ask("").headers["etag"]
    here.follow()
    there.publish(build_content(3))
    there.memory, there.etag = here.memory, here.etag
    assert there.follow() == ["feature-updated"]
    there.check()


def test_definitions_that_are_lowered_again_are_a_new_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The revision is the same, the digest another, and the difference is told."""
    served = Served()
    served.follow()
    live = served.state.current("superapp", "production")
    assert live is not None

    def weaken(live: Live, *, now: object) -> Steps[Live]:
        del now
        yield
        features = tuple(one for one in live.lowered.features if one.key != "pay")
        return replace_live(live, lowered=replace(live.lowered, features=features))

    monkeypatch.setattr("flags.delivery.state.lower_again", weaken)
    asyncio.run(served.state.lower_again(live))
    assert served.follow() == ["feature-removed"]
    assert served.etag.startswith('"1-')
    served.check()


def test_queries_narrow_what_is_told() -> None:
    """Nothing of it changed: 304, although the state is another."""
    served = Served(query="?namePrefix=ch")
    assert served.follow() == ["hydration"]
    assert list(served.memory.features) == ["chat"]
    served.publish(build_content(2, definitions=build_definitions(pay_in="withdrawn")))
    assert served.follow() == []
    served.publish(build_part("kills", {"switches": [build_kill("chat")]}, 3))
    assert served.follow() == ["feature-updated"]


def test_a_feature_that_loses_its_tag_is_removed() -> None:
    """Tags are in no feature, but what they choose is followed."""
    tagged = build_content(1, definitions=build_one(tags=("team:growth",)))
    access = build_part("access", build_access(), 1)
    served = Served(tagged, access, query="?tag=team:growth&tag=team:other")
    served.follow()
    assert list(served.memory.features) == ["chat"]
    assert "tags" not in served.memory.features["chat"]
    served.publish(build_content(2))
    assert served.follow() == ["feature-removed"]
    assert Served(tagged, access, query="?tag=growth").ask().status == 400


def test_only_a_token_for_every_app_chooses_projects() -> None:
    """Any other gets its own app, whatever it asks for."""
    access = Access(
        apps=("miniapp", "superapp"),
        tokens=(*build_access().tokens, Token(digest(ALL.encode()), app="*", kind="backend")),
    )
    mini = Definitions(app="miniapp", environment="production", features=(Feature(key="game"),))
    parts = (
        build_content(1),
        build_part("access", access, 1),
        build_part(
            "content", {"definitions": mini, "texts": {"source_locale": "en"}}, 1, app="miniapp"
        ),
    )
    asked = {
        "": ["chat", "game", "home", "pay"],
        "?project=miniapp": ["game"],
        "?project=miniapp&project=superapp": ["chat", "game", "home", "pay"],
        "?project=*": ["chat", "game", "home", "pay"],
        "?project=nothing": [],
    }
    for query, names in asked.items():
        served = Served(*parts, token=ALL, query=query)
        served.follow()
        assert sorted(served.memory.features) == names
        body = served.client.get("/api/client/features" + query).json
        assert [feature["name"] for feature in body["features"]] == names
    served = Served(*parts, query="?project=miniapp")
    served.follow()
    assert sorted(served.memory.features) == ["chat", "home", "pay"]


@pytest.mark.parametrize(("token", "status"), [("", 401), ("nobody", 401), (FRONTEND, 403)])
def test_definitions_are_for_backends(token: str, status: int) -> None:
    """Who may not fetch them all may not fetch what changed."""
    assert Served(token=token).ask().status == status
