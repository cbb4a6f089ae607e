"""Prove with each command of a test that reading what changed gives what reading all gives."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import pytest

from flags.publishing import load
from flags.publishing.loaded import Loaded
from regions.governance import audit, commands
from regions.governance.commands import Change, Command, Registration
from regions.governance.models import Environment

# Most tests begin with these; after any of them everything is read anew.
SET_UP = frozenset(
    {
        "AddTerritory",
        "SetApp",
        "SetBundle",
        "SetEnvironment",
        "SetFeature",
        "SetLocale",
        "SetMarket",
    }
)


def watch_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare both ways after every command but those of a set-up, within its transaction.

    A test's rows are visible on its own connection only, so everything is read there.
    """
    monkeypatch.setattr(load, "SNAPSHOT_ALIAS", "default")
    record, find = audit.record, commands.get_registration
    last: dict[str, Loaded] = {}

    def read_before(command: type[Command]) -> Registration[Command]:
        if command.__name__ not in SET_UP:
            for key in Environment.objects.values_list("key", flat=True):
                last.setdefault(key, load.load(key))
        return find(command)

    def compare_after(changes: Iterable[Change], **told: Any) -> None:
        record(changes, **told)
        for key in list(last):
            if told["command_name"] in SET_UP:
                del last[key]
                continue
            renewed = load.load(key, last[key])
            assert load.load(key) == renewed, f"after {told['command_name']} in {key}"
            last[key] = renewed

    door = importlib.import_module("regions.governance.execute")
    monkeypatch.setattr(door, "get_registration", read_before)
    monkeypatch.setattr(audit, "record", compare_after)
