"""Load the demo: every fact becomes a command through the one door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from flags.demo.commands import list_commands
from flags.demo.facts import read_facts
from flags.demo.people import add_people
from flags.models import LegalOrder
from flags.operations.orders import AdvanceLegalOrder
from regions.governance.execute import execute
from regions.translations.sync import sync_locale


class DemoRefused(Exception):
    """The demo's passwords and tokens are public; it is not for real installations."""

    def __init__(self) -> None:
        super().__init__(
            "The demo brings passwords and tokens that everybody knows, so it is refused"
            " while DEBUG is off; set LANDFALL_DEMO=1 if this installation is for show."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How many commands the demo has, how many rows they changed, how many texts came in.

    `troubles` are sentences about catalogs that need a person.
    """

    commands: int
    changes: int
    texts: int
    troubles: tuple[str, ...]


def load_demo(*, now: datetime) -> Loaded:
    """Have the demo as its facts say, in one transaction, then the catalogs' texts.

    A second time it only brings back what people have changed since.
    """
    if not is_allowed():
        raise DemoRefused
    facts = read_facts()
    commands = changes = 0
    with transaction.atomic():
        add_people(facts)
        decided = _list_decided_orders()
        for planned in list_commands(facts):
            command = planned.command
            if isinstance(command, AdvanceLegalOrder) and command.key in decided:
                continue
            receipt = execute(command, actor=None, now=planned.at or now)
            commands += 1
            changes += len(receipt.changes)
    report = sync_locale(settings.LOCALE_DIR, actor=None, now=now)
    return Loaded(
        commands=commands,
        changes=changes,
        texts=len(report.imported),
        troubles=(*report.errors, *(f"{found.name} differs" for found in report.conflicts)),
    )


def is_allowed() -> bool:
    """Tell whether this is a developer's installation, or one for show."""
    return bool(settings.DEBUG or settings.DEMO)


def _list_decided_orders() -> frozenset[str]:
    """Return the orders whose states were gone through before; nobody goes through them twice."""
    keys = LegalOrder.objects.exclude(state="drafted").values_list("key", flat=True)
    return frozenset(keys)
