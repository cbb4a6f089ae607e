"""The Celery app and the beat schedule, by task names only."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("landfall")
# The relay sends from a thread of its own, where only a default app is known.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["flags", "regions.translations"])
app.conf.beat_schedule = {
    # A sweep that nobody took in time is followed by the next; they must not pile up.
    "sweep-the-outbox": {
        "task": "flags.tasks.drain_outbox",
        "schedule": 1.0,
        "options": {"expires": 5, "ignore_result": True},
    },
    "keep-token-uses": {
        "task": "flags.tasks.keep_token_uses",
        "schedule": 60.0,
        "options": {"expires": 50, "ignore_result": True},
    },
    "fold-usage": {
        "task": "flags.tasks.fold_usage",
        "schedule": 60.0,
        "options": {"expires": 50, "ignore_result": True},
    },
}
