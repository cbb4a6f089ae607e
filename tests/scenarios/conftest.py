"""The demo, loaded once for all scenarios of a file and undone after them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django import DjangoDbBlocker

from flags.demo.load import Loaded, load_demo
from flags.engine.context import Context
from flags.engine.result import Evaluation
from flags.queries.respondent import Respondent
from regions.governance.commands import Command
from regions.governance.execute import execute

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PHONE = {"platform": "ios", "osVersion": "18.0", "appVersion": "8.0.70", "age": 30}


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Loaded]:
    """Load the demo in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_demo(now=NOW)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _database(demo: Loaded, db: None) -> None:
    """Have a database made, also where these tests run alone."""


class Asked:
    """Questions about one scope, with an adult on a new phone unless said otherwise."""

    def __init__(self, respondent: Respondent) -> None:
        self.respondent = respondent

    def read(self, at: str = "", **fields: Any) -> Context:
        """Return a person; a field that is None is left out."""
        known = {name: value for name, value in {**PHONE, **fields}.items() if value is not None}
        return self.respondent.read(known, at or None)

    def evaluate(self, feature: str, at: str = "", **fields: Any) -> Evaluation:
        """Return the engine's answer."""
        return self.respondent.evaluate(feature, self.read(at, **fields))

    def reason(self, feature: str, at: str = "", **fields: Any) -> str:
        """Return the reason alone."""
        return self.evaluate(feature, at, **fields).reason.value

    def value(self, feature: str, at: str = "", **fields: Any) -> Any:
        """Return the value alone."""
        return self.evaluate(feature, at, **fields).value

    def is_on(self, feature: str, at: str = "", **fields: Any) -> bool:
        """Tell whether the feature is on."""
        return self.evaluate(feature, at, **fields).on


@pytest.fixture(scope="module")
def asked(demo: Loaded, django_db_blocker: DjangoDbBlocker) -> Asked:
    """Compile the demo's production once and ask it; what a person got is compared by reason."""
    with django_db_blocker.unblock():
        return Asked(Respondent("superapp", "production", now=NOW))


def ask_again() -> Asked:
    """Compile production once more, after commands that only this test has given."""
    return Asked(Respondent("superapp", "production", now=NOW))


def give(*commands: Command, by: str = "admin") -> None:
    """Give commands in somebody's name; what they write is undone after the test."""
    for command in commands:
        execute(command, actor=User.objects.get(username=by), now=NOW)
