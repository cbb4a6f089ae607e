"""Answers, explanations and differences as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from flags.engine.definitions import Rule
from flags.engine.diff import ContextsDiff, RuleChange, Shift, Told
from flags.engine.explain import Explanation, Step
from flags.engine.result import Evaluation

_MARKS = {"open": "✓", "closed": "✗", "not reached": "·"}
_GATE_WIDTH = 11
_INDENT = " " * 16
_WHO = (
    "Asked: three made-up people of each country or region (account: nothing else is known;"
    " location: nothing else, on Android 9; at home: both, newest iOS, 40 years old),"
    " and people on both sides of what changed."
)


def tell_evaluation(evaluation: Evaluation) -> Iterator[str]:
    """Say an answer in one line, and the rule that decided in another."""
    told = Told(
        on=evaluation.on,
        value=evaluation.value,
        reason=evaluation.reason,
        rule=evaluation.rule,
        signal=evaluation.signal,
        detail=evaluation.detail,
    )
    yield f"{evaluation.feature} is {_answer(told)}"
    if evaluation.rule is not None:
        yield f"  {_rule(evaluation.rule)}"


def tell_explanation(told: Explanation) -> Iterator[str]:
    """Say every gate on a line of its own, and below it what it read and who answers for it."""
    state = "on" if told.on else "off"
    variant = f", variant {told.variant}" if told.variant else ""
    yield f"{told.feature} is {state}: {told.reason}, value {_json(told.value)}{variant}"
    yield f"  shown as “{told.display}”, text {told.text_key}"
    yield ""
    for number, step in enumerate(told.steps, 1):
        yield from _tell_step(number, step)


def tell_differences(told: ContextsDiff, *, rules: bool = False) -> Iterator[str]:
    """Say each feature that two people get differently, and the gates that told them apart."""
    found = told.differences
    yield f"{len(found)} features differ." if len(found) != 1 else "One feature differs."
    for one in found:
        yield ""
        yield f"{one.feature}"
        yield f"  A: {_answer(one.before)}"
        yield f"  B: {_answer(one.after)}"
        for gate in one.gates:
            read = ", ".join(
                f"{name} {_value(before)} / {_value(after)}"
                for name, (before, after) in gate.read.items()
            )
            yield f"  by gate {gate.gate}: A {_short(gate.before)}, B {_short(gate.after)}"
            if read:
                yield f"    read {read}"
            yield from (
                f"    {name} {_rule(step.rule)}{_dates(step)}"
                for name, step in (("A", gate.before), ("B", gate.after))
                if step.rule is not None
            )
    if told.by_rule_alone:
        count = told.by_rule_alone
        by = "of them by another rule alone" if rules else "more by another rule (see --rules)"
        yield ""
        yield f"{count} {by}."


def tell_changes(
    changes: Iterable[RuleChange], shifts: Iterable[Shift], asked: int
) -> Iterator[str]:
    """Say which definitions changed, and what that does to whom of those asked."""
    rules, people = list(changes), list(shifts)
    yield f"{len(rules)} definitions differ." if len(rules) != 1 else "One definition differs."
    for rule in rules:
        why = f": {rule.reason}" if rule.reason else ""
        owner = f", {rule.owner}" if rule.owner else ""
        yield f"  {rule.change:7} {rule.kind} {rule.key}{owner}{why}"
        yield from (f"          {one.name}: {one.before} -> {one.after}" for one in rule.fields)
    yield ""
    yield _WHO
    if not people:
        yield f"None of the {asked} people asked gets another answer. Others may."
        return
    yield "Answers change:"
    for shift in people:
        yield f"  {shift.feature}: {_answer(shift.before)} -> {_answer(shift.after)}"
        yield f"    for {', '.join(shift.people)}"


def _tell_step(number: int, step: Step) -> Iterator[str]:
    state = step.state if step.reason is None else f"{step.state} {step.reason}"
    note = f" ({step.note})" if step.note else ""
    yield f"  {number:2} {_MARKS[step.state]} {step.gate:{_GATE_WIDTH}}{state}{note}"
    if step.rule is not None:
        yield f"{_INDENT} {_rule(step.rule)}{_dates(step)}"
    if step.signal or step.detail:
        parts = [f"by {step.signal}" if step.signal else "", step.detail]
        yield f"{_INDENT} {': '.join(filter(None, parts))}"
    if step.read:
        read = ", ".join(f"{name} {_value(value)}" for name, value in step.read.items())
        yield f"{_INDENT} read {read}"


def _answer(told: Told) -> str:
    state = "on" if told.on else "off"
    detail = f" ({told.detail})" if told.detail else ""
    signal = f" by {told.signal}" if told.signal else ""
    return f"{state}: {told.reason}{detail}{signal}, value {_json(told.value)}"


def _rule(rule: Rule) -> str:
    parts = (rule.reason, rule.owner and f"owner {rule.owner}", rule.source)
    return f"rule {rule.key}: {'; '.join(filter(None, parts))}".rstrip(": ")


def _dates(step: Step) -> str:
    dates = ", ".join(f"{name} {at}" for name, at in step.dates.items())
    zone = f" {step.zone}" if step.zone else ""
    return f" [{dates}{zone}]" if dates else ""


def _short(step: Step) -> str:
    return step.reason.value if step.reason is not None else step.state


def _value(value: str | None) -> str:
    return "unknown" if value is None else value


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
