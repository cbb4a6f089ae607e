"""Read everything that a publish needs, as of one moment, without stopping any writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections, transaction

from flags.publishing.loaded import Loaded, LoadedApp
from flags.publishing.news import read_mark, read_news
from flags.queries.definitions import load_definitions, load_expectations, load_kills
from regions.governance.models import Environment
from regions.models import App
from regions.translations.ota import build_texts

__all__ = ["Loaded", "LoadedApp", "load"]

# SQLite only: a second way to the same file, whose transactions do not lock it for writing.
SNAPSHOT_ALIAS = "snapshot"


def load(environment_key: str, last: Loaded | None = None) -> Loaded:
    """Read counters, definitions, texts and promises in one read-only transaction.

    With what was read last, only what changed since is read again; the result is the same.
    """
    with _one_moment() as using:
        environment = Environment.objects.using(using).get(key=environment_key)
        renewed = None if last is None else read_news(last, environment, using=using)
        return renewed or _load_all(environment, using)


def _load_all(environment: Environment, using: str) -> Loaded:
    texts, blobs = build_texts(environment.key, using=using)
    apps = tuple(
        LoadedApp(
            key=key,
            app_id=pk,
            definitions=load_definitions(key, environment.key, using=using),
            kills=load_kills(key, environment.key, using=using),
            promises=tuple(load_expectations(key, environment.key, using=using)),
        )
        for pk, key in App.objects.using(using).order_by("key").values_list("pk", "key")
    )
    return Loaded(
        environment_key=environment.key,
        change_seq=environment.change_seq,
        texts=texts,
        blobs=blobs,
        apps=apps,
        mark=read_mark(environment, using=using),
    )


@contextmanager
def _one_moment() -> Iterator[str]:
    """Give the alias of a connection on which all reads see the same committed state."""
    using = SNAPSHOT_ALIAS if SNAPSHOT_ALIAS in settings.DATABASES else "default"
    with transaction.atomic(using=using):
        if connections[using].vendor == "postgresql":
            with connections[using].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield using
