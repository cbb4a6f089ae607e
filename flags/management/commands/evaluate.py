"""Ask the engine about one person on the command line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from random import SystemRandom
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.constraints import parse_instant
from flags.engine.evaluate import evaluate
from flags.engine.explain import explain
from flags.engine.result import Evaluation
from flags.queries.definitions import load_definitions, load_kills
from flags.wire.context import UnreadableContext, read_context
from regions.governance.models import Environment
from regions.models import App

_DICE = SystemRandom()


class Unanswerable(Exception):
    """A question that cannot be read; the message says why."""


class Command(BaseCommand):
    """Translate a question into one evaluation, and the evaluation into one JSON object."""

    help = (
        "Evaluate a feature for one person and print one JSON object. It answers from the"
        " definitions that are committed in the database, whether or not they are published"
        " yet. The context uses the same names as on the wire: accountCountry,"
        " locationCountry, storefrontCountry, platform, age and so on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("feature", nargs="?", help="the feature's key; not with --stdin")
        parser.add_argument("--context", default="{}", help="a JSON object: who asks and where")
        parser.add_argument("--app", default="superapp")
        parser.add_argument("--environment", default="production")
        parser.add_argument("--at", help="ask as of this time, RFC 3339 with zone; default now")
        parser.add_argument(
            "--explain", action="store_true", help="add every gate in order, open or closed"
        )
        parser.add_argument(
            "--stdin",
            action="store_true",
            help='read questions as JSON lines {"feature", "context", "at"}, answer each with a'
            ' line; a question that cannot be read is answered with "error", and the exit code'
            " is then 1",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if bool(options["feature"]) == options["stdin"]:
            raise CommandError("Name one feature, or ask with --stdin.")
        respondent = _Respondent(
            options["app"], options["environment"], now=timezone.now(), told=options["explain"]
        )
        if not options["stdin"]:
            try:
                context = _decode_object(options["context"], "the context")
                line = respondent.answer(options["feature"], context, options["at"])
            except Unanswerable as refusal:
                raise CommandError(str(refusal)) from None
            self.stdout.write(line)
            return
        self._answer_lines(respondent, options["at"])

    def _answer_lines(self, respondent: _Respondent, at: str | None) -> None:
        failed = 0
        for line in sys.stdin.buffer:
            if not line.strip():
                continue
            try:
                question = _decode_object(line, "the line")
                answer = respondent.answer_question(question, at)
            except Unanswerable as refusal:
                failed += 1
                answer = _render({"error": str(refusal)})
            self.stdout.write(answer)
            self.stdout.flush()
        if failed:
            sys.exit(1)


class _Respondent:
    """Holds what was compiled once, and answers question after question."""

    def __init__(self, app: str, environment: str, *, now: datetime, told: bool) -> None:
        if not App.objects.filter(key=app).exists():
            raise CommandError(f"There is no app “{app}”.")
        row = Environment.objects.filter(key=environment).first()
        if row is None:
            raise CommandError(f"There is no environment “{environment}”.")
        self.environment = row
        self.now = now
        self.told = told
        self.snapshot: CompiledSnapshot = compile_snapshot(
            load_definitions(app, environment), load_kills(app, environment).switches
        )

    def answer_question(self, question: dict[str, Any], at: str | None) -> str:
        """Answer one object with the keys feature, context and at."""
        feature = question.get("feature")
        context = question.get("context", {})
        if not isinstance(feature, str) or not feature:
            raise Unanswerable("the line names no feature")
        if not isinstance(context, dict):
            raise Unanswerable("the context is not a JSON object")
        asked = question.get("at", at)
        if asked is not None and not isinstance(asked, str):
            raise Unanswerable("“at” is not a text")
        return self.answer(feature, context, asked)

    def answer(self, feature: str, context: Mapping[str, Any], at: str | None) -> str:
        """Answer with one line of JSON, or raise Unanswerable."""
        asked = dict(context)
        if at is not None:
            if parse_instant(at) is None:
                raise Unanswerable(f"{at!r} is not an RFC 3339 time with a zone")
            asked["currentTime"] = at
        try:
            read = read_context(
                asked,
                now=self.now,
                dice=lambda sides: _DICE.randint(1, sides),
                environment=self.environment.key,
                trusted=True,
            )
        except UnreadableContext as error:
            raise Unanswerable(str(error)) from None
        found = _describe(evaluate(self.snapshot, feature, read), self.environment.revision)
        if self.told:
            found["steps"] = explain(self.snapshot, feature, read)
        return _render(found)


def _describe(evaluation: Evaluation, revision: int) -> dict[str, Any]:
    return {
        "feature": evaluation.feature,
        "value": evaluation.value,
        "variant": evaluation.variant.name if evaluation.variant else None,
        "reason": evaluation.reason,
        "rule": evaluation.rule,
        "signal": evaluation.signal or None,
        "revision": revision,
    }


def _decode_object(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unanswerable(f"{name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Unanswerable(f"{name} is not a JSON object")
    return found


def _render(value: object) -> str:
    return msgspec.json.encode(value).decode()
