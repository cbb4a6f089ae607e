"""PURE: evaluate one feature, all features, or all features to bytes.

Directly, gates are asked in order for one context. Otherwise a context's class is looked
up and its plan is read: the same gates, asked once for everybody of the class. Gates see
a person through declared atoms and flips only, so both ways give the same answer.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from flags.engine.atoms import Atom
from flags.engine.compiled import (
    RENDERERS_MAX,
    CompiledFeature,
    CompiledSnapshot,
    Dated,
    Era,
    Page,
    Pattern,
    Plan,
    Whole,
)
from flags.engine.context import Context
from flags.engine.gates.known import answer_unknown
from flags.engine.outcomes import (
    Answers,
    Chance,
    Credit,
    Decision,
    Fragment,
    Open,
    Outcome,
)
from flags.engine.result import Evaluation

_NOTHING = Credit()
_DIGEST_BYTES = 16
_at = attrgetter("at")


class Renderer(Protocol):
    """Turns evaluations into bytes; renderers of one name are interchangeable."""

    name: str

    def render(self, evaluation: Evaluation) -> bytes:
        """Return the evaluation's bytes, none when it is left out."""
        ...


class Answer(NamedTuple):
    """All features of a person, rendered.

    Each fragment is one or more rendered evaluations, joined with commas; the body of a
    list is `b",".join(fragments)`. `etag` is strong and quoted, and equal when they are.
    """

    etag: str
    fragments: list[bytes]


