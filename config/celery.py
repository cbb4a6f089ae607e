"""The Celery app and the beat schedule, by task names only."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("landfall")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["flags", "regions.translations"])
app.conf.beat_schedule = {
    "sweep-the-outbox": {"task": "flags.tasks.drain_outbox", "schedule": 1.0},
}
