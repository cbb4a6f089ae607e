"""What a publish reads, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flags.engine.definitions import Definitions
from flags.publishing.snapshot import Kills
from flags.queries.expectations import Promise
from regions.translations.bundles import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far the audit was when rows were read: its last row, and the number of changes."""

    environment_id: int
    epoch: int
    change_seq: int
    audit_id: int
    audit_at: datetime


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
    """An environment as of `change_seq`; `blobs` maps hashes to text bundles.

    `mark` is None where nothing tells what has changed since. `pieced` tells that only what
    the audit named was read, over an earlier reading.
    """

    environment_key: str
    change_seq: int
    texts: Texts
    blobs: Mapping[str, bytes]
    apps: tuple[LoadedApp, ...]
    mark: Mark | None
    pieced: bool = field(default=False, compare=False)
