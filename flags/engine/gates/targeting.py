"""PURE: gate `targeting`, which asks: does one of the feature's Unleash strategies hold.

The first that holds decides, also about the variant. A feature without strategies is on
for everybody who gets here.
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

from flags.engine.bucketing import VARIANT_SEED
from flags.engine.constraints import (
    AtomTest,
    Compiled,
    TimeTest,
)
from flags.engine.context import Context
from flags.engine.definitions import Feature, Strategy, Variant
from flags.engine.ground import BrokenFeature, Ground
from flags.engine.outcomes import (
    Answers,
    Chance,
    Credit,
    Draw,
    Flip,
    Outcome,
    Reader,
    draw_prefix,
    draw_share,
)
from flags.engine.result import ChosenVariant, Reason
from flags.engine.strategies import NEVER, Share, split_strategy
from flags.engine.variants import (
    Overrides,
    UnreadablePayload,
    Wheel,
    feature_wheel,
    list_overrides,
    read_value,
    strategy_wheel,
)


class Way(NamedTuple):
    """One compiled strategy: tests, then perhaps a share, then perhaps its own variants."""

    tests: tuple[Compiled, ...]
    share: Share | None = None
    wheel: Wheel | None = None


class TargetingGate:
    """The last gate: closed when no strategy holds, else it says how the feature is on."""

    def __init__(self, feature: Feature, ways: tuple[Way, ...], answers: Answers) -> None:
        """Take the strategies in order."""
        self.ways = ways if feature.enabled else ()
        self.answers = answers
        self.legacy = feature_wheel(feature) if feature.variants else None
        self.overrides = list_overrides(feature) if self.legacy else Overrides(())
        variants = (*feature.variants, *[v for s in feature.strategies for v in s.variants])
        self.plain = read_value(feature, None, answers.off_value)
        self.prizes = tuple(_prize(feature, variant, answers.off_value) for variant in variants)
        self.closed = answers.off(Reason.NOT_IN_ROLLOUT)
        tests = [test for way in self.ways for test in way.tests]
        tests += [test for test, _number in self.overrides.tests]
        self.atoms = tuple(test.atom for test in tests if isinstance(test, AtomTest))
        self.flips = tuple(Flip(test.at) for test in tests if isinstance(test, TimeTest))

    def check(self, reader: Reader) -> Outcome | Chance | None:
        """Return the outcome, or a chance over the strategies that this class leaves."""
        candidates: list[tuple[Share | None, Outcome | Spin]] = []
        for way in self.ways:
            if all(test.holds(reader) for test in way.tests):
                candidates.append((way.share, self._win(way, reader)))
                if way.share is None:
                    break
        if not candidates:
            return self.closed
        share, prize = candidates[0]
        if share is None and isinstance(prize, Outcome):
            return prize
        return TargetingChance(tuple(candidates), self.closed)

    def _win(self, way: Way, reader: Reader) -> Outcome | Spin:
        """Return what being on through this strategy gives to the class."""
        wheel = way.wheel
        if wheel is None and self.legacy is not None:
            number = self.overrides.find(reader)
            if number is not None:
                return self._on(number, reader.credit)
            wheel = self.legacy
        if wheel is None or wheel.total <= 0:
            return self._on(-1, reader.credit)
        if wheel.only is not None:
            return self._on(wheel.only, reader.credit)
        prizes = tuple(
            self._on(number, reader.credit)
            for number in range(wheel.first, wheel.first + len(wheel.variants))
        )
        return Spin(wheel, prizes)

    def _on(self, number: int, credit: Credit) -> Outcome:
        if number < 0:
            return self.answers.on(self.plain, credit=credit)
        value, variant = self.prizes[number]
        return self.answers.on(value, credit=credit, variant=variant, place=number)


class Spin(NamedTuple):
    """Variants of which a hash picks one."""

    wheel: Wheel
    prizes: tuple[Outcome, ...]

    def pick(self, context: Context) -> Outcome:
        """Return the person's variant."""
        return self.prizes[self.wheel.spin(context) - self.wheel.first]

    def draw(self) -> Draw | None:
        """Return the same as one draw."""
        wheel = self.wheel
        prefix = draw_prefix(wheel.group)
        if prefix is None:
            return None
        bounds = tuple(accumulate(max(variant.weight, 0) for variant in wheel.variants))
        return Draw(wheel.stickiness, prefix, VARIANT_SEED, wheel.total, bounds, self.prizes)


class TargetingChance:
    """Strategies whose tests hold for a class; shares and variants are left."""

    def __init__(
        self, candidates: tuple[tuple[Share | None, Outcome | Spin], ...], closed: Outcome
    ) -> None:
        """Take each share with what it wins, in order."""
        self.candidates = candidates
        self.closed = closed

    def settle(self, context: Context) -> Outcome:
        """Return what the first share that holds wins."""
        for share, prize in self.candidates:
            if share is None or share.holds(context):
                return prize if isinstance(prize, Outcome) else prize.pick(context)
        return self.closed

    def draw(self, _last: Outcome) -> Draw | None:
        """Return the same as one draw, unless both a share and variants are to be hashed."""
        (share, prize), *others = self.candidates
        if isinstance(prize, Spin):
            return prize.draw() if share is None else None
        lost: Outcome | Spin = self.closed
        if others:
            other, lost = others[0]
            if other is not None or isinstance(lost, Spin):
                return None
        if share is None or isinstance(lost, Spin):
            return None
        return draw_share(share.stickiness, share.group, share.percent, prize, lost)


def build(feature: Feature, ground: Ground, answers: Answers) -> TargetingGate:
    """Return the gate; there always is one, since it says how the feature is on."""
    if not feature.strategies:
        return TargetingGate(feature, (Way(()),), answers)
    ways = []
    first = len(feature.variants)
    for strategy in feature.strategies:
        ways.append(_compile_strategy(feature, strategy, first, ground))
        first += len(strategy.variants)
    return TargetingGate(feature, tuple(ways), answers)


def _compile_strategy(feature: Feature, strategy: Strategy, first: int, ground: Ground) -> Way:
    split = split_strategy(strategy, feature.key)
    constraints = list(strategy.constraints)
    tests: list[Compiled] = list(split.tests)
    for number in strategy.segments:
        segment = ground.segments.get(number)
        if segment is None:
            ground.warn(feature.key, "unknown_segment", f"there is no segment {number}")
            tests.append(NEVER)
        else:
            constraints += segment.constraints
    tests += [ground.build_test(feature, constraint) for constraint in constraints]
    wheel = strategy_wheel(feature, strategy, first) if strategy.variants else None
    return Way(tests=tuple(tests), share=split.share, wheel=wheel)


def _prize(feature: Feature, variant: Variant, off: object) -> tuple[object, ChosenVariant]:
    try:
        value = read_value(feature, variant, off)
    except UnreadablePayload as error:
        message = f"variant {variant.name!r}: {error}"
        raise BrokenFeature("bad_payload", message) from error
    return value, ChosenVariant(name=variant.name, payload=variant.payload)
