"""PURE: what compile makes and evaluate reads.

Gates, atoms and flips of every feature; groups of features that read the same; bounded
tables in which classes and plans are remembered. `evaluate` and `pages` fill them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from flags.engine.atoms import REMEMBERED_LENGTH_MAX, Atom, Attribute
from flags.engine.context import Context
from flags.engine.definitions import Definitions, Feature, KillSwitch
from flags.engine.outcomes import Answers, Decision, Finding, Gate
from flags.engine.tables import (
    PLAN_BYTES,
    POINTER_BYTES,
    PURSE_ANSWER_BYTES,
    PURSE_BYTES,
    PURSE_MOST_BYTES,
    Purse,
    Table,
    weigh,
)
from regions.zones import EARLIEST, LATEST

# Of one outcome, plan or whole: protocols and the locales of manifests.
RENDERERS_MAX = 64


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

    __slots__ = ("decisions", "ends", "pages", "starts", "table")

    def __init__(
        self,
        decisions: tuple[Decision, ...],
        starts: datetime,
        ends: datetime,
        table: Table[Any, Any],
    ) -> None:
        """Take the decisions in the order of the group's keys, and who counts the pages."""
        self.table = table
        self.decisions = decisions
        self.starts = starts
        self.ends = ends
        self.pages: dict[str, Any] = {}


class Group:
    """Features that read the same attributes; a class and its plan are taken per group."""

    __slots__ = (
        "asked",
        "closure",
        "give",
        "glances",
        "keys",
        "numbers",
        "plans",
        "plans_made",
        "timeline",
    )

    def __init__(self, closure: tuple[CompiledFeature, ...], keys: tuple[str, ...]) -> None:
        """Collect what the features and all that they need, the closure, ask for."""
        self.keys = keys
        self.closure = closure
        atoms: dict[str, dict[Hashable, Atom]] = {}
        for feature in self.closure:
            for atom in feature.atoms:
                atoms.setdefault(atom.attribute, {}).setdefault(atom.key, atom)
        self.asked = {name: tuple(atoms[name].values()) for name in sorted(atoms)}
        self.timeline = tuple(sorted({flip.at for one in self.closure for flip in one.flips}))
        self.numbers: dict[str, Table[Hashable, int]] = {name: Table() for name in self.asked}
        # Numbers are never given twice, so that no old plan is ever met by mistake.
        self.give = count().__next__
        self.plans: Table[Hashable, Plan] = Table()
        self.plans_made = 0
        self.glances: Table[Glance, Plan] = Table()

    def number(self, name: str, value: Any) -> int:
        """Return the number of the value's cells; equal cells have the same number."""
        cells = tuple([atom.read(value) for atom in self.asked[name]])
        numbers = self.numbers[name]
        number = numbers.get(cells)
        if number is None:
            number = self.give()
            numbers.put(cells, number, PLAN_BYTES + POINTER_BYTES * len(cells))
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
        self.table: Table[Hashable, Pattern] = Table()
        self.known: Table[tuple[int, ...], Pattern] = Table()
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
                pattern = Pattern(self.give(), numbers)
                self.known.put(numbers, pattern, weigh(numbers))
            if measure(raw) <= REMEMBERED_LENGTH_MAX:
                self.table.put(raw, pattern, weigh(raw))
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

    __slots__ = ("ends", "pages", "plans", "starts", "table")

    def __init__(
        self,
        plans: tuple[Plan, ...],
        starts: datetime,
        ends: datetime,
        table: Table[Any, Any],
    ) -> None:
        """Take a plan for each group, and who counts the pages."""
        self.table = table
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
        self.glances: Table[Glance, Whole] = Table()
        self.flips = tuple(sorted({at for group in groups for at in group.timeline}))
        self.era = self._find_era(EARLIEST)
        self.wholes: Table[Hashable, Whole] = Table()
        self.homes = {
            key: (view, place)
            for view, group in zip(self.views, groups, strict=True)
            for place, key in enumerate(group.keys)
        }
        # How many classes and plans were made; it only goes up.
        self.made = 0
        self.purse = self._share_purse()
        numbers = {key: i for i, group in enumerate(groups) for key in group.keys}
        self.order = tuple((numbers[key], self.homes[key][1]) for key in self.feature_keys)

    def _share_purse(self) -> Purse:
        """Have all tables spend from one purse; kept groups bring what they hold."""
        answers = len(self.features) * len(self.definitions.territories)
        limit_bytes = min(max(PURSE_BYTES, PURSE_ANSWER_BYTES * answers), PURSE_MOST_BYTES)
        purse = Purse(limit_bytes, self._forget_outcomes)
        purse.adopt(self.wholes)
        purse.adopt(self.glances)
        for dial in self.dials:
            purse.adopt(dial.table)
            purse.adopt(dial.known)
        for group in self.groups:
            purse.adopt(group.plans)
            purse.adopt(group.glances)
            for numbers in group.numbers.values():
                purse.adopt(numbers)
        return purse

    def _forget_outcomes(self) -> None:
        for feature in self.features.values():
            feature.answers.forget()

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
