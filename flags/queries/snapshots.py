"""Published parts as they stand in the database: heads, parts and text bundles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from django.db import DatabaseError, InterfaceError, connections
from django.db.models import OuterRef, Q, QuerySet, Subquery

from flags.models import Snapshot
from flags.publishing.store import (
    Head,
    PartKey,
    StoredPart,
    StoreUnavailable,
    check_blob,
    check_part,
)
from regions.governance.models import Environment
from regions.models import App
from regions.translations.models import TextBlob

EVERY_APP = "*"


def load_heads(environment_key: str = "", *, using: str = "default") -> dict[PartKey, Head]:
    """Return how new each part of one or every environment is.

    Three queries whatever the size; each part is found at the end of its index, so old
    snapshots cost nothing.
    """
    found = list(_query_environments(environment_key, using).all())
    rows = list(_query_apps(tuple(pk for pk, _access in found), using).all()) if found else []
    ids = {access for _pk, access in found} | {pk for row in rows for pk in row}
    snapshots = Snapshot.objects.using(using).filter(pk__in=ids - {None})
    fields = ("environment__key", "app__key", "part", "epoch", "revision", "digest")
    return {
        PartKey(environment=environment, app=app or EVERY_APP, part=part): Head(
            epoch=epoch, revision=revision, digest=digest
        )
        for environment, app, part, epoch, revision, digest in snapshots.values_list(*fields)
    }


# Every process asks for heads once a second or more: putting the queries together takes longer
# than answering them.
@lru_cache(maxsize=64)
def _query_environments(environment_key: str, using: str) -> QuerySet[Environment, tuple[int, int]]:
    """Return the query for environments and their newest `access` part."""
    environments = Environment.objects.using(using).all()
    if environment_key:
        environments = environments.filter(key=environment_key)
    with_access = environments.annotate(
        newest=Subquery(_newest(using, environment=OuterRef("pk"), app=None, part="access"))
    )
    return with_access.order_by("pk").values_list("pk", "newest")


@lru_cache(maxsize=64)
def _query_apps(environment_pks: tuple[int, ...], using: str) -> QuerySet[App, tuple[int, ...]]:
    """Return the query for the newest parts of every app in these environments."""
    newest = [
        Subquery(_newest(using, environment=pk, app=OuterRef("pk"), part=part))
        for pk in environment_pks
        for part in ("content", "kills")
    ]
    names = {f"newest_{index}": query for index, query in enumerate(newest)}
    return App.objects.using(using).annotate(**names).order_by().values_list(*names)


def find_part(key: PartKey, *, using: str = "default") -> StoredPart | None:
    """Return the newest part with its bytes, or None; one query."""
    rows = Snapshot.objects.using(using).filter(environment__key=key.environment, part=key.part)
    rows = rows.filter(app=None) if key.app == EVERY_APP else rows.filter(app__key=key.app)
    row = rows.order_by("-epoch", "-revision").first()
    if row is None:
        return None
    head = Head(epoch=row.epoch, revision=row.revision, digest=row.digest)
    return check_part(StoredPart(key=key, head=head, body=bytes(row.body)))


def find_first_revision(key: PartKey, epoch: int) -> int | None:
    """Return the revision with which an epoch's first part came, or None; one query."""
    rows = Snapshot.objects.filter(
        environment__key=key.environment, app__key=key.app, part=key.part, epoch=epoch
    )
    first: int | None = rows.order_by("revision").values_list("revision", flat=True).first()
    return first


def find_part_as_of(key: PartKey, *, epoch: int, revision: int) -> StoredPart | None:
    """Return the part as it stood at a revision, or None when there was none; one query.

    Parts publish alone, so it is the newest that is not past the revision.
    """
    rows = Snapshot.objects.filter(
        Q(epoch__lt=epoch) | Q(epoch=epoch, revision__lte=revision),
        environment__key=key.environment,
        app__key=key.app,
        part=key.part,
    )
    row = rows.order_by("-epoch", "-revision").first()
    if row is None:
        return None
    head = Head(epoch=row.epoch, revision=row.revision, digest=row.digest)
    return check_part(StoredPart(key=key, head=head, body=bytes(row.body)))


def find_blob(sha256: str, *, using: str = "default") -> bytes | None:
    """Return an immutable text bundle, or None when it is unknown; one query."""
    blob = TextBlob.objects.using(using).filter(pk=sha256).first()
    return None if blob is None else check_blob(sha256, bytes(blob.body))


class DatabaseSource:
    """The database as a source of parts for web nodes; it only reads.

    Calls block for as long as the database does, so they belong in a thread of their own.
    """

    name = "database"

    def __init__(self, *, using: str = "default") -> None:
        self._using = using

    def heads(self) -> dict[PartKey, Head]:
        """Return how new each part is."""
        with self._connected():
            return load_heads(using=self._using)

    def get(self, key: PartKey) -> StoredPart | None:
        """Return the newest part, or None."""
        with self._connected():
            return find_part(key, using=self._using)

    def get_blob(self, sha256: str) -> bytes | None:
        """Return a text bundle, or None."""
        with self._connected():
            return find_blob(sha256, using=self._using)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Drop a broken connection before and after, as Django does between requests.

        Inside the caller's transaction the connection is the caller's own.
        """
        connection = connections[self._using]
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        try:
            yield
        except (DatabaseError, InterfaceError) as error:
            if not connection.in_atomic_block:
                connection.close()
            raise StoreUnavailable(f"The database does not answer: {error}") from error


def _newest(using: str, **scope: object) -> QuerySet[Snapshot, int]:
    rows = Snapshot.objects.using(using).filter(**scope).order_by("-epoch", "-revision")
    return rows.values_list("pk", flat=True)[:1]