def evaluate(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> Evaluation:
    """Return the evaluation of one feature; never raises."""
    home = snapshot.homes.get(feature_key)
    if home is None:
        return answer_unknown(feature_key)
    number, place = home
    try:
        cells = tuple(
            [
                (dial.table.young.get(raw := dial.raw(context)) or dial.find(raw)).numbers[slot]
                for dial, slot in snapshot.paths[number]
            ]
        )
        key = (snapshot.find_era(context.now).indices[number], cells)
        plan = snapshot.groups[number].plans.get(key)
        if plan is None:
            plan = _make_plan(snapshot, number, ContextReader(snapshot, context))
            snapshot.groups[number].plans.put(key, plan)
    except Exception:  # noqa: BLE001  # an answer always comes back
        return evaluate_directly(snapshot, feature_key, context)
    return settle(plan.decisions[place], context).evaluation


def evaluate_all(snapshot: CompiledSnapshot, context: Context) -> list[Evaluation]:
    """Return the evaluations of all features in the order of their keys; never raises."""
    plans = find_whole(snapshot, context).plans
    decisions = [plans[number].decisions[place] for number, place in snapshot.order]
    return [settle(decision, context).evaluation for decision in decisions]


def evaluate_directly(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> Evaluation:
    """Ask the gates for this context alone, remembering nothing; never raises."""
    feature = snapshot.features.get(feature_key)
    if feature is None:
        return answer_unknown(feature_key)
    decision = ContextReader(snapshot, context).decide(feature_key)
    if decision is None:
        return feature.answers.error("undecided").evaluation
    return settle(decision, context).evaluation


def answer(snapshot: CompiledSnapshot, context: Context, renderer: Renderer) -> Answer:
    """Return all features to bytes: settled ones as joined before, open ones in key order."""
    whole = find_whole(snapshot, context)
    page = whole.pages.get(renderer.name)
    if page is None:
        page = _make_page(whole, renderer)
    if not page.opens:
        return page.answer
    fragments = page.answer.fragments.copy()
    digests = [page.digest]
    name = renderer.name
    for one in page.opens:
        outcome = one.settle(context)
        fragment = outcome.fragments.get(name) or _render(outcome, renderer)
        if fragment.body:
            fragments.append(fragment.body)
            digests.append(fragment.digest)
    return Answer(_etag(b"".join(digests)), fragments)


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

    __slots__ = ("_decided", "_values", "context", "credit", "now", "snapshot")

    def __init__(self, snapshot: CompiledSnapshot, context: Context) -> None:
        """Read nothing yet."""
        self.snapshot = snapshot
        self.context = context
        self.now = context.now
        self.credit = _NOTHING
        self._values: dict[str, Any] = {}
        self._decided: dict[str, Decision] = {}

    def cell(self, atom: Atom) -> Any:
        """Return the atom's cell for this context."""
        name = atom.attribute
        if name not in self._values:
            self._values[name] = self.snapshot.attributes[name].read(self.context)
        return atom.read(self._values[name])

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
    try:
        era = snapshot.find_era(context.now)
        patterns = [
            dial.table.young.get(raw := dial.raw(context)) or dial.find(raw)
            for dial in snapshot.dials
        ]
        key = (era.number, *[pattern.number for pattern in patterns])
        return snapshot.wholes.get(key) or _make_whole(snapshot, context, key, era, patterns)
    except Exception:  # noqa: BLE001  # an answer always comes back
        reader = ContextReader(snapshot, context)
        return Whole(tuple(_make_plan(snapshot, i, reader) for i in range(len(snapshot.groups))))


def _make_whole(
    snapshot: CompiledSnapshot, context: Context, key: Any, era: Era, patterns: list[Pattern]
) -> Whole:
    """Collect the plan of each group, asking the gates where there is none yet."""
    reader = ContextReader(snapshot, context)
    plans = []
    for number, group in enumerate(snapshot.groups):
        cells = tuple([patterns[dial].numbers[slot] for dial, slot in snapshot.slots[number]])
        group_key = (era.indices[number], cells)
        plan = group.plans.get(group_key)
        if plan is None:
            plan = _make_plan(snapshot, number, reader)
            group.plans.put(group_key, plan)
        plans.append(plan)
    whole = Whole(tuple(plans))
    snapshot.wholes.put(key, whole)
    return whole


def _make_plan(snapshot: CompiledSnapshot, number: int, reader: ContextReader) -> Plan:
    """Ask the gates of a group's features for one context, on behalf of its class."""
    return Plan(
        tuple(
            reader.decide(key) or snapshot.features[key].answers.error("undecided")
            for key in snapshot.groups[number].keys
        )
    )


class WholePage(NamedTuple):
    """A whole as one renderer shows it: the settled features' answer, and the open ones."""

    answer: Answer
    digest: bytes
    opens: tuple[Open, ...]


def _make_page(whole: Whole, renderer: Renderer) -> WholePage:
    pages = [plan.pages.get(renderer.name) or _render_plan(plan, renderer) for plan in whole.plans]
    full = [page for page in pages if page.body]
    digest = _digest(b"".join(page.digest for page in full))
    made = WholePage(
        answer=Answer(_etag(digest), [page.body for page in full]),
        digest=digest,
        opens=tuple(one for page in pages for one in page.opens),
    )
    _bound(whole.pages)
    whole.pages[renderer.name] = made
    return made


def _render_plan(plan: Plan, renderer: Renderer) -> Page:
    """Render a plan's settled features and join them."""
    settled = [
        one.fragments.get(renderer.name) or _render(one, renderer)
        for one in plan.decisions
        if isinstance(one, Outcome)
    ]
    full = [fragment for fragment in settled if fragment.body]
    page = Page(
        body=b",".join(fragment.body for fragment in full),
        digest=_digest(b"".join(fragment.digest for fragment in full)),
        opens=tuple(one for one in plan.decisions if isinstance(one, Open)),
    )
    _bound(plan.pages)
    plan.pages[renderer.name] = page
    return page


def _render(outcome: Outcome, renderer: Renderer) -> Fragment:
    body = renderer.render(outcome.evaluation)
    fragment = Fragment(body, _digest(body))
    _bound(outcome.fragments)
    outcome.fragments[renderer.name] = fragment
    return fragment


def _bound(pages: dict[str, Any]) -> None:
    """Forget the renderer that came first when there are too many."""
    if len(pages) >= RENDERERS_MAX:
        pages.pop(next(iter(pages)), None)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _etag(digests: bytes) -> str:
    return f'"{blake2b(digests, digest_size=_DIGEST_BYTES).hexdigest()}"'
