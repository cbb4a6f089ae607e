"""PURE: the same gates, told step by step."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from flags.engine.atoms import FIELD_PREFIX, NAMES_PREFIX
from flags.engine.compiled import CompiledSnapshot
from flags.engine.context import Context
from flags.engine.definitions import Rule
from flags.engine.evaluate import ContextReader
from flags.engine.gates import GATES
from flags.engine.outcomes import Gate, Outcome
from flags.engine.result import Reason
from flags.engine.signals import Sighting, resolve

State = Literal["open", "closed", "not reached"]


class Step(Struct, frozen=True, rename="camel"):
    """What one gate did: its state, the rule and signal that decided, and what it read."""

    gate: str
    state: State
    reason: Reason | None = None
    rule: Rule | None = None
    signal: str = ""
    detail: str = ""
    read: dict[str, str] = {}


def explain(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> list[Step]:
    """Tell every gate in order: open, closed, or not reached; never raises.

    A gate that leaves a hash is told as settled for this person. For a feature that is on,
    the last step carries the rule and the signal that opened it.
    """
    feature = snapshot.features.get(feature_key)
    if feature is None:
        known = Step(gate="known", state="closed", reason=Reason.UNKNOWN_FEATURE)
        return [known, *[Step(gate=name, state="not reached") for name, _build in GATES[1:]]]
    reader = ContextReader(snapshot, context)
    gates = dict(feature.gates)
    steps: list[Step] = []
    closed = False
    for name, _build in GATES:
        if closed:
            steps.append(Step(gate=name, state="not reached"))
            continue
        gate = gates.get(name)
        outcome = None if gate is None else _ask(gate, reader, context, snapshot, feature_key)
        step = _tell(name, gate, outcome, reader)
        closed = step.state == "closed"
        steps.append(step)
    return steps


def _ask(
    gate: Gate, reader: ContextReader, context: Context, snapshot: CompiledSnapshot, key: str
) -> Outcome | None:
    try:
        verdict = gate.check(reader)
        if verdict is None or isinstance(verdict, Outcome):
            return verdict
        return verdict.settle(context)
    except Exception as error:  # noqa: BLE001  # an explanation always comes back
        return snapshot.features[key].answers.error(error)


def _tell(name: str, gate: Gate | None, outcome: Outcome | None, reader: ContextReader) -> Step:
    read = {} if gate is None else _list_read(gate, reader)
    if outcome is None:
        return Step(gate=name, state="open", read=read)
    evaluation = outcome.evaluation
    return Step(
        gate=name,
        state="open" if outcome.on else "closed",
        reason=evaluation.reason,
        rule=evaluation.rule,
        signal=evaluation.signal,
        detail=evaluation.detail,
        read=read,
    )


def _list_read(gate: Gate, reader: ContextReader) -> dict[str, str]:
    """List what the gate can read of this person, by attribute; unknown is left out."""
    names = dict.fromkeys(atom.attribute for atom in gate.atoms)
    found: dict[str, str] = {}
    signals = resolve(reader.context)
    for name in names:
        if name == "participants":
            text = ",".join(signals.participants)
        else:
            text = _text(reader.snapshot.attributes[name].read(reader.context))
        if text:
            found[name.removeprefix(FIELD_PREFIX).removeprefix(NAMES_PREFIX)] = text
    return found


def _text(value: Any) -> str:
    if isinstance(value, Sighting):
        return value.code or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    return value if isinstance(value, str) else ""
