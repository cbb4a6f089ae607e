"""`manage.py sync_locale`: bring catalogs and database together."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from regions.translations.sync import SyncReport, TextConflict, sync_locale

_MOST_NAMES = 50


class Command(BaseCommand):
    """Import what changed in files, write back what changed in the admin, name conflicts."""

    help = "Bring the catalogs in locale/ and the database together, text by text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit 1 unless all is in step"
        )
        parser.add_argument("--dir", type=Path, help="another directory than LANDFALL_LOCALE_DIR")
        parser.add_argument(
            "--allow-removals",
            action="store_true",
            help="follow files that have lost more than a fifth of their messages",
        )

    def handle(self, **options: Any) -> None:
        """Sync, print the report, exit 1 when something waits for a person."""
        directory = (options["dir"] or settings.LOCALE_DIR).resolve()
        if not directory.is_dir():
            raise CommandError(f"There is no directory {directory}.")
        report = sync_locale(
            directory,
            actor=None,
            now=timezone.now(),
            check=options["check"],
            allow_removals=options["allow_removals"],
        )
        self._print(report, check=options["check"])
        if report.conflicts or report.errors:
            raise CommandError(
                f"Conflicts: {len(report.conflicts)}, errors: {len(report.errors)}. "
                "Settle conflicts in the admin, mend errors in the files."
            )
        if options["check"] and not report.is_clean:
            raise CommandError("Catalogs and database are not in step; run sync_locale.")

    def _print(self, report: SyncReport, *, check: bool) -> None:
        would = "would be " if check else ""
        for verb, names in (
            ("imported", report.imported),
            ("written", report.written),
            ("removed", report.removed),
        ):
            for name in names if self._is_short(names) else ():
                self.stdout.write(f"{would}{verb}: {name}")
        for conflict in report.conflicts:
            self._print_conflict(conflict)
        for warning in report.warnings:
            self.stdout.write(self.style.WARNING(f"warning: {warning}"))
        for error in report.errors:
            self.stderr.write(self.style.ERROR(f"error: {error}"))
        self.stdout.write(
            f"{len(report.imported)} {would}imported, {len(report.written)} {would}written, "
            f"{len(report.removed)} {would}removed, {len(report.conflicts)} conflicts."
        )

    def _is_short(self, names: tuple[str, ...]) -> bool:
        return len(names) <= _MOST_NAMES

    def _print_conflict(self, conflict: TextConflict) -> None:
        self.stdout.write(self.style.WARNING(f"conflict: {conflict.name}"))
        for side, forms in (
            ("base", conflict.base),
            ("mine (admin)", conflict.mine),
            ("theirs (file)", conflict.theirs),
        ):
            self.stdout.write(f"  {side}: {' / '.join(forms) or '(none)'}")
