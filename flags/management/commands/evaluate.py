"""Ask the engine about one person on the command line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from flags.engine.explain import Explanation
from flags.engine.result import Evaluation
from flags.management.telling import tell_evaluation, tell_explanation
from flags.queries.respondent import Respondent, Unanswerable


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
            "--explain",
            action="store_true",
            help="add every gate in order, what it read, the rule that decided and its dates,"
            " the text for the person and how a client shows it",
        )
        parser.add_argument(
            "--format",
            choices=("json", "text"),
            default="json",
            help="text is for people to read",
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
            options["app"],
            options["environment"],
            told=options["explain"],
            spoken=options["format"] == "text",
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
    """Answers in the words that were asked for."""

    def __init__(self, app: str, environment: str, *, told: bool, spoken: bool) -> None:
        try:
            self.respondent = Respondent(app, environment, now=timezone.now())
        except Unanswerable as refusal:
            raise CommandError(str(refusal)) from None
        self.told = told
        self.spoken = spoken

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
        """Answer with one line of JSON or lines of text, or raise Unanswerable."""
        respondent = self.respondent
        read = respondent.read(context, at)
        revision = respondent.environment.revision
        if self.told:
            explanation = respondent.tell(feature, read)
            if self.spoken:
                return "\n".join(tell_explanation(explanation))
            more = {
                "textKey": explanation.text_key,
                "display": explanation.display,
                "steps": explanation.steps,
            }
            return _render(_describe(explanation, explanation.variant, revision) | more)
        evaluation = respondent.evaluate(feature, read)
        if self.spoken:
            return "\n".join(tell_evaluation(evaluation))
        variant = evaluation.variant.name if evaluation.variant else None
        return _render(_describe(evaluation, variant, revision))


def _describe(
    found: Evaluation | Explanation, variant: str | None, revision: int
) -> dict[str, Any]:
    return {
        "feature": found.feature,
        "value": found.value,
        "variant": variant,
        "reason": found.reason,
        "rule": found.rule,
        "signal": found.signal or None,
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
