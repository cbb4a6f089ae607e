"""The Celery app and the beat schedule, by task names only."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import beat_init

from config.env import WrongSetting, read_int, read_text

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# A probe that fails takes ten seconds or more; those that come meanwhile are left out.
PROBE_SECONDS_MIN = 5


def read_probe_seconds() -> int:
    """Return how often the end-to-end probe runs, 0 for never."""
    if not read_text("LANDFALL_PUBLIC_URL"):
        return 0
    seconds = read_int("LANDFALL_PROBE_SECONDS", 60, low=0, high=86_400)
    if 0 < seconds < PROBE_SECONDS_MIN:
        expected = f"0, or a whole number from {PROBE_SECONDS_MIN} to 86400"
        raise WrongSetting("LANDFALL_PROBE_SECONDS", expected, str(seconds))
    return seconds


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
PROBE_SECONDS = read_probe_seconds()
if PROBE_SECONDS:
    app.conf.beat_schedule["probe"] = {
        "task": "flags.tasks.probe",
        "schedule": float(PROBE_SECONDS),
        "options": {"expires": PROBE_SECONDS, "ignore_result": True},
    }


@beat_init.connect
def probe_at_once(**_: object) -> None:
    """Measure when beat starts too, so that there is a figure before an interval is over."""
    if PROBE_SECONDS:
        app.send_task("flags.tasks.probe", expires=PROBE_SECONDS, ignore_result=True, retry=False)
