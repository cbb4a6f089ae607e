"""Publish an environment: load, compile, prove, save, deliver.

Compiling is outside every transaction and every serving process. What decides between two
publishers is the environment's row: the one that read the newer changes wins, and an
older result is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, transaction

from flags.engine.compile import compile_snapshot
from flags.engine.compiled import CompiledSnapshot
from flags.engine.outcomes import Finding
from flags.models import PublishRefusal
from flags.publishing.access import draft_access
from flags.publishing.deliver import deliver
from flags.publishing.findings import save_broken, save_notes
from flags.publishing.kills import draft_kills
from flags.publishing.load import load
from flags.publishing.loaded import Loaded, LoadedApp
from flags.publishing.lock import publisher_lock
from flags.publishing.parts import Draft, clear_outbox, lock_environment, save_changed
from flags.publishing.prove import (
    Proof,
    UnableToPublish,
    find_unproved,
    list_broken,
    prove_bytes,
    prove_promises,
    prove_sample,
)
from flags.publishing.snapshot import Content, render_content
from flags.publishing.store import Head, PartKey, StoredPart
from flags.queries.snapshots import EVERY_APP, load_heads
from regions.governance.models import Environment, Outbox
from regions.translations.models import TextBlob

_log = structlog.get_logger(__name__)
# What this process proved last, per scope: a worker compiles what changed only, as nodes do.
_proved: dict[str, Proof] = {}
# What this process read last, per environment: only what changed since is read again.
_read: dict[str, Loaded] = {}
# Environments that were read piece by piece since they were last read as a whole.
_pieced: set[str] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publish made: `revisions` names the parts that are new, as `app/part`.

    It is empty when everything was published already. `broken` says which features are
    published off because they cannot be decided, and why. `took_ms` gives whole
    milliseconds of the steps load, compile, prove, save, deliver and note.
    """

    environment: str
    change_seq: int
    revisions: Mapping[str, int]
    broken: tuple[str, ...]
    took_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """One scope, proved: its bytes, what they compile to and which features are broken."""

    draft: Draft
    app_id: int
    snapshot: CompiledSnapshot
    broken: tuple[Finding, ...]


