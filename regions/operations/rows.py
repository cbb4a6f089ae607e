"""Write one row and say what changed about it, as the audit keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Generic, TypeVar

from django.db.models import CharField, Model

from regions.governance.commands import Change, Refused
from regions.governance.newness import check_new

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[M]):
    """A row as it now is, with its facts before (None when it is new) and after."""

    row: M
    before: dict[str, Any] | None
    after: dict[str, Any]

    def changes(
        self, object_type: str, object_key: str, **children: tuple[object, object]
    ) -> list[Change]:
        """Return the change of this row, or nothing when all is as it was.

        `children` are facts kept in other rows, each as a pair of before and after.
        """
        before = None
        if self.before is not None:
            before = {**self.before, **{name: pair[0] for name, pair in children.items()}}
        after = {**self.after, **{name: pair[1] for name, pair in children.items()}}
        if before == after:
            return []
        return [
            Change(
                object_type=object_type,
                object_key=object_key,
                action="created" if before is None else "updated",
                before=before,
                after=after,
            )
        ]


def put(found: M | None, blank: M, values: Mapping[str, object]) -> Written[M]:
    """Give the found row (or the blank one) these values; it is saved only when they differ."""
    check_new(found)
    row = blank if found is None else found
    before = None if found is None else describe(row, values)
    for name, value in values.items():
        setattr(row, name, value)
    check_lengths(row, values)
    after = describe(row, values)
    if before != after:
        row.save()
    return Written(row=row, before=before, after=after)


def drop(row: Model, names: Iterable[str], object_type: str, object_key: str) -> list[Change]:
    """Delete the row and return what it was."""
    before = describe(row, names)
    row.delete()
    return [Change(object_type=object_type, object_key=object_key, action="deleted", before=before)]


def describe(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return the named facts of a row as JSON values; other rows are told by their key."""
    return {name: _plain(getattr(row, name)) for name in names}


def check_lengths(row: Model, names: Iterable[str]) -> None:
    """Refuse a text that is longer than its column, by the same limit on every database."""
    for name in names:
        column = row._meta.get_field(name)  # noqa: SLF001 - Django documents it
        value = getattr(row, name)
        if not isinstance(column, CharField) or not isinstance(value, str):
            continue
        limit = column.max_length
        if limit is not None and len(value) > limit:
            raise Refused(
                f"“{column.verbose_name}” may have at most {limit} characters;"
                f" this one has {len(value)}.",
                code="too_long",
                field=name,
            )


def _plain(value: object) -> object:
    if isinstance(value, Model):
        for name in ("key", "code", "tag"):
            if hasattr(value, name):
                return str(getattr(value, name))
        return value.pk
    if isinstance(value, date | time):  # a datetime is a date too
        return value.isoformat()
    return value
