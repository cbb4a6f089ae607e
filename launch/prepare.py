"""Bring the database up to date; on the first start load the demo and publish it.

One process for all of it, since starting Django is half of the work. Unlike its neighbours it
runs inside Django; `product` starts it, and only when something changed.
"""

from __future__ import annotations

import io
import os
import sys

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError


def main() -> int:
    """Migrate, load what is not there of the demo; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        if settings.DEMO and not apps.get_model("regions", "App").objects.exists():
            call_command("load_demo", verbosity=0)
            # Else the first worker would have to do it while a person waits.
            call_command("publish", verbosity=0, stdout=io.StringIO())
        elif settings.DEMO and not apps.get_model("translations", "Component").objects.exists():
            _load_texts()
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _load_texts() -> None:
    """Load the texts for a demo that was cut off between its rows and them.

    Only the texts: loading the whole demo again would undo what people changed since. A catalog
    that needs a person keeps nobody from starting, as on the first load.
    """
    try:
        call_command("sync_locale", stdout=io.StringIO())
    except CommandError as error:
        sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    raise SystemExit(main())
