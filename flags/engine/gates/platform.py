"""PURE: gate `platform`, which asks: is the platform retired, closed to new users, or too old.

A platform that the profile does not list is unsupported. One that nothing names, or that
was not told, is too, unless the profile says otherwise; of its versions nothing is asked.
Retirement dates are local to the account's territory, else to the location's, else UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flags.engine.atoms import Atom
from flags.engine.definitions import Feature, PlatformProfile, Rule
from flags.engine.ground import BrokenFeature, Ground
from flags.engine.outcomes import Answers, Outcome, Reader
from flags.engine.result import Reason
from flags.engine.versions import is_zero, parse_padded
from regions.zones import LATEST, instant

# No platform is called so: names of platforms are trimmed.
UNKNOWN = " "


class Farewell(NamedTuple):
    """A retirement in one zone; `stays` tells that the person enrolled before."""

    rule: Rule
    closed: datetime
    off: datetime
    stays: bool


class Least(NamedTuple):
    """The questions on versions that a platform has to pass; None asks nothing."""

    os_version: Atom | None
    app_version: Atom | None


class PlatformGate:
    """Closed on platforms that are gone, unknown, not listed, or below the least version."""

    def __init__(
        self,
        profile: PlatformProfile | None,
        ground: Ground,
        answers: Answers,
        *,
        opens_unknown: bool,
    ) -> None:
        """Make an atom per least version."""
        self.answers = answers
        self.retirements = retirements = ground.retirements
        self.atlas = ground.atlas
        self.least = _share_minimums(profile, ground) if profile else None
        least = self.least or {}
        self.retirement = Atom("retirement", self._read_retirement, key="farewell")
        self.opens_unknown = opens_unknown
        named = ground.platforms if opens_unknown else frozenset()

        def read(name: str | None) -> str | None:
            if name in least:
                return name
            return UNKNOWN if opens_unknown and name not in named else None

        self.platform = Atom(
            "platform", read, key=("least", frozenset(least), opens_unknown, named)
        )
        versions = [atom for one in least.values() for atom in one if atom is not None]
        self.atoms = (
            *((self.retirement,) if retirements else ()),
            *((self.platform,) if profile else ()),
            *{atom.key: atom for atom in versions}.values(),
        )
        self.flips = ground.farewells

    def check(self, reader: Reader) -> Outcome | None:
        """Close by retirement first, then by the profile."""
        return self._check_retirement(reader) or self._check_profile(reader)

    def _check_retirement(self, reader: Reader) -> Outcome | None:
        farewell: Farewell | None = reader.cell(self.retirement) if self.retirements else None
        if farewell is None:
            return None
        if reader.passed(farewell.off):
            return self.answers.off(Reason.PLATFORM_RETIRED, rule=farewell.rule)
        if reader.passed(farewell.closed) and not farewell.stays:
            return self.answers.off(Reason.CLOSED_TO_NEW, rule=farewell.rule)
        return None

    def _check_profile(self, reader: Reader) -> Outcome | None:
        if self.least is None:
            return None
        platform = reader.cell(self.platform)
        if platform is None:
            return self.answers.off(Reason.UNSUPPORTED_PLATFORM, detail="platform")
        if platform == UNKNOWN:
            return None
        for name, atom in zip(("osVersion", "appVersion"), self.least[platform], strict=True):
            if atom is not None and not reader.cell(atom):
                return self.answers.off(Reason.UNSUPPORTED_PLATFORM, detail=name)
        return None

    def _read_retirement(self, seen: tuple[str, str | None, str | None, bool] | None) -> object:
        """Return the farewell of a platform that retires, None for all others."""
        if seen is None:
            return None
        platform, account, location, enrolled = seen
        retirement = self.retirements[platform]
        zone = self.atlas.zone_of(account, location)
        return Farewell(
            rule=retirement.rule,
            closed=instant(retirement.closed_to_new, zone),
            off=LATEST if retirement.off is None else instant(retirement.off, zone),
            stays=enrolled,
        )


def build(feature: Feature, ground: Ground, answers: Answers) -> PlatformGate | None:
    """Return the gate, or None when platforms do not matter to the feature."""
    profile = ground.profiles.get(feature.profile)
    if feature.profile and profile is None:
        message = f"there is no platform profile {feature.profile!r}"
        raise BrokenFeature("unknown_profile", message)
    if profile is None and not ground.retirements:
        return None
    opens_unknown = ground.opens_unknown(feature)
    return PlatformGate(profile, ground, answers, opens_unknown=opens_unknown)


def _share_minimums(profile: PlatformProfile, ground: Ground) -> dict[str, Least]:
    """Return the least versions of a profile, made once for all of its features."""
    found: dict[str, Least] | None = ground.memo.get(("least", profile.key))
    if found is None:
        found = ground.memo["least", profile.key] = _list_minimums(profile)
    return found


def _list_minimums(profile: PlatformProfile) -> dict[str, Least]:
    return {
        minimum.platform.lower(): Least(
            os_version=_at_least("osVersion", minimum.os_version),
            app_version=_at_least("appVersion", minimum.app_version),
        )
        for minimum in profile.minimums
    }


def _at_least(attribute: str, minimum: str) -> Atom | None:
    """Make the question; a least version of zero asks nothing, not even for a version."""
    if not minimum:
        return None
    wanted = parse_padded(minimum)
    if wanted is None:
        message = f"{minimum!r} is not a version"
        raise BrokenFeature("bad_version", message)
    if is_zero(wanted):
        return None

    def read(text: str | None) -> bool:
        given = parse_padded(text) if text else None
        return given is not None and given >= wanted

    return Atom(attribute, read, key=("at least", wanted))
