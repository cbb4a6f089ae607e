"""PURE: the bytes that Unleash's backend SDKs fetch, with everything in one body."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from msgspec import Raw

from flags.engine.lower import LoweredDefinitions
from flags.wire.states import EVERYTHING, Narrowing, Selection, select, write_state
from flags.wire.unleash_import import UnreadablePayload, parse_features
from flags.wire.unleash_write import write_inline
from regions import canonical

__all__ = [
    "UnreadablePayload",
    "build_feature",
    "parse_features",
    "render_features",
    "render_selection",
]

VERSION = 2
Made = TypeVar("Made")


def render_features(
    lowered: Sequence[LoweredDefinitions],
    *,
    environment: str,
    revision: int = 0,
    inline_segments: bool = False,
    narrowing: Narrowing = EVERYTHING,
    query: dict[str, Any] | None = None,
) -> bytes:
    """Return the body of `GET /api/client/features` for one or several apps."""
    state = _run(write_state(lowered))
    return render_selection(
        _run(select(state, narrowing, inline=inline_segments)),
        environment=environment,
        revision=revision,
        inline_segments=inline_segments,
        query=query,
    )


def render_selection(
    selection: Selection,
    *,
    environment: str,
    revision: int = 0,
    inline_segments: bool = False,
    query: dict[str, Any] | None = None,
) -> bytes:
    """Return the body of what was selected.

    Features are sorted by name and segments by id, since Edge hashes bodies.
    """
    body: dict[str, Any] = {
        "version": VERSION,
        "features": [Raw(sent.body) for sent in selection.features.values()],
        "query": {
            "environment": environment,
            "inlineSegmentConstraints": inline_segments,
            **(query or {}),
        },
        "meta": {"revisionId": revision},
    }
    if not inline_segments:
        body["segments"] = [Raw(one) for one in selection.segments.values()]
    return canonical.encode(body)


def build_feature(lowered: Sequence[LoweredDefinitions], name: str) -> dict[str, Any] | None:
    """Return one feature with its segments inlined, None when there is none."""
    for scope in lowered:
        for feature in scope.features:
            if feature.key == name:
                named = {segment.id: segment for segment in scope.segments}
                return write_inline(scope.app, feature, named)
    return None


def _run(steps: Generator[None, None, Made]) -> Made:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            made: Made = stop.value
            return made
