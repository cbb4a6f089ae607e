"""PURE: what differs between two people, or between two snapshots, and why.

Two people differ by what gates read of them; two snapshots by their rules and definitions.
Who is told of a changed rule is found by asking: the same people, before and after.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.definitions import Definitions, KillSwitch, Rule
from flags.engine.evaluate import evaluate, evaluate_all
from flags.engine.explain import Step, explain
from flags.engine.result import Evaluation, Reason

SAID_MAX = 200


class Told(Struct, frozen=True, rename="camel"):
    """An answer, as far as two of them are compared."""

    on: bool
    value: Any
    reason: Reason
    variant: str | None = None
    rule: Rule | None = None
    signal: str = ""
    detail: str = ""


class GateDifference(Struct, frozen=True, rename="camel"):
    """A gate that told two people apart; `read` maps a field to both of its values."""

    gate: str
    before: Step
    after: Step
    read: dict[str, tuple[str | None, str | None]] = {}


class Difference(Struct, frozen=True, rename="camel"):
    """A feature that two people get differently, and the gates that make it so."""

    feature: str
    before: Told
    after: Told
    gates: tuple[GateDifference, ...] = ()


class ContextsDiff(Struct, frozen=True, rename="camel"):
    """What two people get differently; `by_rule_alone` counts the same answers by other rules."""

    differences: list[Difference]
    by_rule_alone: int = 0


class Pair(NamedTuple):
    """A definition before and after; None where there was none, or is none any more."""

    kind: str
    key: str
    before: Any
    after: Any


class FieldChange(Struct, frozen=True, rename="camel"):
    """A field of a definition, and what stood and what stands in it; long values are cut."""

    name: str
    before: str
    after: str


class RuleChange(Struct, frozen=True, rename="camel"):
    """A definition that was added, removed or changed; `fields` say what changed in it."""

    kind: str
    key: str
    change: str
    fields: tuple[FieldChange, ...] = ()
    owner: str = ""
    reason: str = ""


class Shift(Struct, frozen=True, rename="camel"):
    """A feature that changed alike for everybody named in `people`."""

    feature: str
    before: Told
    after: Told
    people: tuple[str, ...]


def diff_contexts(
    snapshot: CompiledSnapshot,
    before: Context,
    after: Context,
    *,
    feature_key: str = "",
    rules: bool = False,
    explained_max: int = sys.maxsize,
) -> ContextsDiff:
    """Name the features that two people get differently, in key order, and why.

    The same answer by another rule is counted, and named only with `rules`; luck makes no
    difference, so both throw the same dice. Costs two evaluations of everything, and two
    explanations for each feature named, up to `explained_max`; those beyond carry no gates.
    """
    before, after = replace(before, dice=_lowest), replace(after, dice=_lowest)
    if feature_key:
        pairs = [tuple(evaluate(snapshot, feature_key, one) for one in (before, after))]
    else:
        asked = (evaluate_all(snapshot, before), evaluate_all(snapshot, after))
        pairs = [tuple(pair) for pair in zip(*asked, strict=True)]
    differing = [(one, other) for one, other in pairs if one != other]
    answers = [pair for pair in differing if _is_another_answer(*pair)]
    found = [
        Difference(
            feature=one.feature,
            before=_told(one),
            after=_told(other),
            gates=_diff_gates(snapshot, one.feature, before, after)
            if number < explained_max
            else (),
        )
        for number, (one, other) in enumerate(differing if rules else answers)
    ]
    return ContextsDiff(differences=found, by_rule_alone=len(differing) - len(answers))


def list_pairs(
    before: Definitions,
    after: Definitions,
    kills_before: tuple[KillSwitch, ...] = (),
    kills_after: tuple[KillSwitch, ...] = (),
) -> list[Pair]:
    """Set the definitions that differ side by side, None where one side has none.

    Kill switches first, then kinds in the order of their fields, each by key.
    """
    pairs = _pair_kind("kills", kills_before, kills_after)
    for field in fields(Definitions):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if isinstance(old, tuple) and old != new:
            pairs += _pair_kind(field.encode_name, old, new)
    return pairs


def diff_definitions(pairs: Iterable[Pair]) -> list[RuleChange]:
    """Name the definitions that differ by kind and key, in the order given."""
    return [_tell_pair(pair) for pair in pairs]


def diff_answers(
    before: CompiledSnapshot, after: CompiledSnapshot, people: Iterable[tuple[str, Context]]
) -> list[Shift]:
    """Name the features that change for any of the people, each given with a label.

    The same answer by another rule is left out. People to whom the same happens are told
    together, in the order given. Costs two evaluations of everything per person.
    """
    found: dict[tuple[Any, ...], tuple[Evaluation, Evaluation, list[str]]] = {}
    for label, context in people:
        old = {one.feature: one for one in evaluate_all(before, context)}
        new = {one.feature: one for one in evaluate_all(after, context)}
        for key in sorted({*old, *new}):
            one = old.get(key) or evaluate(before, key, context)
            other = new.get(key) or evaluate(after, key, context)
            if _is_another_answer(one, other):
                same = (key, repr(_told(one)), repr(_told(other)))
                found.setdefault(same, (one, other, []))[2].append(label)
    return [
        Shift(feature=same[0], before=_told(one), after=_told(other), people=tuple(labels))
        for same, (one, other, labels) in sorted(found.items(), key=lambda item: item[0][0])
    ]


def _lowest(_sides: int) -> int:
    return 1


def _is_another_answer(one: Evaluation, other: Evaluation) -> bool:
    """Tell whether more differs than the rule, the signal and the detail."""
    return _answered(one) != _answered(other)


def _answered(one: Evaluation) -> tuple[object, ...]:
    # `True == 1`, and yet they are two answers.
    return (one.on, type(one.value), one.value, one.reason, one.variant)


def _told(evaluation: Evaluation) -> Told:
    return Told(
        on=evaluation.on,
        value=evaluation.value,
        reason=evaluation.reason,
        variant=evaluation.variant.name if evaluation.variant else None,
        rule=evaluation.rule,
        signal=evaluation.signal,
        detail=evaluation.detail,
    )


def _diff_gates(
    snapshot: CompiledSnapshot, key: str, before: Context, after: Context
) -> tuple[GateDifference, ...]:
    """Return the gates that answered differently; a gate that one never reached is no cause."""
    steps = zip(explain(snapshot, key, before), explain(snapshot, key, after), strict=True)
    return tuple(
        GateDifference(gate=one.gate, before=one, after=other, read=_diff_read(one, other))
        for one, other in steps
        if "not reached" not in (one.state, other.state) and _decided(one) != _decided(other)
    )


def _decided(step: Step) -> tuple[object, ...]:
    return (step.state, step.reason, step.rule, step.signal, step.detail)


def _diff_read(before: Step, after: Step) -> dict[str, tuple[str | None, str | None]]:
    names = dict.fromkeys((*before.read, *after.read))
    pairs = {name: (before.read.get(name), after.read.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _pair_kind(kind: str, before: Sequence[Any], after: Sequence[Any]) -> list[Pair]:
    old = {_key_of(one): one for one in before}
    new = {_key_of(one): one for one in after}
    found = [Pair(kind, key, old.get(key), new.get(key)) for key in sorted({*old, *new})]
    return [pair for pair in found if pair.before != pair.after]


def _tell_pair(pair: Pair) -> RuleChange:
    one, other = pair.before, pair.after
    rule = getattr(other if other is not None else one, "rule", Rule(key=pair.key))
    return RuleChange(
        kind=pair.kind,
        key=pair.key,
        change="added" if one is None else "removed" if other is None else "changed",
        fields=_list_fields(one, other),
        owner=rule.owner,
        reason=rule.reason,
    )


def _list_fields(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Tell what differs within a definition; of its rule, the parts."""
    if before is None or after is None:
        return ()
    found: list[FieldChange] = []
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if isinstance(old, Rule) and isinstance(new, Rule):
            found += _list_fields(old, new)
        elif old != new:
            found.append(FieldChange(field.encode_name, *_parts(old, new)))
    return tuple(found)


def _parts(old: Any, new: Any) -> tuple[str, str]:
    """Say two values; of two lists only what one of them lacks, if there is such a thing."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        less = tuple(one for one in old if one not in new)
        more = tuple(one for one in new if one not in old)
        if less or more:
            return _say(less), _say(more)
    return _say(old), _say(new)


def _say(value: Any) -> str:
    if value in (None, "", ()):
        return "–"
    plain = isinstance(value, str | date)
    text = str(value) if plain else msgspec.json.encode(value).decode()
    return text if len(text) <= SAID_MAX else f"{text[:SAID_MAX]}…"


def _key_of(definition: Any) -> str:
    """Return what tells a definition from all others of its kind."""
    for name in ("rule", "key", "code"):
        found = getattr(definition, name, None)
        if found is not None:
            return str(found.key if isinstance(found, Rule) else found)
    return repr(definition)
