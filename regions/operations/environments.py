"""Commands about environments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regions.governance.commands import Change, Command, Moment, operation
from regions.governance.models import Environment
from regions.operations.checks import PLAIN_KEY, check_given, check_key
from regions.operations.rows import put

ENVIRONMENT_KEY_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEnvironment(Command):
    """Have an environment of this key, with this name and position."""

    key: str
    name: str
    position: int = 0


@operation(SetEnvironment, permission="environments")
def set_environment(command: SetEnvironment, _moment: Moment) -> Iterable[Change]:
    """Write the environment; its counters are the one door's own."""
    check_key(command.key, kind="environment", pattern=PLAIN_KEY, limit=ENVIRONMENT_KEY_CHARACTERS)
    name = check_given(
        command.name, name="a name", of=f"The environment {command.key}", field="name"
    )
    written = put(
        Environment.objects.filter(key=command.key).first(),
        Environment(key=command.key),
        {"name": name, "position": command.position},
    )
    return written.changes("environment", command.key)
