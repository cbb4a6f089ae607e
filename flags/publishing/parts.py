"""Save changed parts under the environment's next revision.

Every part, whichever way it was made, gets its revision here: under the lock of its
environment's row, so that there is one order for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q

from flags.models import Snapshot
from flags.publishing.store import Head, PartKey, StoredPart
from flags.queries.snapshots import load_heads
from regions import canonical
from regions.governance.models import Environment, Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The bytes that a part should have, made of the changes up to `change_seq`.

    `app_id` is None for the part `access`.
    """

    key: PartKey
    app_id: int | None
    change_seq: int
    body: bytes


def lock_environment(key: str) -> Environment:
    """Return the environment's row, locked until the transaction ends."""
    return Environment.objects.select_for_update().get(key=key)


def save_changed(
    environment: Environment,
    drafts: Iterable[Draft],
    *,
    now: datetime,
    heads: Mapping[PartKey, Head] | None = None,
) -> tuple[StoredPart, ...]:
    """Save the drafts that differ from what is published; all get the same next revision.

    The environment must be locked; `heads` are those read under the lock. `published_seq` is
    saved with the revision. When nothing differs, no revision is used and nothing is saved.
    """
    if heads is None:
        heads = load_heads(environment.key)
    next_revision = environment.revision + 1
    changed: list[tuple[Draft, StoredPart]] = []
    for draft in drafts:
        key = draft.key
        digest = canonical.digest(draft.body)
        head = Head(epoch=environment.epoch, revision=next_revision, digest=digest)
        if key not in heads or heads[key].digest != digest:
            changed.append((draft, StoredPart(key=key, head=head, body=draft.body)))
    if changed:
        environment.revision = next_revision
        environment.save(update_fields=["revision", "published_seq"])
    Snapshot.objects.bulk_create(
        Snapshot(
            environment=environment,
            app_id=draft.app_id,
            part=part.key.part,
            epoch=part.head.epoch,
            revision=part.head.revision,
            change_seq=draft.change_seq,
            digest=part.head.digest,
            body=part.body,
            created_at=now,
        )
        for draft, part in changed
    )
    return tuple(part for _draft, part in changed)


def clear_outbox(environment: Environment, **change_seqs: int) -> None:
    """Forget the changes of these parts up to a number, included: they are published."""
    done = (Q(part=part, change_seq__lte=seq) for part, seq in change_seqs.items())
    Outbox.objects.filter(reduce(or_, done), environment=environment).delete()
