"""PURE: evaluate one feature, all features, or all features to bytes.

Directly, gates are asked in order for one context. Otherwise a context's class is looked
up and its plan is read: the same gates, asked once for everybody of the class. Gates see
a person through declared atoms and flips only, so both ways give the same answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from flags.engine.atoms import Atom
from flags.engine.compiled import (
    CompiledFeature,
    CompiledSnapshot,
    Dated,
    Era,
    Glance,
    Group,
    GroupView,
    Pattern,
    Plan,
    Whole,
    is_plain,
)
from flags.engine.context import Context
from flags.engine.gates.known import answer_unknown
from flags.engine.outcomes import Answers, Chance, Credit, Decision, Open, Outcome
from flags.engine.pages import Answer, Renderer, render_whole
from flags.engine.result import Evaluation
from flags.engine.tables import OPEN_BYTES, OUTCOME_BYTES, PLAN_BYTES, POINTER_BYTES, Table, weigh
from regions.zones import EARLIEST, LATEST

_NOTHING = Credit()
_at = attrgetter("at")
LAST_NOW = LATEST - timedelta.resolution


def evaluate(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> Evaluation:
    """Return the evaluation of one feature; never raises."""
    home = snapshot.homes.get(feature_key)
    if home is None:
        return answer_unknown(feature_key)
    view, place = home
    try:
        seen: Glance = tuple(map(context.properties.get, view.fields))
        if view.others:
            seen += tuple(
                [
                    (dial.table.young.get(raw := dial.raw(context)) or dial.find(raw)).numbers[slot]
                    for dial, slot in view.others
                ]
            )
        plan = view.group.glances.young.get(seen)
        if (
            plan is None
            or context.unreadable
            or context.as_of
            or not plan.starts <= context.now < plan.ends
        ):
            plan = _find_plan(snapshot, view, context, seen)
    except Exception:  # noqa: BLE001  # an answer always comes back
        return evaluate_directly(snapshot, feature_key, context)
    decision = plan.decisions[place]
    if isinstance(decision, Outcome):
        return decision.evaluation
    return decision.settle(context).evaluation


def evaluate_all(snapshot: CompiledSnapshot, context: Context) -> list[Evaluation]:
    """Return the evaluations of all features in the order of their keys; never raises."""
    plans = find_whole(snapshot, context).plans
    decisions = [plans[number].decisions[place] for number, place in snapshot.order]
    return [settle(decision, context).evaluation for decision in decisions]


def evaluate_some(
    snapshot: CompiledSnapshot, feature_keys: Iterable[str], context: Context
) -> list[Evaluation]:
    """Return evaluations of features that the snapshot has, for a proof of few among many.

    Their gates are asked for this context alone and nothing is remembered; never raises.
    """
    reader = ContextReader(snapshot, context)
    decisions = [reader.decide(key) for key in feature_keys]
    return [settle(one, context).evaluation for one in decisions if one is not None]


def evaluate_directly(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> Evaluation:
    """Ask the gates for this context alone, remembering nothing; never raises."""
    feature = snapshot.features.get(feature_key)
    if feature is None:
        return answer_unknown(feature_key)
    decision = ContextReader(snapshot, context).decide(feature_key)
    if decision is None:
        return feature.answers.error("undecided").evaluation
    return settle(decision, context).evaluation


def could_be_on(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> bool:
    """Tell whether a feature is on for a context, or would be for some hash of its person."""
    decision = ContextReader(snapshot, context).decide(feature_key)
    return isinstance(decision, Open) or (decision is not None and decision.on)


def answer(snapshot: CompiledSnapshot, context: Context, renderer: Renderer) -> Answer:
    """Return all features to bytes: settled ones as joined before, then the open ones."""
    return render_whole(find_whole(snapshot, context), context, renderer)


def next_flip(snapshot: CompiledSnapshot, after: datetime) -> Dated | None:
    """Return the first instant past `after` at which a dated rule flips, and for whom.

    No territories mean that everybody is concerned. None when nothing is dated any more.
    """
    place = bisect_right(snapshot.dated, after, key=_at)
    return snapshot.dated[place] if place < len(snapshot.dated) else None


def last_flip(snapshot: CompiledSnapshot, now: datetime) -> datetime | None:
    """Return the last instant up to `now`, inclusive, at which a dated rule flipped."""
    place = bisect_right(snapshot.dated, now, key=_at)
    return snapshot.dated[place - 1].at if place else None


class ContextReader:
    """What gates may know of one context; decides each feature once."""

    __slots__ = ("_cells", "_decided", "_values", "context", "credit", "memo", "now", "snapshot")

    def __init__(self, snapshot: CompiledSnapshot, context: Context) -> None:
        """Read nothing yet."""
        self.snapshot = snapshot
        self.context = context
        # Where a rule has no end it ends with the calendar, and nobody may ask from there.
        self.now = min(context.now, LAST_NOW)
        self.credit = _NOTHING
        self._values: dict[str, Any] = {}
        self._cells: dict[Atom, Any] = {}
        self.memo: dict[Atom, Any] = {}
        self._decided: dict[str, Decision] = {}

    def cell(self, atom: Atom) -> Any:
        """Return the atom's cell for this context."""
        found = self._cells.get(atom, self)
        if found is self:
            name = atom.attribute
            if name not in self._values:
                self._values[name] = self.snapshot.attributes[name].read(self.context)
            found = self._cells[atom] = atom.read(self._values[name])
        return found

    def passed(self, at: datetime) -> bool:
        """Tell whether the instant is now or in the past."""
        return at <= self.now

    def decide(self, key: str) -> Decision | None:
        """Ask a feature's gates in order, up to the first that closes it."""
        decision = self._decided.get(key)
        if decision is None:
            feature = self.snapshot.features.get(key)
            if feature is None:
                return None
            outer = self.credit
            self.credit = _NOTHING
            decision = self._decided[key] = self._ask(feature)
            self.credit = outer
        return decision

    def _ask(self, feature: CompiledFeature) -> Decision:
        chances: list[Chance] = []
        try:
            for _name, gate in feature.gates:
                verdict = gate.check(self)
                if isinstance(verdict, Outcome):
                    return _decision(feature.answers, chances, verdict)
                if verdict is not None:
                    chances.append(verdict)
        except Exception as error:  # noqa: BLE001  # an answer always comes back
            return feature.answers.error(error)
        # Targeting, the last gate, left the rest to chance: it never passes.
        return _decision(feature.answers, chances, feature.answers.error("undecided"))


