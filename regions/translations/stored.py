"""PURE: the database side of catalogs, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from regions.translations.catalog import Forms
from regions.translations.merge import Text


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A message as the database has it."""

    id: int
    key: str
    source: str
    source_plural: str
    note: str
    position: int


@dataclass(frozen=True, slots=True)
class StoredText:
    """A translation as the database has it; `conflict` is (base, mine, theirs) if open."""

    id: int
    mine: Text
    base: Text
    published: Forms
    state: str
    conflict: tuple[Forms, Forms, Forms] | None
    conflict_needs_review: bool = False


@dataclass(frozen=True, slots=True)
class StoredComponent:
    """A component with its entries by key, in order, and its texts by locale and key."""

    id: int
    key: str
    source_locale: str
    entries: dict[str, StoredEntry] = field(default_factory=dict)
    texts: dict[str, dict[str, StoredText]] = field(default_factory=dict)
