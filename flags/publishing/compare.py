"""What changed between two published revisions of a scope: rules, and answers of people.

Snapshots are kept for ever, so any two can be compared; both are asked as of one time.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TypeVar

from flags.engine.compile import compile_steps
from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.diff import (
    Pair,
    RuleChange,
    Shift,
    diff_answers,
    diff_definitions,
    list_pairs,
)
from flags.publishing.concerned import list_concerned
from flags.publishing.prove import read_sample, sample_people
from flags.publishing.snapshot import Content, decode_content, decode_kills
from flags.publishing.store import PartKey
from flags.queries.snapshots import find_first_revision, find_part_as_of
from flags.wire.context import UnreadableContext

T = TypeVar("T")

# A web node serves answers beside this (docs/decisions.md 1): work in slices, and let others in.
SLICE_SECONDS = 0.001
BREATH_SECONDS = 0.0005


class NothingPublished(Exception):
    """A scope had no content yet at a revision."""

    def __init__(self, scope: str, revision: int, first: int | None) -> None:
        came = f"; its first flags and texts came with revision {first}" if first else ""
        super().__init__(f"{scope} had nothing published at revision {revision}{came}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two revisions side by side; `people` is how many were asked."""

    before: int
    after: int
    rules: tuple[RuleChange, ...]
    shifts: tuple[Shift, ...]
    people: int
    texts: bool


@dataclass(frozen=True, slots=True)
class _Stand:
    content: Content
    snapshot: CompiledSnapshot


def compare_revisions(
    app: str,
    environment: str,
    *,
    epochs: tuple[int, int],
    revisions: tuple[int, int],
    now: datetime,
) -> Comparison:
    """Compare a scope as of two revisions, each of its own epoch.

    The people are those of every publish's proof, three of each territory of both revisions,
    and up to 300 on both sides of what changed. Costs two compiles, in slices between which
    other threads run. Raises NothingPublished.
    """
    old = _load(app, environment, epochs[0], revisions[0], None)
    new = _load(app, environment, epochs[1], revisions[1], old.snapshot)
    shifts: list[Shift] = []
    pairs = list_pairs(
        old.snapshot.definitions, new.snapshot.definitions, old.snapshot.kills, new.snapshot.kills
    )
    people = _list_people(old, new, pairs, now)
    for label, person in people:
        shifts += diff_answers(old.snapshot, new.snapshot, [(label, person)])
        time.sleep(0)
    return Comparison(
        before=revisions[0],
        after=revisions[1],
        rules=tuple(diff_definitions(pairs)),
        shifts=_gather(shifts),
        people=len(people),
        texts=old.content.texts != new.content.texts,
    )


def _load(
    app: str, environment: str, epoch: int, revision: int, previous: CompiledSnapshot | None
) -> _Stand:
    key = PartKey(environment, app, "content")
    content = find_part_as_of(key, epoch=epoch, revision=revision)
    if content is None:
        raise NothingPublished(f"{app}/{environment}", revision, find_first_revision(key, epoch))
    kills = find_part_as_of(PartKey(environment, app, "kills"), epoch=epoch, revision=revision)
    value = decode_content(content.body)
    switches = decode_kills(kills.body).switches if kills else ()
    return _Stand(value, _breathe(compile_steps(value.definitions, switches, previous)))


def _list_people(
    old: _Stand, new: _Stand, pairs: list[Pair], now: datetime
) -> list[tuple[str, Context]]:
    """Return the samples of both revisions and the people of the changes, each label once."""
    was, made = old.snapshot.definitions, new.snapshot.definitions
    samples = dict(chain(sample_people(was), sample_people(made)))
    samples |= dict(list_concerned(pairs, was, made))
    people = []
    for label, asked in samples.items():
        # A rule may compare with a text that no context may hold; nobody can be asked with it.
        with suppress(UnreadableContext):
            people.append((label, read_sample(asked, made, now)))
    return people


def _gather(shifts: list[Shift]) -> tuple[Shift, ...]:
    """Tell people together to whom the same happens."""
    found: dict[str, tuple[Shift, list[str]]] = {}
    for shift in shifts:
        same = repr((shift.feature, shift.before, shift.after))
        found.setdefault(same, (shift, []))[1].extend(shift.people)
    told = [
        Shift(feature=one.feature, before=one.before, after=one.after, people=tuple(labels))
        for one, labels in found.values()
    ]
    return tuple(sorted(told, key=lambda shift: shift.feature))


def _breathe(steps: Generator[None, None, T]) -> T:
    """Run steps, resting after each slice."""
    until = time.perf_counter() + SLICE_SECONDS
    while True:
        try:
            next(steps)
        except StopIteration as end:
            built: T = end.value
            return built
        if time.perf_counter() >= until:
            time.sleep(BREATH_SECONDS)
            until = time.perf_counter() + SLICE_SECONDS