def _decision(answers: Answers, chances: list[Chance], last: Outcome) -> Decision:
    return Open(answers, tuple(chances), last) if chances else last


def settle(decision: Decision, context: Context) -> Outcome:
    """Return the person's outcome of a decision."""
    return decision if isinstance(decision, Outcome) else decision.settle(context)


def find_whole(snapshot: CompiledSnapshot, context: Context) -> Whole:
    """Return the plans of the context's class, over all groups; never raises.

    A context whose class cannot be told is planned for itself and not remembered.
    """
    view = snapshot.view
    try:
        seen: Glance = tuple(map(context.properties.get, view.fields))
        if view.others:
            seen += tuple(
                [
                    (dial.table.young.get(raw := dial.raw(context)) or dial.find(raw)).number
                    for dial, _slot in view.others
                ]
            )
        whole = snapshot.glances.young.get(seen)
        if (
            whole is None
            or context.unreadable
            or context.as_of
            or not whole.starts <= context.now < whole.ends
        ):
            whole = _look_up_whole(snapshot, context, seen)
    except Exception:  # noqa: BLE001  # an answer always comes back
        reader = ContextReader(snapshot, context)
        table: Table[Any, Any] = Table()
        plans = tuple(
            Plan(_decide_all(snapshot, group, reader), EARLIEST, LATEST, table)
            for group in snapshot.groups
        )
        return Whole(plans, EARLIEST, LATEST, table)
    return whole


def _find_plan(snapshot: CompiledSnapshot, view: GroupView, context: Context, seen: Glance) -> Plan:
    """Return the plan of a context's class in one group, asking the gates if there is none."""
    group = view.group
    cells = tuple([dial.look(context).numbers[slot] for dial, slot in view.paths])
    index = bisect_right(group.timeline, context.now)
    plan = group.plans.get((index, cells))
    if plan is None:
        plan = _make_plan(snapshot, group, index, cells, ContextReader(snapshot, context))
    if is_plain(context, seen):
        group.glances.put(seen, plan, weigh(seen))
    return plan


def _look_up_whole(snapshot: CompiledSnapshot, context: Context, seen: Glance) -> Whole:
    """Return the whole of a context's class, by the patterns of everything it says."""
    era = snapshot.find_era(context.now)
    patterns = [dial.look(context) for dial in snapshot.dials]
    key = (era.number, *[pattern.number for pattern in patterns])
    whole = snapshot.wholes.get(key) or _make_whole(snapshot, context, key, era, patterns)
    if is_plain(context, seen):
        snapshot.glances.put(seen, whole, weigh(seen))
    return whole


def _make_whole(
    snapshot: CompiledSnapshot, context: Context, key: Any, era: Era, patterns: list[Pattern]
) -> Whole:
    """Collect the plan of each group, asking the gates where there is none yet."""
    reader = ContextReader(snapshot, context)
    plans = []
    for group, slots, index in zip(snapshot.groups, snapshot.slots, era.indices, strict=True):
        cells = tuple([patterns[dial].numbers[slot] for dial, slot in slots])
        plan = group.plans.get((index, cells))
        if plan is None:
            plan = _make_plan(snapshot, group, index, cells, reader)
        plans.append(plan)
    whole = Whole(tuple(plans), era.starts, era.ends, snapshot.wholes)
    snapshot.made += 1
    snapshot.wholes.put(key, whole, weigh(key) + PLAN_BYTES + POINTER_BYTES * len(plans))
    return whole


def _make_plan(
    snapshot: CompiledSnapshot,
    group: Group,
    index: int,
    cells: tuple[int, ...],
    reader: ContextReader,
) -> Plan:
    """Ask the gates of a group's features for one context, on behalf of its class."""
    timeline = group.timeline
    plan = Plan(
        _decide_all(snapshot, group, reader),
        timeline[index - 1] if index else EARLIEST,
        timeline[index] if index < len(timeline) else LATEST,
        group.plans,
    )
    group.plans_made += 1
    snapshot.made += 1
    group.plans.put((index, cells), plan, weigh(cells) + _weigh_plan(plan))
    return plan


def _decide_all(
    snapshot: CompiledSnapshot, group: Group, reader: ContextReader
) -> tuple[Decision, ...]:
    return tuple(
        reader.decide(key) or snapshot.features[key].answers.error("undecided")
        for key in group.keys
    )


def _weigh_plan(plan: Plan) -> int:
    """Estimate the bytes of a plan, with the outcomes that it is the first to hold."""
    size = PLAN_BYTES + POINTER_BYTES * len(plan.decisions)
    for one in plan.decisions:
        if isinstance(one, Open):
            size += OPEN_BYTES
        elif not one.counted:
            one.counted = True
            size += OUTCOME_BYTES
    return size
