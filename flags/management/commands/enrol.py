"""`manage.py enrol`: enrol a person under a feature's cap, or let them leave."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from flags.operations.enrolments import enrol, leave
from regions.governance.commands import Refused
from regions.locales.territory import normalise_country
from regions.operations.checks import check_country


class Command(BaseCommand):
    """Translate a person into one enrolment, and its outcome into one line."""

    help = (
        "Enrol a person under the cap of a feature that holds where they are. Asking again"
        " changes nothing; the last place goes to one of those who ask at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("feature", help="the feature's key")
        parser.add_argument("--user", required=True, help="the person's id, kept as a digest only")
        parser.add_argument("--territory", default="", help="where the person is, such as IN")
        parser.add_argument("--app", default="superapp")
        parser.add_argument("--environment", default="production")
        parser.add_argument("--leave", action="store_true", help="let the person go instead")

    def handle(self, *_args: object, **options: Any) -> None:
        change = leave if options["leave"] else enrol
        try:
            if options["territory"] and normalise_country(options["territory"]) is None:
                check_country(options["territory"], field="territory")
            standing = change(
                app=options["app"],
                environment=options["environment"],
                feature=options["feature"],
                person=options["user"],
                territory=options["territory"],
                now=timezone.now(),
            )
        except Refused as refused:
            raise CommandError(refused.message) from None
        full = "left" if options["leave"] else f"full, the limit is {standing.limit}"
        self.stdout.write(f"{standing.cap}: {'enrolled' if standing.enrolled else full}")
