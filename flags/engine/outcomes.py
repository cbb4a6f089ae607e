"""PURE: how gates ask and answer: readers, chances, outcomes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from flags.engine.atoms import Atom
from flags.engine.bucketing import ROLLOUT_SEED, digest, find_identity
from flags.engine.context import Context
from flags.engine.definitions import Feature, Rule
from flags.engine.result import ChosenVariant, Evaluation, Reason
from flags.engine.values import settle_off


class Finding(Struct, frozen=True):
    """Something in a feature that compile could not take as it stands."""

    feature: str
    code: str
    message: str


class Flip(NamedTuple):
    """An instant at which a rule begins or ends; an empty territory concerns everybody."""

    at: datetime
    territory: str = ""


class Fragment(NamedTuple):
    """A rendered evaluation and the digest of its bytes; empty and 0 when left out."""

    body: bytes
    digest: int


class Outcome:
    """An evaluation that many people share, with its fragments by renderer.

    `kin` keeps one of all equal things that are made of the feature's outcomes: most rules
    of a feature render alike, and what is one thing stays in the processor's cache.
    """

    __slots__ = ("counted", "evaluation", "fragments", "kin", "on")

    def __init__(self, evaluation: Evaluation, kin: dict[Any, Any]) -> None:
        """Wrap the evaluation."""
        self.evaluation = evaluation
        self.on = evaluation.on
        self.kin = kin
        # Whether a snapshot's purse knows of it.
        self.counted = False
        self.fragments: dict[str, Fragment] = {}


class Chance(Protocol):
    """A gate's question that only a hash of the person's id can answer."""

    def settle(self, context: Context) -> Outcome | None:
        """Return how the feature ends here, or None when the gate is open."""
        ...

    def draw(self, last: Outcome) -> Draw | None:
        """Return the same as one draw, if one hash decides all; `last` is for when it is open."""
        ...


class Draw(NamedTuple):
    """One hash that decides between outcomes: the first whose bound is above the bucket.

    The bucket is the hash of `prefix` and the person's identity, modulo `size`; `bounds`
    rise, and a bucket past the last gives the last prize.
    """

    stickiness: str
    prefix: bytes
    seed: int
    size: int
    bounds: tuple[int, ...]
    prizes: tuple[Outcome, ...]

    def pick(self, context: Context) -> Outcome:
        """Return the outcome of a person, or raise where there is no text to hash."""
        identity = find_identity(context, self.stickiness).encode()  # type: ignore[union-attr]
        bucket = digest(self.prefix + identity, self.seed) % self.size
        return self.prizes[bisect_right(self.bounds, bucket)]


def draw_prefix(group: str) -> bytes | None:
    """Return what precedes an identity in a hash; None for what is no text in UTF-8."""
    try:
        return f"{group}:".encode()
    except UnicodeEncodeError:
        return None


def draw_share(
    stickiness: str, group: str, percent: int, won: Outcome, lost: Outcome
) -> Draw | None:
    """Return the draw of a percentage of people."""
    prefix = draw_prefix(group)
    if prefix is None:
        return None
    return Draw(stickiness, prefix, ROLLOUT_SEED, 100, (percent,), (won, lost))


class Open:
    """A feature of a plan with hashes left: the first chance that closes it decides."""

    __slots__ = ("answers", "chances", "draw", "last")

    def __init__(self, answers: Answers, chances: tuple[Chance, ...], last: Outcome) -> None:
        """Take the chances in the order of their gates and the outcome when all are open."""
        self.answers = answers
        self.chances = chances
        self.last = last
        self.draw = chances[0].draw(last) if len(chances) == 1 else None

    def settle(self, context: Context) -> Outcome:
        """Return this person's outcome; an error is one too."""
        draw = self.draw
        if draw is not None:
            try:
                return draw.pick(context)
            except Exception:  # noqa: BLE001, S110  # an answer always comes back
                # Nobody to recognise, or nothing that can be hashed: ask the long way.
                pass
        try:
            for chance in self.chances:
                outcome = chance.settle(context)
                if outcome is not None:
                    return outcome
        except Exception as error:  # noqa: BLE001  # an answer always comes back
            return self.answers.error(error)
        return self.last


Decision = Outcome | Open


class Credit(NamedTuple):
    """The rule and the signal that opened a feature; told when it is on."""

    rule: Rule | None = None
    signal: str = ""


class Reader(Protocol):
    """All that a gate may know of a person: declared atoms, declared flips, other features."""

    credit: Credit
    # What gates found out about this person and share, by an atom of theirs.
    memo: dict[Atom, Any]

    def cell(self, atom: Atom) -> Any:
        """Return the atom's cell for this person."""
        ...

    def passed(self, at: datetime) -> bool:
        """Tell whether the instant is now or in the past."""
        ...

    def decide(self, key: str) -> Decision | None:
        """Return what becomes of another feature, None when there is none."""
        ...


class Gate(Protocol):
    """One question of the fixed order, compiled for one feature."""

    atoms: tuple[Atom, ...]
    flips: tuple[Flip, ...]

    def check(self, reader: Reader) -> Outcome | Chance | None:
        """Return the outcome when closed, a chance when only a hash can tell, else None."""
        ...


class Answers:
    """Every outcome that a feature can have, each made once."""

    __slots__ = ("_kin", "_made", "feature", "off_value")

    def __init__(self, feature: Feature) -> None:
        """Start with none."""
        self.feature = feature
        self.off_value = settle_off(feature.off_value, feature.value_type)
        self._made: dict[Hashable, Outcome] = {}
        self._kin: dict[Any, Any] = {}

    def off(
        self, reason: Reason, *, rule: Rule | None = None, signal: str = "", detail: str = ""
    ) -> Outcome:
        """Return the outcome with the feature's off value."""
        # Rules are long and live as long as the outcomes that name them; so do reasons.
        key = (id(reason), id(rule), signal, detail)
        outcome = self._made.get(key)
        if outcome is None:
            evaluation = Evaluation(
                feature=self.feature.key,
                on=False,
                value=self.off_value,
                reason=reason,
                rule=rule,
                signal=signal,
                detail=detail,
            )
            outcome = self._made[key] = Outcome(evaluation, self._kin)
        return outcome

    def on(
        self, value: Any, *, credit: Credit, variant: ChosenVariant | None = None, place: int = -1
    ) -> Outcome:
        """Return the outcome of being on; `place` numbers the variant within the feature."""
        key = ("on", place, id(credit.rule), credit.signal)
        outcome = self._made.get(key)
        if outcome is None:
            evaluation = Evaluation(
                feature=self.feature.key,
                on=True,
                value=value,
                reason=Reason.LIVE if variant is None else Reason.VARIANT,
                variant=variant,
                rule=credit.rule,
                signal=credit.signal,
            )
            outcome = self._made[key] = Outcome(evaluation, self._kin)
        return outcome

    def forget(self) -> None:
        """Forget what was made; plans keep what they hold, and equal ones are made anew."""
        self._made.clear()
        self._kin.clear()

    def error(self, error: Exception | str) -> Outcome:
        """Return off with reason ERROR, naming what broke; never the person's values."""
        detail = error if isinstance(error, str) else type(error).__name__
        return self.off(Reason.ERROR, detail=detail)
