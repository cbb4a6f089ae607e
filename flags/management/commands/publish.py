"""`manage.py publish`: publish what waits, and say what came of it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from flags.publishing.deliver import put_lacking
from flags.publishing.drain import drain
from flags.publishing.lock import PublisherBusy
from flags.publishing.prove import UnableToPublish
from flags.publishing.publish import Published, publish
from regions.governance.models import Environment


class Command(BaseCommand):
    """Publish one environment, or all of them."""

    requires_system_checks = ()  # it runs within seconds of a change, beside a serving process
    help = "Publish changes that wait in the outbox; several may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--environment", default="", help="its key; all when left out")
        parser.add_argument(
            "--again", action="store_true", help="also when nothing changed, after an upgrade"
        )

    def handle(self, *_args: object, **options: Any) -> None:
        failures: list[str] = []
        for key in _list_keys(options["environment"]):
            try:
                done = drain(key, read_clock=timezone.now)
                if options["again"]:
                    once_more = publish(key, now=timezone.now(), again=True)
                    done += [once_more] if once_more else []
            except (UnableToPublish, PublisherBusy) as error:
                failures.append(str(error))
            else:
                self.stdout.write(_tell(key, done))
        self._put_lacking()
        if failures:
            raise CommandError("\n".join(failures))

    def _put_lacking(self) -> None:
        try:
            put_lacking()
        except OSError as error:
            self.stderr.write(f"Published, but not in Redis yet: {error}")


def _list_keys(wanted: str) -> list[str]:
    keys = list(Environment.objects.values_list("key", flat=True))
    if wanted and wanted not in keys:
        raise CommandError(f"There is no environment “{wanted}”; there are {', '.join(keys)}.")
    return [wanted] if wanted else keys


def _tell(key: str, done: list[Published]) -> str:
    new = [f"{name} {number}" for entry in done for name, number in entry.revisions.items()]
    return f"{key}: {', '.join(new)}" if new else f"{key}: nothing new"
