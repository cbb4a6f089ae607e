"""Compare two people, or two published revisions, on the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from flags.engine.diff import diff_contexts
from flags.management.telling import tell_changes, tell_differences
from flags.publishing.compare import Comparison, NothingPublished, compare_revisions
from flags.queries.respondent import Respondent, Unanswerable, find_environment, read_asked

PAIR = 2


class Command(BaseCommand):
    """Translate a question into one comparison, and the comparison into text or JSON."""

    help = (
        "Name what differs and why: between two people (--context twice), as the committed"
        " definitions have it, or between two published revisions (--revision twice)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--context", action="append", default=[], help="a JSON object; give two of them"
        )
        parser.add_argument(
            "--revision", action="append", default=[], type=int, help="a number; give two of them"
        )
        parser.add_argument("--feature", default="", help="with --context: this feature alone")
        parser.add_argument(
            "--rules",
            action="store_true",
            help="with --context: name features too that get the same answer by another rule",
        )
        parser.add_argument("--app", default="superapp")
        parser.add_argument("--environment", default="production")
        parser.add_argument("--at", help="ask as of this time, RFC 3339 with zone; default now")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *_args: Any, **options: Any) -> None:
        given = (len(options["context"]), len(options["revision"]))
        try:
            if given == (PAIR, 0):
                self._tell(*_diff_people(options), options)
            elif given == (0, PAIR):
                self._tell(*_diff_revisions(options), options)
            else:
                raise CommandError("Give --context twice, or --revision twice.")
        except (Unanswerable, NothingPublished) as refusal:
            raise CommandError(str(refusal)) from None

    def _tell(self, found: Any, lines: Iterable[str], options: dict[str, Any]) -> None:
        if options["format"] == "json":
            self.stdout.write(msgspec.json.encode(found).decode())
        else:
            self.stdout.write("\n".join(lines))


def _diff_people(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    respondent = Respondent(options["app"], options["environment"], now=timezone.now())
    before, after = (respondent.read(_decode(text), options["at"]) for text in options["context"])
    found = diff_contexts(
        respondent.snapshot,
        before,
        after,
        feature_key=options["feature"],
        rules=options["rules"],
    )
    return found, tell_differences(found, rules=options["rules"])


def _diff_revisions(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    environment = find_environment(options["environment"])
    before, after = options["revision"]
    for revision in (before, after):
        if not 1 <= revision <= environment.revision:
            raise Unanswerable(
                f"“{environment.key}” has revisions 1 to {environment.revision}, not {revision}."
            )
    found: Comparison = compare_revisions(
        options["app"],
        environment.key,
        epochs=(environment.epoch, environment.epoch),
        revisions=(before, after),
        now=read_asked({}, options["at"], now=timezone.now(), environment="").now,
    )
    texts = ["Texts differ too."] if found.texts else []
    head = f"Revision {found.before} -> {found.after}, {found.people} people asked."
    return found, [head, *tell_changes(found.rules, found.shifts, found.people), *texts]


def _decode(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unanswerable(f"a context is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Unanswerable("a context is not a JSON object")
    return found
