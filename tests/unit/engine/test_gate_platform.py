"""The gate platform by scenario: old phones, least versions, systems that nobody named yet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import (
    Definitions,
    Feature,
    Minimum,
    PlatformProfile,
    PlatformRetirement,
    Rule,
    Territory,
)
from flags.engine.lower import lower
from flags.engine.result import Reason
from tests.unit.engine.scopes import NOW, ask, context, scope

TEXT = Feature(key="messaging.text", profile="core")
CALLS = Feature(key="calling.voice", profile="rich")
PAY = Feature(key="wallet.merchant-qr", profile="core", fail_closed=True)
CORE = PlatformProfile(
    key="core",
    minimums=tuple(
        Minimum(platform=name) for name in ("blackberry10", "harmonyos", "ios", "kaios", "symbian")
    ),
)
RICH = PlatformProfile(
    key="rich",
    minimums=(
        Minimum(platform="harmonyos", app_version="8.0.50"),
        Minimum(platform="ios", os_version="15", app_version="8.0.68"),
    ),
)


def retirement(platform: str, closed: date, off: date | None = None) -> PlatformRetirement:
    """Build a retirement."""
    return PlatformRetirement(
        rule=Rule(key=f"retirement:{platform}"), platform=platform, closed_to_new=closed, off=off
    )


def world(feature: Feature, *profiles: PlatformProfile) -> Definitions:
    """Build a scope with the platforms of these scenarios, in India."""
    found = scope(
        feature,
        retirements=(
            retirement("kaios", date(2024, 6, 25)),
            retirement("symbian", date(2017, 6, 30), date(2017, 6, 30)),
        ),
    )
    india = Territory(code="IN", zone="Asia/Kolkata")
    return replace(found, profiles=profiles or (CORE, RICH), territories=(india,))


@pytest.mark.parametrize(
    ("feature", "fields", "expected"),
    [
        (TEXT, {"platform": "symbian"}, Reason.PLATFORM_RETIRED),
        (TEXT, {"platform": "kaios", "enrolled": True}, Reason.LIVE),
        (CALLS, {"platform": "kaios", "enrolled": True}, Reason.UNSUPPORTED_PLATFORM),
        (TEXT, {"platform": "kaios"}, Reason.CLOSED_TO_NEW),
        (TEXT, {"platform": "kaios", "enrolled": False}, Reason.CLOSED_TO_NEW),
    ],
)
def test_s13_old_phones(feature: Feature, fields: dict[str, Any], expected: Reason) -> None:
    """Gone, staying for those who are there, and closed to people who are new."""
    person = context(accountCountry="IN", osVersion=None, appVersion=None, **fields)
    assert expected is ask(world(feature), person).reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"platform": "ios", "osVersion": "18", "appVersion": "8.0.67"}, "appVersion"),
        ({"platform": "ios", "osVersion": "14.8", "appVersion": "8.0.68"}, "osVersion"),
        ({"platform": "ios", "osVersion": "15.0", "appVersion": "8.0.68"}, ""),
        ({"platform": "harmonyos", "appVersion": "8.0.40"}, "appVersion"),
        ({"platform": "harmonyos", "appVersion": "8.0.50"}, ""),
        ({"platform": "HarmonyOS ", "appVersion": "8.0.50"}, ""),
    ],
)
def test_s16_s23_a_feature_waits_for_versions(fields: dict[str, Any], expected: str) -> None:
    """Each platform has its own least versions; the answer names the one that is too old."""
    found = ask(world(CALLS), context(**fields))
    assert (not expected, expected) == (found.on, found.detail)


@pytest.mark.parametrize(
    ("feature", "setting", "platform", "expected"),
    [
        (TEXT, "off", "visionos", False),
        (TEXT, "off", None, False),
        (TEXT, "on", "visionos", True),
        (TEXT, "on", None, True),
        (TEXT, "on", "  ", True),
        (PAY, "on", "visionos", False),
        (PAY, "on", None, False),
        (PAY, "on", "ios", True),
        (CALLS, "on", "visionos", True),
        (CALLS, "on", "kaios", False),
        (CALLS, "on", "Symbian", False),
    ],
)
def test_s23_a_profile_says_what_becomes_of_unknown_platforms(
    *, feature: Feature, setting: Any, platform: str | None, expected: bool
) -> None:
    """Off unless it is said; never for what fails closed, nor for a platform that is named."""
    profiles = [replace(one, unknown_platforms=setting) for one in (CORE, RICH)]
    person = context(platform=platform, accountCountry="IN", enrolled=True)
    assert expected is ask(world(feature, *profiles), person).on


def test_a_platform_that_gets_its_name_is_no_longer_unknown() -> None:
    """The next compile forgets what it kept of features that let unknown platforms in."""
    open_core = replace(CORE, unknown_platforms="on")
    before = compile_snapshot(world(TEXT, open_core, RICH))
    vision = replace(RICH, minimums=(*RICH.minimums, Minimum(platform="visionos")))
    after = compile_snapshot(world(TEXT, open_core, vision), previous=before)
    assert after.features[TEXT.key] is not before.features[TEXT.key]
    person = context(platform="visionos")
    assert ask(after.definitions, person).reason is Reason.UNSUPPORTED_PLATFORM


def test_sdks_let_no_unknown_platform_in() -> None:
    """A list of what is not meant would let retired platforms in; the feature is stricter."""
    (found,) = lower(world(TEXT, replace(CORE, unknown_platforms="on")), now=NOW).features
    assert ("platforms that no rule names",) == found.notes
    (strict,) = lower(world(TEXT, CORE), now=datetime(2026, 11, 20, tzinfo=UTC)).features
    assert strict.exact
