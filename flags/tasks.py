"""Celery's tasks of the flags house: nudges only, what there is to do stands in the outbox."""

from __future__ import annotations

import sys
from uuid import uuid4

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.db import connections
from django.utils import timezone

from flags.operations.usage import fold, prune
from flags.operations.uses import keep_uses
from flags.probing.probe import Prober, Target
from flags.publishing.collector import tidy_up
from flags.publishing.deliver import live_store, put_lacking
from flags.publishing.drain import drain
from flags.publishing.exposure import forget_batch, list_batches, read_batch, take_batch
from flags.publishing.lock import PublisherBusy
from flags.publishing.outbox import list_due
from flags.publishing.probes import note_sweep
from flags.publishing.prove import UnableToPublish
from flags.publishing.readiness import check_readings, warm_up
from flags.publishing.uses import list_uses
from regions.governance.models import Environment

# A task that waits longer for another publisher would only keep the worker from others.
WAIT_SECONDS = 5.0
SWITCH_SECONDS = 0.0005

_prober = Prober()
_log = structlog.get_logger(__name__)


@shared_task(name="flags.tasks.drain_outbox", ignore_result=True, soft_time_limit=50, time_limit=60)
def drain_outbox(**_: object) -> None:
    """Publish what waits in every environment, then put what Redis lacks.

    Running it twice, at once or again, does nothing more. A refusal is kept by the publish
    itself; a busy publisher does the work; the rest comes again with the next sweep.
    """
    waiting = sorted({due.environment for due in list_due(now=timezone.now())})
    for environment_key in waiting:
        try:
            if drain(environment_key, read_clock=timezone.now, wait_seconds=WAIT_SECONDS):
                tidy_up()
        except (UnableToPublish, PublisherBusy) as error:
            _log.info("outbox.not_drained", environment=environment_key, why=str(error))
    try:
        put_lacking()
        note_sweep(live_store())
    except OSError as error:
        _log.info("redis.silent", error=str(error))
    if not waiting:
        check_readings(read_clock=timezone.now)


@shared_task(name="flags.tasks.probe", ignore_result=True, soft_time_limit=20, time_limit=30)
def probe(**_: object) -> None:
    """Measure how fast a change reaches a client, in a thread: publishing needs the worker."""
    if settings.PROBE_URL:
        target = Target(environment=settings.PROBE_ENVIRONMENT, url=settings.PROBE_URL)
        _prober.start(target, read_clock=timezone.now)


@worker_ready.connect
def get_ready(**_: object) -> None:
    """Have a worker that just started know what is live, so that its first change is no slower.

    A sweep in the thread beside a publish takes turns with it, as pages do in a web process.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    warm_up(read_clock=timezone.now)
    connections.close_all()


@shared_task(
    name="flags.tasks.keep_token_uses", ignore_result=True, soft_time_limit=20, time_limit=30
)
def keep_token_uses(**_: object) -> None:
    """Bring "last used" of the tokens up to date; twice is once, and the next one makes up."""
    try:
        keep_uses(list_uses(live_store()))
    except OSError as error:
        _log.info("redis.silent", error=str(error))


@shared_task(name="flags.tasks.fold_usage", ignore_result=True, soft_time_limit=50, time_limit=60)
def fold_usage(**_: object) -> None:
    """Bring the hourly rows up to date; whatever a worker left behind is folded too."""
    store = live_store()
    try:
        for environment in Environment.objects.values_list("key", flat=True):
            take_batch(store, environment, uuid4().hex)
        for name in list_batches(store):
            batch = read_batch(store, name)
            lines = fold(batch, now=timezone.now())
            forget_batch(store, name)
            _log.info("usage.folded", lines=lines, unreadable=batch.unreadable)
    except OSError as error:
        _log.info("redis.silent", error=str(error))
    prune(now=timezone.now(), days=settings.USAGE_DAYS)
