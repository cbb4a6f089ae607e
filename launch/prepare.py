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
    """Migrate, load the demo when there is no app yet; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        if settings.DEMO and not apps.get_model("regions", "App").objects.exists():
            call_command("load_demo", verbosity=0)
            # Else the first worker would have to do it while a person waits.
            call_command("publish", verbosity=0, stdout=io.StringIO())
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
