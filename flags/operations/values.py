"""Check that values are of a feature's type, before they are kept: clients rely on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flags.engine.values import UnreadableValue, read_payload, same_shape, settle
from flags.models import Feature, Variant
from flags.operations.schemas import BadSchema, Misfit, check_fits, check_schema
from regions.governance.commands import Refused
from regions.operations.checks import shown

VALUE_BYTES: Final = 20_000
SEEN_CHARACTERS: Final = 80
# What Unleash's SDKs are told of a payload; the first is filled in where none is named.
PAYLOADS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("string", "csv"),
    "number": ("number",),
    "integer": ("number",),
    "json": ("json",),
}
# An on-or-off feature may carry payloads of any type, which Unleash's SDKs alone read.
_READ: Final = {"number": "number", "json": "anything"}


class Unfit(ValueError):
    """A value that its feature cannot have; says which and why, without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRules:
    """What values of one feature have to be like; `off` is the settled value when off."""

    feature: str
    kind: str
    schema: Mapping[str, Any]
    off: Any

    @classmethod
    def of(cls, row: Feature) -> ValueRules:
        """Return the rules of a stored feature."""
        return cls(feature=row.key, kind=row.value_type, schema=row.value_schema, off=row.off_value)

    def check_payload(self, name: str, payload_type: str, text: str, *, at: str = "") -> None:
        """Raise Unfit for a variant's payload that is not of the feature's type."""
        if not payload_type:
            return
        of = f"the payload of {name}{at}"
        known = PAYLOADS.get(self.kind)
        if known is None:
            _check_free(of, payload_type, text)
            return
        if payload_type not in known:
            raise Unfit(
                f"{of} is of type {payload_type}; {self.feature} is of type {self.kind},"
                f" whose payloads are of type {' or '.join(known)}"
            )
        try:
            value = read_payload(text, self.kind)
        except UnreadableValue as error:
            raise Unfit(f"{of} {error}, as {self.feature} has them; it is {seen(text)}") from None
        if self.kind == "json":
            if not same_shape(value, self.off):
                raise Unfit(
                    f"{of} is {_shape(value)}; the off value of {self.feature} is"
                    f" {_shape(self.off)}, and clients know a feature by one of them"
                )
            self.check_schema_of(value, of)

    def check_schema_of(self, value: Any, of: str) -> None:
        """Raise Unfit for a value that does not fit the feature's schema."""
        if self.schema:
            try:
                check_fits(value, self.schema)
            except Misfit as error:
                raise Unfit(f"{of} {error}") from None


def settle_off_value(*, feature: str, kind: str, value: object) -> Any:
    """Return the off value as it is kept, or refuse one that is not of the feature's type."""
    try:
        settled = settle(value, kind)
    except UnreadableValue as error:
        raise Refused(
            f"The value of {shown(feature)} when off {error}; it is {seen(_write(value))}.",
            code="bad_off_value",
            field="off_value",
        ) from None
    size = len(json.dumps(settled, allow_nan=False, ensure_ascii=False).encode())
    if size > VALUE_BYTES:
        raise Refused(
            f"A value may have at most {VALUE_BYTES} bytes; this one has {size}.",
            code="too_long",
            field="off_value",
        )
    return settled


def check_rules(rules: ValueRules) -> None:
    """Refuse a schema that cannot be, or one that the off value itself does not fit."""
    if not isinstance(rules.schema, Mapping):
        raise _bad_schema(rules, 'must be a JSON object, such as {"type": "object"}')
    if rules.schema and rules.kind != "json":
        raise _bad_schema(rules, f"is for values of type json, not of type {rules.kind}")
    try:
        check_schema(rules.schema)
    except BadSchema as error:
        raise _bad_schema(rules, str(error)) from None
    try:
        rules.check_schema_of(rules.off, f"The value of {shown(rules.feature)} when off")
    except Unfit as why:
        raise Refused(f"{why}.", code="bad_off_value", field="off_value") from None


def check_variants(row: Feature, rules: ValueRules) -> None:
    """Refuse rules that variants of the feature do not follow, in any environment."""
    variants = Variant.objects.filter(strategy__feature=row).exclude(payload_type="")
    told = variants.order_by("strategy__environment__key", "strategy__position", "position")
    for variant in told.select_related("strategy__environment"):
        at = f" in {variant.strategy.environment.key}"
        try:
            rules.check_payload(variant.name, variant.payload_type, variant.payload_value, at=at)
        except Unfit as why:
            field = "value_schema" if rules.kind == row.value_type else "value_type"
            raise Refused(
                f"{rules.feature} cannot become so: {why}.", code="variants_differ", field=field
            ) from None


def _write(value: object) -> str:
    """Return a value as people type it, in JSON; what no JSON is as Python writes it."""
    return json.dumps(value, ensure_ascii=False, default=repr)


def seen(text: str) -> str:
    """Return a value as a sentence shows it, cut where it is long."""
    cut = f"{text[:SEEN_CHARACTERS]}…" if len(text) > SEEN_CHARACTERS else text
    return f"“{shown(cut)}”"


def _check_free(of: str, payload_type: str, text: str) -> None:
    kind = _READ.get(payload_type)
    if kind is None:
        return
    try:
        value = json.loads(text, parse_constant=_no_constant)
        if kind == "number":
            settle(value, kind)
    except (ValueError, RecursionError):
        raise Unfit(f"{of} is of type {payload_type}, which {seen(text)} is not") from None


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _shape(value: Any) -> str:
    return "an object" if isinstance(value, dict) else "an array"


def _bad_schema(rules: ValueRules, why: str) -> Refused:
    return Refused(
        f"The schema of {shown(rules.feature)} {why}.",
        code="bad_value_schema",
        field="value_schema",
    )
