"""Fill an installation with the demo."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from flags.demo.load import DemoRefused, load_demo
from regions.governance.commands import Refused


class Command(BaseCommand):
    """Translate the command line into the load of the demo."""

    help = (
        "Load the demo: one app, 36 countries and regions, 8 bundles, 46 features. It can be"
        " run again at any time and then only brings back what the demo's own facts say."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        now = timezone.now()
        try:
            loaded = load_demo(now=now)
        except DemoRefused as refusal:
            raise CommandError(str(refusal)) from None
        except Refused as refusal:
            raise CommandError(f"The demo could not be loaded: {refusal.message}") from None
        for trouble in loaded.troubles:
            self.stderr.write(self.style.WARNING(trouble))
        self.stdout.write(
            f"Demo loaded: {loaded.commands} commands, {loaded.changes} rows changed,"
            f" {loaded.texts} texts imported."
        )
