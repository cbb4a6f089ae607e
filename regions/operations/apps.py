"""Commands about apps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regions.governance.commands import Change, Command, Moment, operation
from regions.models import App
from regions.operations.checks import (
    PLAIN_KEY,
    check_given,
    check_key,
    check_once,
    get_territories,
    get_territory,
)
from regions.operations.rows import put

APP_KEY_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SetApp(Command):
    """Have an app with these platforms, managed in these territories."""

    key: str
    name: str
    home_territory: str = ""
    platforms: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()


@operation(SetApp, permission="apps")
def set_app(command: SetApp, _moment: Moment) -> Iterable[Change]:
    """Write the app and the list of its territories."""
    check_key(command.key, kind="app", pattern=PLAIN_KEY, limit=APP_KEY_CHARACTERS)
    name = check_given(command.name, name="a name", of=f"The app {command.key}", field="name")
    for platform in command.platforms:
        check_key(platform, kind="platform", field="platforms", limit=APP_KEY_CHARACTERS)
    check_once(command.platforms, things="platforms", field="platforms")
    territories = get_territories(command.territories, field="territories")
    home = (
        get_territory(command.home_territory, field="home_territory")
        if (command.home_territory)
        else None
    )
    written = put(
        App.objects.filter(key=command.key).first(),
        App(key=command.key),
        {"name": name, "home_territory": home, "platforms": list(command.platforms)},
    )
    before = sorted(written.row.territories.values_list("code", flat=True))
    after = sorted(territories)
    if before != after:
        written.row.territories.set(territories.values())
    return written.changes("app", command.key, territories=(before, after))
