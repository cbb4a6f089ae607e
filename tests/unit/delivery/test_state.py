"""Activation: what is served, what is refused, and that the order never goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import TypeVar

import pytest

from flags.delivery.prepared import UnreadablePart, derive_channel, prepare
from flags.delivery.state import Change, State, View
from flags.publishing.snapshot import Kills
from flags.publishing.store import Head, PartKey, StoredPart
from tests.unit.delivery.world import (
    APP,
    ENVIRONMENT,
    FRONTEND,
    build_access,
    build_content,
    build_definitions,
    build_kill,
    build_part,
    build_texts,
    digest,
    fill,
)

Result = TypeVar("Result")


def run(steps: Coroutine[object, object, Result]) -> Result:
    """Run to the end on a loop of its own."""
    return asyncio.run(steps)


def find_nothing(_sha256: str) -> None:
    """Know no text at all."""


def serving(*parts: StoredPart) -> State:
    """Return a state that has activated parts one after the other."""
    state = State()
    for part in parts:
        run(fill(state, part))
    return state


def revision_of(state: State) -> int | None:
    """Return the revision that is served."""
    live = state.current(APP, ENVIRONMENT)
    return None if live is None else live.revision


@pytest.mark.parametrize(
    ("revisions", "expected"), [((1, 2), 2), ((2, 1), 2), ((3, 3), 3), ((5, 2, 4), 5)]
)
def test_an_older_revision_is_never_served_again(revisions: tuple[int, ...], expected: int) -> None:
    """Keep to the order of revisions, however parts arrive."""
    assert expected == revision_of(serving(*(build_content(n) for n in revisions)))


def test_a_new_epoch_outranks_any_revision() -> None:
    """Follow an operator who accepted a restored database."""
    restored = build_part("kills", Kills(), 1, epoch=2)
    state = serving(build_content(9), build_part("kills", Kills((build_kill(),)), 8), restored)
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    assert ((live.epoch, live.revision), live.kills.switches) == ((2, 1), ())


def test_a_kill_alone_swaps_over_the_last_good_content() -> None:
    """Serve a kill without waiting for content."""
    state = serving(build_content(1), build_part("kills", Kills((build_kill(),)), 2))
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    assert (live.content_head.revision, live.kills_head.revision, live.revision) == (1, 2, 2)


def test_a_kill_that_came_first_holds_when_content_arrives() -> None:
    """Remember kills for content that is still on its way."""
    state = serving(build_part("kills", Kills((build_kill(),)), 1), build_content(2))
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    assert len(live.kills.switches) == 1


def test_content_waits_for_kills_that_are_known_to_exist() -> None:
    """Never serve features whose kill switches were not seen."""
    state = State()
    state.hear({PartKey(ENVIRONMENT, APP, "kills"): Head(1, 1, "0" * 64)})
    run(fill(state, build_content(2)))
    assert revision_of(state) is None


def test_a_part_that_breaks_the_compiler_leaves_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refuse, count and keep serving; do not try the same bytes again."""
    state = serving(build_content(1))

    def explode(*_arguments: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("flags.delivery.live.compile_steps", explode)
    broken = build_content(2, definitions=build_definitions(pay_in="planned"))
    run(fill(state, broken))
    assert revision_of(state) == 1
    assert not state.wants(broken.key, broken.head)
    assert b"landfall_refused_parts_total" in state.counters.render()


def test_a_kill_goes_through_though_its_content_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Serve the kill over the old content when the new content fails."""
    state = serving(build_content(1))
    broken = build_content(2, definitions=build_definitions(pay_in="planned"))

    real = state._build

    async def build(scope: object, content: object, kills: object) -> object:
        return None if content is not None else await real(scope, content, kills)  # type: ignore[arg-type]

    monkeypatch.setattr(state, "_build", build)
    run(fill(state, broken, build_part("kills", Kills((build_kill(),)), 3)))
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    assert (live.content_head.revision, live.kills_head.revision) == (1, 3)


def test_a_fresh_node_outlives_content_that_broke_beside_kills(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Serve the mended content with the kills that had arrived with the broken one."""
    state = State()
    kills = build_part("kills", Kills((build_kill(),)), 1)
    with monkeypatch.context() as patch:
        patch.setattr("flags.delivery.live.build_words", _explode)
        run(fill(state, build_content(1), kills))
    assert revision_of(state) is None
    mended = build_content(2, definitions=build_definitions(pay_in="planned"))
    for _poll in range(2):
        run(fill(state, *(part for part in (mended, kills) if state.wants(part.key, part.head))))
    live = state.current(APP, ENVIRONMENT)
    assert live is not None
    assert (live.content_head.revision, len(live.kills.switches)) == (2, 1)


def _explode(*_arguments: object) -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("body", [b"{", b"{}", b"\xff", b"[" * 9999])
def test_bytes_that_cannot_be_decoded_are_unreadable(body: bytes) -> None:
    """Refuse a part before it comes near the loop."""
    part = StoredPart(PartKey(ENVIRONMENT, APP, "content"), Head(1, 1, digest(body)), body)
    with pytest.raises(UnreadablePart) as caught:
        prepare(part, find_nothing)
    assert not caught.value.passing


def test_a_wrong_digest_may_be_better_next_time() -> None:
    """Fetch again what was damaged on the way."""
    whole = build_content(1)
    part = StoredPart(whole.key, whole.head, whole.body + b" ")
    with pytest.raises(UnreadablePart) as caught:
        prepare(part, build_texts()[1].get)
    assert caught.value.passing


def test_content_whose_texts_are_missing_is_not_served() -> None:
    """Never serve a manifest that names a text that is not there."""
    with pytest.raises(UnreadablePart) as caught:
        prepare(build_content(1), find_nothing)
    assert caught.value.passing


def test_content_of_another_scope_is_refused() -> None:
    """Refuse content that lies under another scope's key."""
    part = build_content(1, definitions=build_definitions(app="other"))
    with pytest.raises(UnreadablePart):
        prepare(part, build_texts()[1].get)


def test_texts_of_the_revision_before_stay() -> None:
    """Keep the bundles that clients were told of a moment ago."""
    state = serving(build_content(1))
    bare = build_part("content", {"definitions": build_definitions(), "texts": {}}, 2)
    run(fill(state, bare))
    assert build_texts()[1].keys() == state.blobs.keys()
    run(fill(state, build_part("content", {"definitions": build_definitions(), "texts": {}}, 3)))
    assert state.blobs == {}


def test_a_change_of_words_keeps_the_compiled_flags() -> None:
    """Compile nothing when only texts changed, and keep the flags' revision."""
    state = serving(build_content(1))
    before = state.current(APP, ENVIRONMENT)
    run(fill(state, build_part("content", {"definitions": build_definitions(), "texts": {}}, 2)))
    after = state.current(APP, ENVIRONMENT)
    assert before is not None
    assert after is not None
    assert before.snapshot is after.snapshot
    assert (after.flags_revision, after.revision) == (1, 2)


def test_listeners_hear_whom_a_change_concerns() -> None:
    """Tell the territories of the offers that changed."""
    heard: list[Change] = []
    state = serving(build_content(1))
    state.on_change.append(heard.append)
    run(fill(state, build_content(2, definitions=build_definitions(pay_in="withdrawn"))))
    assert [(change.revision, change.territories) for change in heard] == [(2, ("SG",))]


def test_a_revoked_token_is_unknown_at_once() -> None:
    """Forget tokens and their stream channels with the access part."""
    state = serving(build_part("access", build_access(), 1))
    token = digest(FRONTEND.encode())
    assert token in state.tokens
    assert derive_channel(token) in state.channels
    run(fill(state, build_part("access", build_access(without=[FRONTEND]), 2)))
    assert token not in state.tokens
    assert derive_channel(token) not in state.channels


def test_a_node_is_ready_once_all_that_is_published_is_served() -> None:
    """Wait for every part that a source has named; afterwards stay in the balancer."""
    state = State()
    access, content = build_part("access", build_access(), 1), build_content(1)
    kills = build_part("kills", Kills(), 1)
    state.hear({part.key: part.head for part in (access, content, kills)})
    run(fill(state, access, content))
    assert not state.is_ready()
    run(fill(state, content, kills))
    assert state.is_ready()
    state.hear({PartKey(ENVIRONMENT, "newer-app", "content"): content.head})
    assert state.is_ready()


def test_a_restarted_node_is_as_old_as_what_it_keeps() -> None:
    """Count the silence before the process began, until a source answers."""
    state = State()
    state.grow_older(3600)
    assert state.age_seconds() >= 3600
    state.hear({})
    assert state.age_seconds() < 5


def test_views_are_ready_before_anybody_sees_them() -> None:
    """What backend SDKs ask for is rendered in steps, before the swap."""
    seen: list[tuple[str, int | None]] = []
    state = State()

    def note(view: View, app: str) -> Generator[None, None, None]:
        seen.append((app, revision_of(state)))
        view.bodies["ready"] = (b"etag", b"body")
        yield

    state.before_view.append(note)
    run(fill(state, build_part("access", build_access(), 1), build_content(1)))
    assert seen == [(APP, None), ("*", None)]
    view = state.view(APP, ENVIRONMENT)
    assert view is not None
    assert "ready" in view.bodies
