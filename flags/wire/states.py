"""PURE: what backend SDKs may be sent of some apps at one moment, and what a query leaves of it.

A state is written once and then narrowed for every token and query; what did not change since
the state before is taken over from it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from msgspec import Struct

from flags.engine.definitions import Segment
from flags.engine.lower import LoweredDefinitions, LoweredFeature
from flags.wire.unleash_write import Writer, Written, write_inline, write_segment
from regions import canonical

_DIGITS = 12


class Narrowing(Struct, frozen=True):
    """What a query leaves: of these apps, named so, with one of these tags; empty leaves all."""

    apps: tuple[str, ...] = ()
    prefix: str = ""
    tags: tuple[str, ...] = ()

    def keeps(self, feature: LoweredFeature) -> bool:
        """Tell whether a feature is asked for by itself."""
        if not feature.key.startswith(self.prefix):
            return False
        return not self.tags or not frozenset(self.tags).isdisjoint(feature.tags)


EVERYTHING = Narrowing()


@dataclass(frozen=True, slots=True, eq=False)
class WrittenScope:
    """One app, lowered and written; `digest` is of all that any query can get of it."""

    lowered: LoweredDefinitions
    features: dict[str, tuple[LoweredFeature, Written]] = field(repr=False)
    named: dict[int, bytes] = field(repr=False)
    digest: bytes

    @property
    def app(self) -> str:
        """Return the app, which is the project on the wire."""
        return self.lowered.app

    @property
    def segments(self) -> dict[int, Segment]:
        """Return the named segments by number."""
        return {segment.id: segment for segment in self.lowered.segments}


@dataclass(frozen=True, slots=True, eq=False)
class WrittenState:
    """Several apps at one moment; `digest` names it, the same on every node."""

    scopes: tuple[WrittenScope, ...]
    digest: str

    def is_of(self, lowered: Sequence[LoweredDefinitions]) -> bool:
        """Tell whether it was written from these very values."""
        return len(self.scopes) == len(lowered) and all(
            scope.lowered is one for scope, one in zip(self.scopes, lowered, strict=True)
        )


class Sent(NamedTuple):
    """A feature or the place of one in a payload: its app and its bytes."""

    app: str
    body: bytes
    depends: bool


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What one query gets: features by name and segments by number, both sorted."""

    features: dict[str, Sent]
    segments: dict[int, bytes]


def write_state(
    lowered: Sequence[LoweredDefinitions], previous: WrittenState | None = None
) -> Generator[None, None, WrittenState]:
    """Write a state, yielding often enough for a serving loop."""
    known = {scope.app: scope for scope in previous.scopes} if previous else {}
    scopes: tuple[WrittenScope, ...] = ()
    for one in lowered:
        scopes += ((yield from _write_scope(one, known.get(one.app))),)
    digest = sha256(b"".join(scope.digest for scope in scopes)).hexdigest()[:_DIGITS]
    return WrittenState(scopes, digest)


def _write_scope(
    lowered: LoweredDefinitions, previous: WrittenScope | None
) -> Generator[None, None, WrittenScope]:
    """Write one app; a feature that is equal to the one before keeps its bytes."""
    if previous is not None and previous.lowered is lowered:
        return previous
    writer = Writer()
    before = previous.features if previous else {}
    features = {}
    hashed = sha256(lowered.app.encode())
    for feature in lowered.features:
        found = before.get(feature.key)
        if found is None or found[0] != feature:
            found = feature, writer.write(lowered.app, feature)
        features[feature.key] = found
        hashed.update(found[1].body)
        hashed.update(canonical.encode(feature.tags))
        yield
    named = {}
    for segment in lowered.segments:
        named[segment.id] = write_segment(segment.id, segment.key, segment.constraints)
        yield
    shared = {
        number: body for _, written in features.values() for number, body in written.shared.items()
    }
    for _number, body in (*sorted(named.items()), *sorted(shared.items())):
        hashed.update(body)
        yield
    return WrittenScope(lowered, features, named, hashed.digest())


def select(
    state: WrittenState, narrowing: Narrowing = EVERYTHING, *, inline: bool = False
) -> Generator[None, None, Selection]:
    """Narrow a state, with the parents of what is asked for: without them nothing depends.

    Where two apps have a feature of the same name, the first app's is sent. `inline` is for
    clients that know no segments.
    """
    chosen: dict[str, WrittenScope] = {}
    for scope in state.scopes:
        if narrowing.apps and scope.app not in narrowing.apps:
            continue
        for name, (feature, _written) in scope.features.items():
            if narrowing.keeps(feature):
                chosen.setdefault(name, scope)
        yield
        _choose_parents(chosen, scope)
        yield
    segments: dict[int, bytes] = {}
    features: dict[str, Sent] = {}
    for name in sorted(chosen):
        scope = chosen[name]
        feature, written = scope.features[name]
        needed = {number: scope.named[number] for number in written.named} | written.shared
        if inline or any(segments.get(n, body) != body for n, body in needed.items()):
            # Two segments of one number: whoever comes second says all in its own words.
            features[name] = _send_inline(scope, feature)
        else:
            segments |= needed
            features[name] = Sent(scope.app, written.body, bool(feature.dependencies))
        yield
    return Selection(features, dict(sorted(segments.items())))


def _choose_parents(chosen: dict[str, WrittenScope], scope: WrittenScope) -> None:
    """Choose what the chosen features of a scope depend on."""
    for name in [name for name, of in chosen.items() if of is scope]:
        for dependency in scope.features[name][0].dependencies:
            if dependency.feature in scope.features:
                chosen.setdefault(dependency.feature, scope)


def _send_inline(scope: WrittenScope, feature: LoweredFeature) -> Sent:
    written = write_inline(scope.app, feature, scope.segments)
    return Sent(scope.app, canonical.encode(written), bool(feature.dependencies))


def list_tags(pairs: Iterable[str]) -> list[list[str]]:
    """Return tags as Unleash repeats them in an answer: pairs of type and value."""
    return sorted(tag.split(":", 1) for tag in pairs)
