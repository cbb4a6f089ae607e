"""PURE: what compile makes and evaluate reads.

Gates, atoms and flips of every feature; groups of features that read the same; bounded
tables in which classes and plans are remembered. `flags.engine.evaluate` alone fills them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from flags.engine.atoms import REMEMBERED_LENGTH_MAX, Atom, Attribute
from flags.engine.context import Context
from flags.engine.definitions import Definitions, Feature, KillSwitch
from flags.engine.outcomes import Answers, Decision, Finding, Gate
from regions.zones import EARLIEST, LATEST

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# Limits of what is remembered, in entries; a table holds at most twice its limit.
VALUES_MAX = 4_096
CELLS_MAX = 16_384
PLANS_MAX = 1_024
WHOLES_MAX = 4_096
GLANCES_MAX = 16_384
RENDERERS_MAX = 64


class Table(Generic[K, V]):
    """A bounded memory in two generations: what was not asked for in a while is forgotten."""

    __slots__ = ("limit", "old", "young")

    def __init__(self, limit: int) -> None:
        """Keep between `limit` and twice as many entries."""
        self.limit = limit
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return what is remembered, moving it to the young generation."""
        value = self.young.get(key)
        if value is None and (value := self.old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value; when the young are too many, the old are forgotten."""
        if len(self.young) >= self.limit:
            self.old = self.young
            self.young = {}
        self.young[key] = value

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self.young) + len(self.old)


class CompiledFeature:
    """A feature with its gates in order; `needs` are the features that its gates decide on.

    `ingredients` is everything that it was compiled from: equal ingredients compile to the
    same thing, so the old one is kept.
    """

    __slots__ = (
        "answers",
        "atoms",
        "definition",
        "flips",
        "gates",
        "ingredients",
        "key",
        "needs",
        "places",
        "warnings",
    )

    def __init__(
        self,
        definition: Feature,
        *,
        answers: Answers,
        gates: tuple[tuple[str, Gate], ...],
        needs: tuple[str, ...],
        ingredients: object,
        warnings: tuple[Finding, ...] = (),
    ) -> None:
        """Take the gates by name, leaving out those that are always open."""
        self.key = definition.key
        self.definition = definition
        self.answers = answers
        self.gates = gates
        self.needs = needs
        self.ingredients = ingredients
        self.warnings = warnings
        # Lowering remembers here where the feature is open; nothing else reads it.
        self.places: object = None
        self.atoms = tuple(atom for _name, gate in gates for atom in gate.atoms)
        self.flips = tuple(flip for _name, gate in gates for flip in gate.flips)


class Plan:
    """What the gates decided for a class: an outcome or an open feature for each key.

    It holds for the instants `[starts, ends)`, between two flips of its group.
    """

    __slots__ = ("decisions", "ends", "pages", "starts")

    def __init__(self, decisions: tuple[Decision, ...], starts: datetime, ends: datetime) -> None:
        """Take the decisions in the order of the group's keys."""
        self.decisions = decisions
        self.starts = starts
        self.ends = ends
        self.pages: dict[str, Any] = {}


class Group:
    """Features that read the same attributes; a class and its plan are taken per group."""

    __slots__ = ("asked", "closure", "give", "glances", "keys", "numbers", "plans", "timeline")

    def __init__(self, features: Mapping[str, CompiledFeature], keys: tuple[str, ...]) -> None:
        """Collect what the features and all that they need ask for."""
        self.keys = keys
        self.closure = collect_needs(features, keys)
        atoms: dict[str, dict[Hashable, Atom]] = {}
        for feature in self.closure:
            for atom in feature.atoms:
                atoms.setdefault(atom.attribute, {}).setdefault(atom.key, atom)
        self.asked = {name: tuple(atoms[name].values()) for name in sorted(atoms)}
        self.timeline = tuple(sorted({flip.at for one in self.closure for flip in one.flips}))
        self.numbers: dict[str, dict[Hashable, int]] = {name: {} for name in self.asked}
        # Numbers are never given twice, so that no old plan is ever met by mistake.
        self.give = count().__next__
        self.plans: Table[Hashable, Plan] = Table(PLANS_MAX)
        self.glances: Table[Glance, Plan] = Table(GLANCES_MAX)

    def number(self, name: str, value: Any) -> int:
        """Return the number of the value's cells; equal cells have the same number."""
        cells = tuple([atom.read(value) for atom in self.asked[name]])
        numbers = self.numbers[name]
        number = numbers.get(cells)
        if number is None:
            if len(numbers) >= CELLS_MAX:
                numbers.clear()
            number = numbers[cells] = self.give()
        return number


def collect_needs(
    features: Mapping[str, CompiledFeature], keys: tuple[str, ...]
) -> tuple[CompiledFeature, ...]:
    """Return these features and all that they need, each once, in key order."""
    found: dict[str, CompiledFeature] = {}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        feature = features.get(key)
        if feature is not None and key not in found:
            found[key] = feature
            waiting += feature.needs
    return tuple(found[key] for key in sorted(found))


class Pattern(NamedTuple):
    """What a raw value means: a number of its own and one for each group that asks."""

    number: int
    numbers: tuple[int, ...]


class Dial:
    """One attribute as the whole snapshot reads it: raw values to patterns, remembered."""

    __slots__ = ("attribute", "give", "groups", "known", "raw", "table")

    def __init__(self, attribute: Attribute, groups: tuple[Group, ...]) -> None:
        """Take the groups that ask this attribute, in the snapshot's order."""
        self.attribute = attribute
        self.raw = attribute.raw
        self.groups = groups
        self.table: Table[Hashable, Pattern] = Table(VALUES_MAX)
        self.known: dict[tuple[int, ...], Pattern] = {}
        self.give = count().__next__

    def look(self, context: Context) -> Pattern:
        """Return the pattern of what a context says."""
        raw = self.raw(context)
        return self.table.young.get(raw) or self.find(raw)

    def find(self, raw: Hashable) -> Pattern:
        """Return the pattern of a raw value that is not among the young."""
        pattern = self.table.get(raw)
        if pattern is None:
            name = self.attribute.name
            resolve = self.attribute.resolve
            value = raw if resolve is None else resolve(raw)
            numbers = tuple([group.number(name, value) for group in self.groups])
            pattern = self.known.get(numbers)
            if pattern is None:
                if len(self.known) >= CELLS_MAX:
                    self.known.clear()
                pattern = self.known[numbers] = Pattern(self.give(), numbers)
            if measure(raw) <= REMEMBERED_LENGTH_MAX:
                self.table.put(raw, pattern)
        return pattern


class Dated(NamedTuple):
    """An instant at which answers may change; no territories mean that of everybody."""

    at: datetime
    territories: frozenset[str]


class Era(NamedTuple):
    """The time between two flips of the snapshot, and its index in each group's timeline."""

    starts: datetime
    ends: datetime
    number: int
    indices: tuple[int, ...]


class Whole:
    """One class of contexts over all groups: its plans, and its pages by renderer.

    It holds for the instants `[starts, ends)`, between two flips of the snapshot.
    """

    __slots__ = ("ends", "pages", "plans", "starts")

    def __init__(self, plans: tuple[Plan, ...], starts: datetime, ends: datetime) -> None:
        """Take a plan for each group."""
        self.plans = plans
        self.starts = starts
        self.ends = ends
        self.pages: dict[str, Any] = {}


# What is seen of a context at a glance: texts as they were sent, then numbers of patterns.
Glance = tuple[Any, ...]


class View:
    """What some features look at in a context, all of it at once.

    Most people send the same few texts as somebody before them, so these are looked up
    together: `fields` are the properties that are taken as they are, `others` the dials
    that read anything else, such as lists and ids.
    """

    __slots__ = ("fields", "others", "paths")

    def __init__(self, paths: tuple[tuple[Dial, int], ...]) -> None:
        """Take each dial with the place of the number to read in its patterns."""
        self.paths = paths
        names = [name for dial, _slot in paths for name in dial.attribute.fields]
        self.fields = tuple(dict.fromkeys(names))
        # Who asks for another time than now is never looked up at a glance.
        self.others = tuple(
            (dial, slot)
            for dial, slot in paths
            if not dial.attribute.fields and dial.attribute.name != "asOf"
        )


class GroupView(View):
    """What a group looks at, through the dials of one snapshot."""

    __slots__ = ("group",)

    def __init__(self, paths: tuple[tuple[Dial, int], ...], group: Group) -> None:
        """Take the group's dials with its places in their patterns."""
        super().__init__(paths)
        self.group = group


class CompiledSnapshot:
    """One scope, ready to be asked. Immutable but for what it remembers."""

    def __init__(
        self,
        *,
        definitions: Definitions,
        kills: tuple[KillSwitch, ...],
        features: dict[str, CompiledFeature],
        groups: tuple[Group, ...],
        attributes: Mapping[str, Attribute],
        warnings: tuple[Finding, ...],
        dated: tuple[Dated, ...],
    ) -> None:
        """Lay out dials, eras and the order of answers."""
        self.dated = dated
        self.definitions = definitions
        self.kills = kills
        self.warnings = warnings
        self.features = features
        self.feature_keys = tuple(sorted(features))
        self.groups = groups
        self.attributes = attributes
        asking = {
            name: tuple(i for i, group in enumerate(groups) if name in group.asked)
            for name in sorted({name for group in groups for name in group.asked})
        }
        self.dials = tuple(
            Dial(attributes[name], tuple(groups[i] for i in asking[name])) for name in asking
        )
        # For each group: which dials it reads and where its number stands in their patterns.
        self.slots = tuple(
            tuple(
                (dial, indices.index(i))
                for dial, indices in enumerate(asking.values())
                if i in indices
            )
            for i in range(len(groups))
        )
        self.views = tuple(
            GroupView(tuple((self.dials[dial], slot) for dial, slot in slots), group)
            for group, slots in zip(groups, self.slots, strict=True)
        )
        self.view = View(tuple((dial, 0) for dial in self.dials))
        self.glances: Table[Glance, Whole] = Table(GLANCES_MAX)
        self.flips = tuple(sorted({at for group in groups for at in group.timeline}))
        self.era = self._find_era(EARLIEST)
        self.wholes: Table[Hashable, Whole] = Table(WHOLES_MAX)
        self.homes = {
            key: (view, place)
            for view, group in zip(self.views, groups, strict=True)
            for place, key in enumerate(group.keys)
        }
        numbers = {key: i for i, group in enumerate(groups) for key in group.keys}
        self.order = tuple((numbers[key], self.homes[key][1]) for key in self.feature_keys)

    def find_era(self, now: datetime) -> Era:
        """Return the era of an instant; the last one asked for is at hand."""
        era = self.era
        if era.starts <= now < era.ends:
            return era
        era = self.era = self._find_era(now)
        return era

    def _find_era(self, now: datetime) -> Era:
        number = bisect_right(self.flips, now)
        return Era(
            starts=self.flips[number - 1] if number else EARLIEST,
            ends=self.flips[number] if number < len(self.flips) else LATEST,
            number=number,
            indices=tuple(bisect_right(group.timeline, now) for group in self.groups),
        )


def is_plain(context: Context, seen: Glance) -> bool:
    """Tell whether a context is what was seen of it at a glance, and short enough to keep."""
    return not (context.unreadable or context.as_of) and measure(seen) <= REMEMBERED_LENGTH_MAX


def measure(raw: Any) -> int:
    """Return how long a raw value is, in characters and entries."""
    if isinstance(raw, str):
        return len(raw)
    if isinstance(raw, tuple | frozenset):
        return len(raw) + sum(measure(part) for part in raw)
    return 0
