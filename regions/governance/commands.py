"""PURE: what a command is, and which operation carries it out.

A command is a frozen dataclass that says *what* a person wants. It knows no table and
no protocol. Operations register themselves here; `execute` looks them up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

Part = Literal["content", "kills", "access"]
Action = Literal["created", "updated", "deleted"]


class Refused(Exception):
    """A command asks for something that cannot be; nothing was stored.

    `field` names the part of the command at fault, so that a form can show the message
    beside it; it is empty when the whole command is at fault. `code` is stable.
    """

    def __init__(self, message: str, *, code: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of every command; subclasses add the fields of what is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row that an operation changed, as the audit keeps it.

    `before` is None for a created row, `after` is None for a deleted one; both hold
    JSON scalars, lists and objects only.
    """

    object_type: str
    object_key: str
    action: Action
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Who acts and when; `actor_name` is kept in the audit for ever.

    `by_system` tells Landfall itself from a person, whatever that person is called.
    """

    actor_name: str
    now: datetime
    by_system: bool = False


C = TypeVar("C", bound=Command)


@dataclass(frozen=True, kw_only=True)
class Registration(Generic[C]):
    """How a command is carried out.

    `environment` gives the key of the environment that the command touches, None for
    every environment. `after_commit` runs once the change is durable, in the caller's
    process (a kill switch is published there). `secrets` are fields that no audit keeps.
    """

    command: type[C]
    apply: Callable[[C, Moment], Iterable[Change]]
    permission: str
    part: Part
    environment: Callable[[C], str | None]
    app: Callable[[C], str]
    after_commit: Callable[[C, Moment], object] | None
    secrets: frozenset[str]


_REGISTRY: dict[type[Command], Registration[Any]] = {}


def operation(
    command: type[C],
    *,
    permission: str,
    part: Part = "content",
    after_commit: Callable[[C, Moment], object] | None = None,
    secrets: Iterable[str] = (),
) -> Callable[[Callable[[C, Moment], Iterable[Change]]], Callable[[C, Moment], Iterable[Change]]]:
    """Register the decorated function as the operation that carries out `command`.

    The scope is read from the command's own fields `environment` and `app`; a command
    without the field `environment` touches every environment, one with an empty field none.
    """

    def register(
        apply: Callable[[C, Moment], Iterable[Change]],
    ) -> Callable[[C, Moment], Iterable[Change]]:
        if command in _REGISTRY:
            raise RuntimeError(f"{command.__name__} already has an operation.")
        _REGISTRY[command] = Registration(
            command=command,
            apply=apply,
            permission=permission,
            part=part,
            environment=lambda wanted: getattr(wanted, "environment", None),
            app=lambda wanted: getattr(wanted, "app", ""),
            after_commit=after_commit,
            secrets=frozenset(secrets),
        )
        return apply

    return register


def get_registration(command: type[C]) -> Registration[C]:
    """Return how a command is carried out, or raise LookupError."""
    try:
        return _REGISTRY[command]
    except KeyError:
        raise LookupError(f"No operation carries out {command.__name__}.") from None


def list_registrations() -> list[Registration[Any]]:
    """Return every registration, ordered by the command's name."""
    return sorted(_REGISTRY.values(), key=lambda entry: entry.command.__name__)


def describe(command: Command, secrets: frozenset[str]) -> dict[str, str]:
    """Return the command's fields as text for a log line, without its secrets."""
    return {
        entry.name: "***" if entry.name in secrets else str(getattr(command, entry.name))
        for entry in fields(command)
    }
