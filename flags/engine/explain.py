"""PURE: the same gates, told step by step.

Every gate of the fixed order is told, those too that ask nothing of a feature. What they
read is taken from the atoms that they declare, so a new gate is explained by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from flags.engine.atoms import find_attribute
from flags.engine.bucketing import bucket, find_identity
from flags.engine.compiled import CompiledFeature, CompiledSnapshot
from flags.engine.context import Context
from flags.engine.dates import list_dates
from flags.engine.definitions import Rule
from flags.engine.display import DISPLAYS, Display, text_key_of
from flags.engine.evaluate import ContextReader, settle
from flags.engine.gates import GATES
from flags.engine.gates.known import answer_unknown
from flags.engine.gates.offer import OfferRollout
from flags.engine.gates.requires import RequiresGate
from flags.engine.gates.targeting import TargetingChance
from flags.engine.outcomes import Chance, Gate, Outcome
from flags.engine.result import Evaluation, Reason
from flags.engine.signals import Participants, Residence, Sighting

State = Literal["open", "closed", "not reached"]
Read = dict[str, str | None]

NOTHING_ASKS = "nothing asks"
# What an attribute is called here that is no field of a context.
_NAMED = {"residence": "account or location"}
# What one attribute gathers from several fields, in the order in which it gives them.
_GATHERED = {
    "retirement": ("platform", "account", "location", "enrolled"),
    "accountZone": ("account", "accountTimeZone"),
    "locationZone": ("location", "timeZone"),
}


class Step(Struct, frozen=True, rename="camel"):
    """What one gate did: its state, the rule and signal that decided, and what it read.

    `read` maps fields to values, None where unknown. `dates` are the deciding rule's, local
    to `zone` where they are days. `note` says of an open gate that nothing asks there.
    """

    gate: str
    state: State
    reason: Reason | None = None
    rule: Rule | None = None
    dates: dict[str, str] = {}
    zone: str = ""
    signal: str = ""
    detail: str = ""
    read: Read = {}
    note: str = ""


class Explanation(Struct, frozen=True, rename="camel"):
    """An evaluation with all that led to it.

    `text_key` names the words for the person, `display` what a client shows of the feature.
    """

    feature: str
    on: bool
    value: Any
    variant: str | None
    reason: Reason
    rule: Rule | None
    signal: str
    detail: str
    text_key: str
    display: Display
    steps: list[Step]


def tell(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> Explanation:
    """Tell how a feature ends for a person, and every gate on the way; never raises."""
    steps, outcome = _walk(snapshot, feature_key, context)
    feature = snapshot.features.get(feature_key)
    own = feature.definition.text_key if feature else ""
    return Explanation(
        feature=feature_key,
        on=outcome.on,
        value=outcome.value,
        variant=outcome.variant.name if outcome.variant else None,
        reason=outcome.reason,
        rule=outcome.rule,
        signal=outcome.signal,
        detail=outcome.detail,
        text_key=text_key_of(outcome, own),
        display=DISPLAYS[outcome.reason],
        steps=steps,
    )


def explain(snapshot: CompiledSnapshot, feature_key: str, context: Context) -> list[Step]:
    """Tell every gate in order: open, closed, or not reached; never raises.

    A gate that leaves a hash is told as settled for this person. For a feature that is on,
    the last step carries the rule and the signal that opened it.
    """
    return _walk(snapshot, feature_key, context)[0]


def _walk(
    snapshot: CompiledSnapshot, feature_key: str, context: Context
) -> tuple[list[Step], Evaluation]:
    feature = snapshot.features.get(feature_key)
    if feature is None:
        known = Step(gate="known", state="closed", reason=Reason.UNKNOWN_FEATURE)
        rest = [Step(gate=name, state="not reached") for name, _build in GATES[1:]]
        return [known, *rest], answer_unknown(feature_key)
    teller = _Teller(snapshot, feature, context)
    gates = dict(feature.gates)
    steps: list[Step] = []
    # Only a feature whose last gate says nothing ends so, and targeting always speaks.
    last = feature.answers.error("undecided")
    closed = False
    for name, _build in GATES:
        if closed:
            steps.append(Step(gate=name, state="not reached"))
        elif name not in gates:
            steps.append(Step(gate=name, state="open", note=NOTHING_ASKS))
        else:
            step, outcome = teller.tell(name, gates[name])
            steps.append(step)
            if outcome is not None:
                last = outcome
                closed = not outcome.on
    return steps, last.evaluation


class _Teller:
    """Asks one feature's gates about one person and tells each answer."""

    def __init__(
        self, snapshot: CompiledSnapshot, feature: CompiledFeature, context: Context
    ) -> None:
        self.snapshot = snapshot
        self.feature = feature
        self.context = context
        self.reader = ContextReader(snapshot, context)

    def tell(self, name: str, gate: Gate) -> tuple[Step, Outcome | None]:
        """Return the gate's step, and its outcome when it has one."""
        outcome: Outcome | None
        read = self._list_read(gate)
        try:
            verdict = gate.check(self.reader)
            if verdict is None or isinstance(verdict, Outcome):
                outcome = verdict
            else:
                outcome = verdict.settle(self.context)
                read |= self._list_shares(verdict)
        except Exception as error:  # noqa: BLE001  # an explanation always comes back
            outcome = self.feature.answers.error(error)
        if outcome is None:
            return Step(gate=name, state="open", read=read), None
        return self._tell_outcome(name, outcome.evaluation, read), outcome

    def _tell_outcome(self, name: str, evaluation: Evaluation, read: Read) -> Step:
        rule = evaluation.rule
        code = self._code_of(evaluation.signal)
        if name == "platform":
            # Its dates begin where the account is, else where the person is.
            code = read.get("account") or read.get("location")
        dates = list_dates(self.snapshot, name, rule, code) if rule else {}
        # A schedule is read on the person's own clock, everything else on the territory's.
        own = next((read[field] for field in _CLOCKS if read.get(field)), None)
        return Step(
            gate=name,
            state="open" if evaluation.on else "closed",
            reason=evaluation.reason,
            rule=rule,
            dates=dates,
            zone=own or self._zone_of(code) if dates and name != "kill" else "",
            signal=evaluation.signal,
            # Of two who are both on, only the variant tells them apart.
            detail=evaluation.variant.name if evaluation.variant else evaluation.detail,
            read=read,
        )

    def _code_of(self, signal: str) -> str | None:
        """Return where the signal that decided was; participants are in several places."""
        if signal not in _PLACED:
            return None
        try:
            # Not every gate that names a signal has an atom of it.
            code: str | None = find_attribute(signal).read(self.context).code
        except Exception:  # noqa: BLE001  # an explanation always comes back
            return None
        return code

    def _zone_of(self, code: str | None) -> str:
        zones = (one.zone for one in self.snapshot.definitions.territories if one.code == code)
        return next(zones, "")

    def _list_read(self, gate: Gate) -> Read:
        """List what the gate can read of this person, by field; what it cannot is left out."""
        found: Read = {}
        for name in dict.fromkeys(atom.attribute for atom in gate.atoms):
            try:
                found |= self._read(name)
            except Exception:  # noqa: BLE001, S112  # an explanation always comes back
                continue
        if isinstance(gate, RequiresGate):
            found |= {want.feature: self._reason_of(want.feature) for want, _refused in gate.wants}
        return found

    def _read(self, name: str) -> Read:
        """Read one attribute, which may be gathered from several fields."""
        value = self.snapshot.attributes[name].read(self.context)
        parts = _GATHERED.get(name)
        if parts is None:
            # Names such as `field:userId` say how a field is read, then which.
            field = name.partition(":")[2] or name
            return {_NAMED.get(field, field): _text(value)}
        if value is None:
            return {}
        return {part: _text(one) for part, one in zip(parts, value, strict=True)}

    def _reason_of(self, key: str) -> str:
        decision = self.reader.decide(key)
        if decision is None:
            return Reason.UNKNOWN_FEATURE.value
        return settle(decision, self.context).evaluation.reason.value

    def _list_shares(self, chance: Chance) -> Read:
        """List each rollout that was hashed, with the person's place among a hundred."""
        shares: list[tuple[str, str, int]] = []
        if isinstance(chance, OfferRollout):
            shares = [(chance.group, "default", chance.percent)]
        elif isinstance(chance, TargetingChance):
            shares = [
                (share.group, share.stickiness, share.percent)
                for share, _prize in chance.candidates
                if share is not None
            ]
        return {
            f"rollout {group} {percent}%": self._place_of(group, stickiness)
            for group, stickiness, percent in shares
        }

    def _place_of(self, group: str, stickiness: str) -> str | None:
        identity = find_identity(self.context, stickiness)
        return None if identity is None else str(bucket(group, identity, 100))


_CLOCKS = ("accountTimeZone", "timeZone")
_PLACED = frozenset({"account", "location", "storefront"})


def _text(value: Any) -> str | None:
    """Say a value as it was understood; None is unknown."""
    if isinstance(value, Sighting | Residence):
        return value.code
    if isinstance(value, Participants):
        return _join(value.codes)
    if isinstance(value, tuple | list):
        return _join(value)
    if isinstance(value, frozenset | set):
        return _join(sorted(value, key=str))
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _join(parts: Iterable[object]) -> str | None:
    return ",".join(map(str, parts)) or None
