"""One scope as committed in the database, compiled once to answer question after question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import SystemRandom
from typing import Any

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.constraints import parse_instant
from flags.engine.context import Context
from flags.engine.evaluate import evaluate
from flags.engine.explain import Explanation, tell
from flags.engine.result import Evaluation
from flags.queries.definitions import load_definitions, load_kills
from flags.wire.context import UnreadableContext, read_context
from regions.governance.models import Environment
from regions.models import App

_DICE = SystemRandom()


class Unanswerable(Exception):
    """A question that cannot be read; the message says why."""


class Respondent:
    """Holds what was compiled once; it answers as trusted, so the clock may be set."""

    def __init__(self, app: str, environment: str, *, now: datetime) -> None:
        if not App.objects.filter(key=app).exists():
            raise Unanswerable(f"There is no app “{app}”.")
        self.environment = find_environment(environment)
        self.now = now
        self.snapshot: CompiledSnapshot = compile_snapshot(
            load_definitions(app, environment), load_kills(app, environment).switches
        )

    def read(self, context: Mapping[str, Any], at: str | None = None) -> Context:
        """Return the context that was asked with, as of a time, or raise Unanswerable."""
        return read_asked(context, at, now=self.now, environment=self.environment.key)

    def evaluate(self, feature: str, context: Context) -> Evaluation:
        """Return the engine's answer."""
        return evaluate(self.snapshot, feature, context)

    def tell(self, feature: str, context: Context) -> Explanation:
        """Return the engine's answer with every gate on the way."""
        return tell(self.snapshot, feature, context)


def find_environment(key: str) -> Environment:
    """Return the environment, or raise Unanswerable."""
    row = Environment.objects.filter(key=key).first()
    if row is None:
        raise Unanswerable(f"There is no environment “{key}”.")
    return row


def read_asked(
    context: Mapping[str, Any], at: str | None, *, now: datetime, environment: str
) -> Context:
    """Return a trusted caller's context, or raise Unanswerable with a sentence."""
    asked = dict(context)
    if at is not None:
        if parse_instant(at) is None:
            raise Unanswerable(f"{at!r} is not an RFC 3339 time with a zone")
        asked["currentTime"] = at
    try:
        return read_context(
            asked,
            now=now,
            dice=lambda sides: _DICE.randint(1, sides),
            environment=environment,
            trusted=True,
        )
    except UnreadableContext as error:
        raise Unanswerable(str(error)) from None
