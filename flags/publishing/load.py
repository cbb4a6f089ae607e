"""Read everything that a publish needs, as of one moment, without stopping any writer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connections, transaction

from flags.engine.definitions import Definitions
from flags.publishing.snapshot import Kills
from flags.queries.definitions import (
    Promise,
    load_definitions,
    load_expectations,
    load_kills,
)
from regions.governance.models import Environment
from regions.models import App
from regions.translations.bundles import Texts
from regions.translations.ota import build_texts

# SQLite only: a second way to the same file, whose transactions do not lock it for writing.
SNAPSHOT_ALIAS = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedApp:
    """One scope's rows, and what the publish has to prove about them."""

    key: str
    app_id: int
    definitions: Definitions
    kills: Kills
    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An environment as of `change_seq`; `blobs` maps hashes to text bundles."""

    environment_key: str
    change_seq: int
    texts: Texts
    blobs: Mapping[str, bytes]
    apps: tuple[LoadedApp, ...]


def load(environment_key: str) -> Loaded:
    """Read counters, definitions, texts and promises in one read-only transaction."""
    with _one_moment() as using:
        environment = Environment.objects.using(using).get(key=environment_key)
        texts, blobs = build_texts(environment_key, using=using)
        apps = tuple(
            LoadedApp(
                key=key,
                app_id=pk,
                definitions=load_definitions(key, environment_key, using=using),
                kills=load_kills(key, environment_key, using=using),
                promises=tuple(load_expectations(key, environment_key, using=using)),
            )
            for pk, key in App.objects.using(using).order_by("key").values_list("pk", "key")
        )
    return Loaded(
        environment_key=environment_key,
        change_seq=environment.change_seq,
        texts=texts,
        blobs=blobs,
        apps=apps,
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
