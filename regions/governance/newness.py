"""Ask for a new row: a form that adds may never change one that is there already.

Commands that set a row make it or change it, so that the same command can be given again.
Who adds one on a page has not seen the old one, and would write over it unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import Model

from regions.governance.commands import Refused

_wanted: ContextVar[type[Model] | None] = ContextVar("landfall_only_new", default=None)


class AlreadyThere(Refused):
    """What shall be added is there already, as `row`; nothing was stored."""

    def __init__(self, row: Model) -> None:
        super().__init__(f"There is already one: {row}.", code="already_there")
        self.row = row


@contextmanager
def only_new(model: type[Model] | None) -> Iterator[None]:
    """Let no row of this model be changed inside; None lets every row be."""
    token = _wanted.set(model)
    try:
        yield
    finally:
        _wanted.reset(token)


def check_new(found: Model | None) -> None:
    """Refuse the row that is about to be changed, when only a new one of its model will do."""
    model = _wanted.get()
    if model is not None and isinstance(found, model):
        raise AlreadyThere(found)
