"""What has to hold before a snapshot may be published.

Only stored promises, a sample of people and the bytes themselves are looked at here;
nothing is read from or written to the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from flags.engine.compile import UNFORESEEN, compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.definitions import Definitions
from flags.engine.evaluate import evaluate, evaluate_all, evaluate_some, next_flip
from flags.engine.gates.known import BrokenGate
from flags.engine.outcomes import Finding
from flags.engine.result import Evaluation, Reason
from flags.publishing.snapshot import Content, decode_content
from flags.queries.definitions import Promise
from flags.wire.context import read_context
from regions import canonical


class UnableToPublish(Exception):
    """A scope cannot be published; what was published before stays live."""

    def __init__(self, scope: str, reason: str) -> None:
        super().__init__(f"{scope} cannot be published: {reason}")
        self.scope = scope
        self.reason = reason


def prove_bytes(scope: str, body: bytes) -> Content:
    """Return the content as a node will read it; its bytes must come out the same."""
    content = decode_content(body)
    if canonical.digest(canonical.encode(content)) != canonical.digest(body):
        raise UnableToPublish(scope, "its bytes change when they are read and written again")
    return content


@dataclass(frozen=True, slots=True)
class Proof:
    """A snapshot that was proved in this process, with its promises, at this time."""

    snapshot: CompiledSnapshot
    promises: tuple[Promise, ...]
    at: datetime


def find_unproved(
    snapshot: CompiledSnapshot, before: Proof | None, *, now: datetime
) -> frozenset[str]:
    """Return the features of which an earlier proof does not tell the outcome.

    What the compiler kept, with all that it needs, answers the same people as before, as long
    as no dated rule of it has flipped since.
    """
    every = frozenset(snapshot.features)
    if before is None or now < before.at:
        return every
    flip = next_flip(before.snapshot, before.at)
    if flip is not None and flip.at <= now:
        return every
    if before.snapshot.definitions.territories != snapshot.definitions.territories:
        return every
    needed_by: dict[str, list[str]] = {}
    for key, feature in snapshot.features.items():
        for need in feature.needs:
            needed_by.setdefault(need, []).append(key)
    old = before.snapshot.features
    waiting = [key for key, feature in snapshot.features.items() if old.get(key) is not feature]
    waiting += [key for gone in old.keys() - every for key in needed_by.get(gone, ())]
    found: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += needed_by.get(key, ())
    return frozenset(found)


def prove_sample(
    scope: str,
    snapshot: CompiledSnapshot,
    *,
    now: datetime,
    unproved: frozenset[str] | None = None,
) -> int:
    """Evaluate features for three people of each territory; return how many people.

    All features, or those that are left to prove. A feature that the compiler itself named
    as broken is off, and harms no other: only errors that nobody foresaw refuse.
    """
    named = {finding.feature for finding in list_broken(snapshot)}
    some = None if unproved is None or len(unproved) == len(snapshot.features) else unproved
    people = 0
    for _label, sample in sample_people(snapshot.definitions):
        people += 1
        context = read_sample(sample, snapshot.definitions, now)
        answers = (
            evaluate_all(snapshot, context)
            if some is None
            else evaluate_some(snapshot, sorted(some), context)
        )
        for evaluation in answers:
            if evaluation.reason == Reason.ERROR and evaluation.feature not in named:
                raise UnableToPublish(
                    scope,
                    f"“{evaluation.feature}” cannot be evaluated for {sample}:"
                    f" {evaluation.detail or 'no detail'}",
                )
    return people


def list_broken(snapshot: CompiledSnapshot) -> list[Finding]:
    """List why features are off that cannot be decided, unforeseen errors apart."""
    return [
        finding
        for feature in snapshot.features.values()
        if isinstance(feature.gates[0][1], BrokenGate)
        for finding in feature.warnings
        if finding.code != UNFORESEEN
    ]


def prove_promises(
    scope: str,
    snapshot: CompiledSnapshot,
    promises: Iterable[Promise],
    *,
    now: datetime,
    before: Proof | None = None,
    unproved: frozenset[str] = frozenset(),
) -> None:
    """Check every stored expectation, or those of which an earlier proof does not tell.

    An expectation speaks of what the rows should give. It may hold as things stand, without
    any kill switch, or without any legal order either: neither a switch nor a court's block
    may ever wait until somebody has reworded what was expected. For the same reason an
    expected KILLED refuses nothing.
    """
    worlds = _Worlds(snapshot)
    kept = {one.key: one for one in before.promises} if before else {}
    for promise in promises:
        same = promise.feature in snapshot.features and promise.feature not in unproved
        if promise.reason == Reason.KILLED or (same and kept.get(promise.key) == promise):
            continue
        answers = (_ask(world, promise, now) for world in worlds)
        first = next(answers)
        if not _is_kept(promise, first) and not any(_is_kept(promise, got) for got in answers):
            raise UnableToPublish(scope, _tell(promise, first))


class _Worlds:
    """The snapshot, then itself without kill switches, then without legal orders either.

    Each is compiled when it is first asked for.
    """

    def __init__(self, snapshot: CompiledSnapshot) -> None:
        self.snapshot = snapshot
        self.made = [snapshot]

    def __iter__(self) -> Iterator[CompiledSnapshot]:
        definitions = self.snapshot.definitions
        calm = (definitions, replace(definitions, orders=()))
        for number in range(1 + len(calm)):
            if number == len(self.made):
                self.made.append(compile_snapshot(calm[number - 1], previous=self.snapshot))
            yield self.made[number]


def _ask(snapshot: CompiledSnapshot, promise: Promise, now: datetime) -> Evaluation:
    asked = dict(promise.context)
    if promise.at is not None:
        asked["currentTime"] = promise.at.isoformat()
    return evaluate(snapshot, promise.feature, read_sample(asked, snapshot.definitions, now))


def _is_kept(promise: Promise, got: Evaluation) -> bool:
    same_kind = isinstance(got.value, bool) == isinstance(promise.value, bool)
    return same_kind and got.value == promise.value and promise.reason in {"", got.reason}


def _tell(promise: Promise, got: Evaluation) -> str:
    return (
        f"the promise {promise.key} says that {promise.feature} is"
        f" {_word(promise.value, promise.reason)}; with this change it would be"
        f" {_word(got.value, got.reason)}"
    )


def _word(value: object, reason: str) -> str:
    """Return `on (LIVE)`; of a value that is not on or off, the value itself."""
    if isinstance(value, bool):
        told = "on" if value else "off"
    else:
        told = json.dumps(value, ensure_ascii=False)
    return f"{told} ({reason})" if reason else told


def sample_people(definitions: Definitions) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give nobody in particular, then three people of each territory, with a label each.

    They differ in how much is known of them: only the account, where they are, everything.
    """
    yield "nobody in particular", {}
    for territory in definitions.territories:
        code = territory.code
        yield f"{code} account", {"userId": "proof-1", "accountCountry": code}
        yield (
            f"{code} location",
            {
                "userId": "proof-2",
                "locationCountry": code,
                "platform": "android",
                "osVersion": "9.0.0",
            },
        )
        yield (
            f"{code} at home",
            {
                "userId": "proof-3",
                "accountCountry": code,
                "locationCountry": code,
                "storefrontCountry": code,
                "participantCountries": [code],
                "platform": "ios",
                "osVersion": "26.0.0",
                "appVersion": "99.0.0",
                "age": "40",
            },
        )


def read_sample(asked: dict[str, Any], definitions: Definitions, now: datetime) -> Context:
    """Read a person of a proof, whose dice always show the same."""
    return read_context(
        asked, now=now, dice=_lowest, environment=definitions.environment, trusted=True
    )


def _lowest(_sides: int) -> int:
    """Throw the same number always: a proof must not depend on luck."""
    return 1
