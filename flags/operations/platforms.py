"""Commands about which devices can run what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flags.models import PlatformMinimum, PlatformProfile, PlatformRetirement
from flags.models.platform import UNKNOWN_PLATFORMS
from flags.operations.lookups import check_platform
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.operations.checks import (
    check_choice,
    check_given,
    check_key,
    check_once,
    check_period,
    get_app,
    shown,
)
from regions.operations.rows import drop, put

VERSION = re.compile(r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumSpec:
    """The least versions on one platform, `18`, `18.0` or `18.0.1`; empty means any."""

    platform: str
    os_version: str = ""
    app_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlatformProfile(Command):
    """Have a profile with exactly these platforms; others are unsupported.

    With `unknown_platforms` on, features that do not fail closed are on also where no
    profile and no retirement names the platform.
    """

    app: str
    key: str
    minimums: tuple[MinimumSpec, ...]
    unknown_platforms: str = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlatformRetirement(Command):
    """Close a platform to new users, then turn it off, at local dates."""

    app: str
    platform: str
    closed_to_new_date: date
    off_date: date | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePlatformRetirement(Command):
    """Let a platform stay after all."""

    app: str
    platform: str


@operation(SetPlatformProfile, permission="platforms")
def set_platform_profile(command: SetPlatformProfile, _moment: Moment) -> Iterable[Change]:
    """Write the profile and its least versions."""
    app = get_app(command.app)
    check_key(command.key, kind="platform profile")
    check_once(
        [minimum.platform for minimum in command.minimums], things="platforms", field="minimums"
    )
    known = [word for word, _label in UNKNOWN_PLATFORMS]
    check_choice(command.unknown_platforms, known, name="word", field="unknown_platforms")
    for minimum in command.minimums:
        check_platform(app, minimum.platform, field="minimums")
        for version in (minimum.os_version, minimum.app_version):
            _check_version(version, of=f"{command.key} on {minimum.platform}")
    written = put(
        PlatformProfile.objects.filter(app=app, key=command.key).first(),
        PlatformProfile(app=app, key=command.key),
        {"key": command.key, "unknown_platforms": command.unknown_platforms},
    )
    rows = written.row.minimums.order_by("platform")
    before = [list(row) for row in rows.values_list("platform", "os_version", "app_version")]
    after = sorted(
        [minimum.platform, minimum.os_version, minimum.app_version] for minimum in command.minimums
    )
    if before != after:
        written.row.minimums.all().delete()
        PlatformMinimum.objects.bulk_create(
            PlatformMinimum(
                profile=written.row, platform=platform, os_version=system, app_version=version
            )
            for platform, system, version in after
        )
    return written.changes("platform-profile", command.key, minimums=(before, after))


@operation(SetPlatformRetirement, permission="platforms")
def set_platform_retirement(command: SetPlatformRetirement, _moment: Moment) -> Iterable[Change]:
    """Write the retirement of a platform."""
    app = get_app(command.app)
    check_platform(app, command.platform)
    of = f"The retirement of {command.platform}"
    check_period(command.closed_to_new_date, command.off_date, of=of, field="off_date")
    values = {
        "closed_to_new_date": command.closed_to_new_date,
        "off_date": command.off_date,
        "reason": check_given(command.reason, name="a reason", of=of, field="reason"),
    }
    written = put(
        PlatformRetirement.objects.filter(app=app, platform=command.platform).first(),
        PlatformRetirement(app=app, platform=command.platform),
        values,
    )
    return written.changes("platform-retirement", command.platform)


@operation(RemovePlatformRetirement, permission="platforms")
def remove_platform_retirement(
    command: RemovePlatformRetirement, _moment: Moment
) -> Iterable[Change]:
    """Delete the retirement; its dates stay in the audit."""
    app = get_app(command.app)
    row = PlatformRetirement.objects.filter(app=app, platform=command.platform).first()
    if row is None:
        raise Refused(
            f"{app.key} retires no platform “{shown(command.platform)}”.",
            code="unknown_retirement",
            field="platform",
        )
    names = ("closed_to_new_date", "off_date", "reason")
    return drop(row, names, "platform-retirement", command.platform)


def _check_version(version: str, *, of: str) -> None:
    if version and not VERSION.fullmatch(version):
        raise Refused(
            f"“{shown(version)}” is not a version such as 8, 8.0 or 8.0.70 ({of}).",
            code="bad_version",
            field="minimums",
        )
