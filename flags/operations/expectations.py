"""Commands about promises that every publish has to keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flags.engine.result import Reason
from flags.models import Expectation
from flags.operations.lookups import get_environment
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.operations.checks import (
    check_aware,
    check_choice,
    check_count,
    check_key,
    get_app,
    shown,
)
from regions.operations.rows import drop, put

CONTEXT_FIELDS = 100
TEXT_BYTES = 2_000
VALUE_BYTES = 20_000
COLUMNS = ("feature_key", "context", "at", "value", "reason", "note")
KIND = "expectation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExpectation(Command):
    """Promise this value for whoever asks with this context; `at` None means always."""

    app: str
    environment: str
    key: str
    feature: str
    context: Mapping[str, object]
    at: datetime | None = None
    value: object
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveExpectation(Command):
    """Take a promise back."""

    app: str
    environment: str
    key: str


@operation(SetExpectation, permission="expectations")
def set_expectation(command: SetExpectation, _moment: Moment) -> Iterable[Change]:
    """Write the expectation; its feature may be one that must stay unknown."""
    app = get_app(command.app)
    check_key(command.key, kind="expectation")
    check_key(command.feature, kind="feature", field="feature")
    if command.reason:
        known = [str(reason) for reason in Reason]
        check_choice(command.reason, known, name="reason", field="reason")
    check_aware(command.at, field="at")
    _check_context(command.context)
    _check_json(command.context, CONTEXT_FIELDS * TEXT_BYTES, field="context")
    _check_json(command.value, VALUE_BYTES, field="value")
    found = Expectation.objects.filter(
        app=app, environment__key=command.environment, key=command.key
    ).first()
    blank = Expectation(app=app, environment=get_environment(command.environment), key=command.key)
    values = {
        "feature_key": command.feature,
        "context": dict(command.context),
        "at": command.at,
        "value": command.value,
        "reason": command.reason,
        "note": command.note,
    }
    return put(found, blank, values).changes(KIND, command.key)


@operation(RemoveExpectation, permission="expectations")
def remove_expectation(command: RemoveExpectation, _moment: Moment) -> Iterable[Change]:
    """Delete the expectation."""
    app = get_app(command.app)
    row = Expectation.objects.filter(
        app=app, environment__key=command.environment, key=command.key
    ).first()
    if row is None:
        raise Refused(
            f"{app.key} has no expectation “{shown(command.key)}” in {command.environment}.",
            code="unknown_expectation",
            field="key",
        )
    return drop(row, COLUMNS, KIND, command.key)


def _check_json(value: object, limit_bytes: int, *, field: str) -> None:
    """Refuse what JSON has no word for, such as NaN: no database and no client could read it."""
    try:
        size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        raise Refused(
            f"The {field} cannot be written as JSON.", code="bad_json", field=field
        ) from None
    if size > limit_bytes:
        raise Refused(
            f"The {field} may have at most {limit_bytes} bytes; this one has {size}.",
            code="too_long",
            field=field,
        )


def _check_context(context: Mapping[str, object]) -> None:
    check_count(len(context), CONTEXT_FIELDS, things="fields of a context", field="context")
    for name, value in context.items():
        size = len(str(value).encode())
        if size > TEXT_BYTES:
            raise Refused(
                f"{shown(name)} may have at most {TEXT_BYTES} bytes; this one has {size}.",
                code="too_long",
                field="context",
            )