@dataclass(slots=True)
class _Watch:
    """Milliseconds per step."""

    took_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of the block to the step."""
        start = time.monotonic()
        yield
        passed = round(1000 * (time.monotonic() - start), 1)
        self.took_ms[name] = self.took_ms.get(name, 0) + passed


def publish(
    environment_key: str, *, now: datetime, again: bool = False, wait_seconds: float = 10.0
) -> Published | None:
    """Publish the newest committed state; None when that is published already.

    `again` publishes also without a change, which a new version of Landfall may need.
    Raises PublisherBusy when another publisher is still at work after `wait_seconds`, and
    UnableToPublish when a proof fails; the refusal is kept for people to see.
    """
    with publisher_lock(environment_key, wait_seconds=wait_seconds):
        return publish_alone(environment_key, now=now, again=again)


def publish_alone(
    environment_key: str, *, now: datetime, again: bool = False, rest_seconds: float = 0.0
) -> Published | None:
    """Publish as `publish` does; the caller holds the publisher's lock.

    Between delivery and what can wait it rests, so that nodes have the processor.
    """
    if not again and not _is_behind(environment_key):
        return None
    watch = _Watch()
    with watch.step("load"):
        loaded = _read_rows(environment_key, None if again else _read.get(environment_key))
    try:
        prepared = [_prepare(loaded, app, watch, now=now) for app in loaded.apps]
    except UnableToPublish as error:
        _keep_refusal(loaded, error, now=now)
        raise
    with watch.step("save"):
        _save_blobs(loaded.blobs, now=now)
        parts = _save(loaded, prepared, now=now, again=again)
    if parts is None:
        return None
    with watch.step("deliver"):
        deliver(parts, blobs=loaded.blobs)
    time.sleep(rest_seconds)
    with watch.step("note"):
        for entry in prepared:
            save_notes(environment_key, entry.app_id, entry.snapshot, now=now)
        _keep_once(loaded, prepared)
    published = Published(
        environment=environment_key,
        change_seq=loaded.change_seq,
        revisions={f"{part.key.app}/{part.key.part}": part.head.revision for part in parts},
        broken=tuple(
            f"{entry.draft.key.app}/{finding.feature}: {finding.message}"
            for entry in prepared
            for finding in entry.broken
        ),
        took_ms=watch.took_ms,
    )
    _log.info(
        "snapshot.published",
        environment=environment_key,
        change_seq=loaded.change_seq,
        revisions=dict(published.revisions),
        **{f"{step}_ms": passed for step, passed in watch.took_ms.items()},
    )
    return published


def rehearse(environment_key: str, *, now: datetime) -> None:
    """Do what a publish does first, so that the next one has only changes to look at.

    The caller holds the publisher's lock. Raises UnableToPublish as a publish does.
    """
    loaded = _read_rows(environment_key, None)
    for app in loaded.apps:
        _prepare(loaded, app, _Watch(), now=now)


def find_drift(environment_key: str) -> bool:
    """Tell whether what was read piece by piece differs from the rows; then forget it.

    The caller holds the publisher's lock. Costs a full reading, where there was any other.
    """
    last = _read.get(environment_key)
    if last is None or environment_key not in _pieced:
        return False
    whole = load(environment_key, None)
    if whole.change_seq != last.change_seq:
        return False  # There is something to publish: its reading begins with these rows again.
    _read[environment_key] = whole
    _pieced.discard(environment_key)
    return whole != last


def _read_rows(environment_key: str, last: Loaded | None) -> Loaded:
    loaded = load(environment_key, last)
    _read[environment_key] = loaded
    if last is None:
        _pieced.discard(environment_key)
    else:
        _pieced.add(environment_key)
    return loaded


def _keep_once(loaded: Loaded, prepared: list[_Prepared]) -> None:
    """Remember what was read as what was compiled, where they are equal: one takes less room."""
    made = {entry.app_id: entry.snapshot.definitions for entry in prepared}
    apps = tuple(
        replace(app, definitions=made[app.app_id]) if made[app.app_id] == app.definitions else app
        for app in loaded.apps
    )
    _read[loaded.environment_key] = replace(loaded, apps=apps)


def _is_behind(environment_key: str) -> bool:
    environment = Environment.objects.get(key=environment_key)
    return environment.published_seq < environment.change_seq


def _prepare(loaded: Loaded, entry: LoadedApp, watch: _Watch, *, now: datetime) -> _Prepared:
    """Make the bytes of one scope and prove them as a node will read them.

    Whatever goes wrong in here goes wrong with these rows, every time: it refuses the
    publish instead of ending the publisher. The end of the task's time is no such thing.
    """
    scope = f"{entry.key}/{loaded.environment_key}"
    before = _proved.get(scope)
    try:
        body = render_content(Content(definitions=entry.definitions, texts=loaded.texts))
        with watch.step("prove"):
            content = prove_bytes(scope, body)
        with watch.step("compile"):
            previous = before.snapshot if before else None
            snapshot = compile_snapshot(content.definitions, entry.kills.switches, previous)
        _log.info("snapshot.compiled", scope=scope, change_seq=loaded.change_seq)
        with watch.step("prove"):
            left = find_unproved(snapshot, before, now=now)
            prove_sample(scope, snapshot, now=now, unproved=left)
            prove_promises(scope, snapshot, entry.promises, now=now, before=before, unproved=left)
        _proved[scope] = Proof(snapshot, entry.promises, now)
        broken = tuple(list_broken(snapshot))
        for finding in broken:
            _log.warning(
                "feature.broken", scope=scope, feature=finding.feature, why=finding.message
            )
    except (UnableToPublish, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        raise UnableToPublish(scope, f"{type(error).__name__}: {error}") from error
    key = PartKey(environment=loaded.environment_key, app=entry.key, part="content")
    draft = Draft(key=key, app_id=entry.app_id, change_seq=loaded.change_seq, body=body)
    return _Prepared(draft=draft, app_id=entry.app_id, snapshot=snapshot, broken=broken)


def _save_blobs(blobs: Mapping[str, bytes], *, now: datetime) -> None:
    """Keep new text bundles before any part names them."""
    kept = set(TextBlob.objects.filter(pk__in=list(blobs)).values_list("pk", flat=True))
    TextBlob.objects.bulk_create(
        [
            TextBlob(sha256=sha256, body=body, created_at=now)
            for sha256, body in blobs.items()
            if sha256 not in kept
        ],
        ignore_conflicts=True,
    )


def _save(
    loaded: Loaded, prepared: list[_Prepared], *, now: datetime, again: bool
) -> tuple[StoredPart, ...] | None:
    """Save what differs under one revision; None when a newer publish was faster.

    A scope never has content without kill switches and tokens beside it, and what a crashed
    request left of them is made up for.
    """
    with transaction.atomic():
        environment = lock_environment(loaded.environment_key)
        overtaken = environment.published_seq > loaded.change_seq
        if overtaken or (environment.published_seq == loaded.change_seq and not again):
            _log.info("snapshot.dropped", environment=environment.key, seq=loaded.change_seq)
            return None
        heads = load_heads(environment.key)
        drafts = [entry.draft for entry in prepared]
        if again or not _has_others(environment, loaded, heads):
            others = [draft_access(environment, now=now), *draft_kills(environment)]
            drafts = [*others, *drafts]
        environment.published_seq = loaded.change_seq
        parts = save_changed(environment, drafts, now=now, heads=heads)
        if not parts:
            environment.save(update_fields=["published_seq"])
        for entry in prepared:
            save_broken(environment, entry.app_id, entry.broken, now=now)
        known = environment.change_seq
        clear_outbox(environment, content=loaded.change_seq, kills=known, access=known)
        PublishRefusal.objects.filter(environment=environment).delete()
    return parts


def _has_others(environment: Environment, loaded: Loaded, heads: Mapping[PartKey, Head]) -> bool:
    """Tell for certain that kill switches and tokens are published as their rows are.

    Their commands leave a row in the outbox, which goes with the publish of their part. All
    else that they are made of, such as the list of apps, is never read piece by piece; what
    expired long ago, and lets nobody in, may stay until there is another reason.
    """
    if not loaded.pieced:
        return False
    wanted = {PartKey(environment=environment.key, app=EVERY_APP, part="access")}
    for app in loaded.apps:
        wanted.add(PartKey(environment=environment.key, app=app.key, part="kills"))
    waiting = Outbox.objects.filter(environment=environment, part__in=("kills", "access"))
    return wanted <= heads.keys() and not waiting.exists()


def _keep_refusal(loaded: Loaded, error: UnableToPublish, *, now: datetime) -> None:
    """Let people see why nothing new is live."""
    _log.error(
        "snapshot.refused", scope=error.scope, change_seq=loaded.change_seq, reason=error.reason
    )
    try:
        PublishRefusal.objects.update_or_create(
            environment=Environment.objects.get(key=loaded.environment_key),
            defaults={
                "change_seq": loaded.change_seq,
                "scope": error.scope,
                "reason": error.reason,
                "at": now,
            },
        )
    except DatabaseError as failure:
        _log.error("snapshot.refusal_lost", error=str(failure))
