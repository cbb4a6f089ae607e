"""Commands about kill switches: pulled by anybody on duty, released by another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flags.models import KillSwitch
from flags.operations.lookups import check_platform, get_environment, get_target
from flags.publishing.kills import publish_kills
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.models import App
from regions.operations.checks import (
    KEY_CHARACTERS,
    check_aware,
    check_given,
    check_key,
    get_app,
    get_territory,
    shown,
)
from regions.operations.rows import put

KIND = "kill-switch"
# A node takes about as long to serve it; the person's answer waits.
REST_SECONDS = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class PullKillSwitch(Command):
    """Turn a feature or a bundle off at once; `expires_at` asks for a decision.

    Without `key` one is made up from the day and the target. Without `territory` it holds
    everywhere, without `platform` on every platform.
    """

    app: str
    environment: str
    key: str = ""
    feature: str = ""
    bundle: str = ""
    territory: str = ""
    platform: str = ""
    reason: str
    owner: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseKillSwitch(Command):
    """Let a pulled kill switch go."""

    app: str
    environment: str
    key: str


def _publish(command: PullKillSwitch | ReleaseKillSwitch, moment: Moment) -> None:
    publish_kills(command.environment, command.app, now=moment.now, rest_seconds=REST_SECONDS)


@operation(PullKillSwitch, permission="kills.pull", part="kills", after_commit=_publish)
def pull_kill_switch(command: PullKillSwitch, moment: Moment) -> Iterable[Change]:
    """Write the kill switch; one that was released begins anew."""
    app = get_app(command.app)
    target = get_target(app, feature=command.feature, bundle=command.bundle, of="A kill switch")
    key = command.key or _new_key(app, command, moment, target.key)
    check_key(key, kind="kill switch")
    of = f"The kill switch {key}"
    if command.platform:
        check_platform(app, command.platform)
    check_aware(command.expires_at, field="expires_at")
    if command.expires_at <= moment.now:
        raise Refused(
            f"{of} has to be decided about in the future; {command.expires_at.isoformat()}"
            f" is not after {moment.now.isoformat()}.",
            code="expired",
            field="expires_at",
        )
    found = KillSwitch.objects.filter(
        app=app, environment__key=command.environment, key=key
    ).first()
    begins = found is None or found.released_at is not None
    values = {
        **target.values(),
        "territory": get_territory(command.territory) if command.territory else None,
        "platform": command.platform,
        "since_at": moment.now if found is None or begins else found.since_at,
        "expires_at": command.expires_at,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
        "owner": check_given(command.owner, name="an owner", of=of, field="owner"),
        "released_at": None,
        "released_by": "",
    }
    blank = KillSwitch(app=app, environment=get_environment(command.environment), key=key)
    return put(found, blank, values).changes(KIND, key)


@operation(ReleaseKillSwitch, permission="kills.release", part="kills", after_commit=_publish)
def release_kill_switch(command: ReleaseKillSwitch, moment: Moment) -> Iterable[Change]:
    """Write who released the kill switch; the row stays as history."""
    app = get_app(command.app)
    kill = KillSwitch.objects.filter(
        app=app, environment__key=command.environment, key=command.key
    ).first()
    if kill is None:
        raise Refused(
            f"{app.key} has no kill switch “{shown(command.key)}” in {command.environment}.",
            code="unknown_kill_switch",
            field="key",
        )
    if kill.released_at is not None:
        return []
    values = {"released_at": moment.now, "released_by": moment.actor_name}
    return put(kill, kill, values).changes(KIND, kill.key)


def _new_key(app: App, command: PullKillSwitch, moment: Moment, target: str) -> str:
    """Return a key that says when and what, such as `kill-2026-11-19-calling.video-2`."""
    stem = f"kill-{moment.now:%Y-%m-%d}-{target}"[: KEY_CHARACTERS - 5]
    taken = set(
        KillSwitch.objects.filter(
            app=app, environment__key=command.environment, key__startswith=stem
        ).values_list("key", flat=True)
    )
    number = 1
    key = stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key
