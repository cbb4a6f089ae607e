"""PURE: which variant a person gets, as in Unleash, and the value that it carries."""

from __future__ import annotations

from typing import Any, NamedTuple

from flags.engine.atoms import FIELD_PREFIX, Atom
from flags.engine.bucketing import VARIANT_SEED, bucket, find_identity
from flags.engine.constraints import AtomTest
from flags.engine.context import Context
from flags.engine.definitions import Feature, Strategy, Variant
from flags.engine.outcomes import Reader
from flags.engine.values import UnreadableValue, read_payload, same_shape


class UnreadablePayload(ValueError):
    """A payload that is not of the feature's value type."""


class Wheel(NamedTuple):
    """Variants with weights, in order; `first` numbers the first within the feature."""

    variants: tuple[Variant, ...]
    group: str
    stickiness: str
    total: int
    first: int

    @property
    def only(self) -> int | None:
        """Return the one variant that has any weight, if there is just one."""
        weighty = [i for i, variant in enumerate(self.variants) if variant.weight > 0]
        return self.first + weighty[0] if len(weighty) == 1 else None

    def spin(self, context: Context) -> int:
        """Return the number of the person's variant; the total must be above zero."""
        identity = find_identity(context, self.stickiness)
        if identity is None:
            target = context.dice(self.total)
        else:
            target = bucket(self.group, identity, self.total, VARIANT_SEED)
        reached = 0
        for number, variant in enumerate(self.variants, self.first):
            reached += max(variant.weight, 0)
            if reached >= target:
                return number
        return self.first + len(self.variants) - 1


def strategy_wheel(feature: Feature, strategy: Strategy, first: int) -> Wheel:
    """Make the wheel of a strategy's variants; stickiness and group are the strategy's."""
    return Wheel(
        variants=strategy.variants,
        group=strategy.parameters.get("groupId") or feature.key,
        stickiness=strategy.parameters.get("stickiness") or "default",
        total=_total(strategy.variants),
        first=first,
    )


def feature_wheel(feature: Feature) -> Wheel:
    """Make the wheel of legacy feature variants; stickiness is the first variant's."""
    return Wheel(
        variants=feature.variants,
        group=feature.key,
        stickiness=feature.variants[0].stickiness or "default",
        total=_total(feature.variants),
        first=0,
    )


def _total(variants: tuple[Variant, ...]) -> int:
    return sum(max(variant.weight, 0) for variant in variants)


class Overrides(NamedTuple):
    """Legacy variants that some people get whatever the weights say."""

    tests: tuple[tuple[AtomTest, int], ...]

    def find(self, reader: Reader) -> int | None:
        """Return the number of the first variant that is overridden for this class."""
        for test, number in self.tests:
            if test.holds(reader):
                return number
        return None


def list_overrides(feature: Feature) -> Overrides:
    """Collect the overrides of legacy feature variants, in order."""
    return Overrides(
        tuple(
            (_one_of(override.context_name, override.values), number)
            for number, variant in enumerate(feature.variants)
            for override in variant.overrides
        )
    )


def _one_of(field: str, values: tuple[str, ...]) -> AtomTest:
    wanted = frozenset(values)
    key = ("one of", wanted)
    return AtomTest(Atom(FIELD_PREFIX + field, lambda text: text in wanted, key=key))


def read_value(feature: Feature, variant: Variant | None, off: Any) -> Any:
    """Return a feature's value when on, of its value type; raises UnreadablePayload.

    Without a payload a text feature has the variant's name; other types have nothing
    better than their off value.
    """
    kind = feature.value_type
    if kind == "boolean":
        return True
    if variant is None:
        return off
    if variant.payload is None:
        return variant.name if kind == "string" else off
    try:
        value = read_payload(variant.payload.value, kind)
    except UnreadableValue as error:
        message = f"the payload {error}"
        raise UnreadablePayload(message) from error
    # A list for some people and an object for others is two types to those who read it.
    if kind == "json" and not same_shape(value, off):
        message = "the payload and the off value are not both objects or both arrays"
        raise UnreadablePayload(message)
    return value
