"""Commands about platforms and about promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from flags.models import Expectation, PlatformProfile, PlatformRetirement
from flags.operations.expectations import RemoveExpectation, SetExpectation
from flags.operations.platforms import (
    MinimumSpec,
    RemovePlatformRetirement,
    SetPlatformProfile,
    SetPlatformRetirement,
)
from flags.queries.definitions import load_definitions
from regions.governance.commands import Command, Refused
from regions.governance.models import AuditEntry
from tests.unit.world import NOW, Do


def a_profile(*minimums: MinimumSpec) -> SetPlatformProfile:
    """Return a command for a profile."""
    return SetPlatformProfile(app="shop", key="rich", minimums=minimums)


def an_end(**differences: object) -> SetPlatformRetirement:
    """Return a command that retires a platform."""
    values: dict[str, object] = {
        "app": "shop",
        "platform": "ios",
        "closed_to_new_date": date(2027, 1, 1),
        "reason": "its maker ended it",
    }
    return SetPlatformRetirement(**{**values, **differences})  # type: ignore[arg-type]


def a_promise(**differences: object) -> SetExpectation:
    """Return a command that promises a value for one person."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "key": "s1",
        "feature": "pay.card",
        "context": {"accountCountry": "SG"},
        "value": True,
        "reason": "LIVE",
    }
    return SetExpectation(**{**values, **differences})  # type: ignore[arg-type]


def test_least_versions_follow_the_last_command(world: Do) -> None:
    """A profile lists exactly the platforms that were named last."""
    world(a_profile(MinimumSpec(platform="ios", os_version="15", app_version="8.0.70")))
    assert not world(
        a_profile(MinimumSpec(platform="ios", os_version="15", app_version="8.0.70"))
    ).changed
    world(a_profile(MinimumSpec(platform="android")))
    rows = PlatformProfile.objects.get().minimums.values_list("platform", "os_version")
    assert [("android", "")] == list(rows)


def test_a_retirement_follows_its_last_command(world: Do) -> None:
    """A platform is retired once, with the dates of the last command."""
    world(an_end())
    world(an_end(off_date=date(2028, 1, 1)))
    assert date(2028, 1, 1) == PlatformRetirement.objects.get().off_date


def test_a_platform_may_stay_after_all(world: Do) -> None:
    """Moving an end twice and taking it back leaves every step in the audit."""
    for off in (date(2027, 6, 1), date(2027, 12, 1)):
        world(an_end(off_date=off))
    world(RemovePlatformRetirement(app="shop", platform="ios"))
    assert not PlatformRetirement.objects.exists()
    steps = AuditEntry.objects.filter(object_type="platform-retirement").order_by("pk")
    assert ["created", "updated", "deleted"] == [step.action for step in steps]
    assert ["2027-06-01", "2027-12-01"] == [(step.before or {})["off_date"] for step in steps[1:]]


def test_a_profile_says_what_becomes_of_unknown_platforms(world: Do) -> None:
    """Off, unless the last command said on."""
    world(a_profile(MinimumSpec(platform="ios")))
    assert "off" == PlatformProfile.objects.get().unknown_platforms
    world(replace(a_profile(MinimumSpec(platform="ios")), unknown_platforms="on"))
    (loaded,) = load_definitions("shop", "production").profiles
    assert "on" == loaded.unknown_platforms


def test_a_promise_may_name_a_feature_that_must_stay_unknown(world: Do) -> None:
    """An expectation is kept by key and can be taken back."""
    world(a_promise(feature="no.such-feature", value=False, reason="UNKNOWN_FEATURE", at=NOW))
    assert ("no.such-feature", NOW) == (
        Expectation.objects.get().feature_key,
        Expectation.objects.get().at,
    )
    world(RemoveExpectation(app="shop", environment="production", key="s1"))
    assert not Expectation.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"value": float("nan")}, "bad_json"),
        ({"value": "x" * 20_001}, "too_long"),
        ({"context": {"age": float("inf")}}, "bad_json"),
    ],
)
def test_what_is_no_json_is_refused(world: Do, wrong: dict[str, object], code: str) -> None:
    """A form can spell NaN, but no database and no client can keep it."""
    with pytest.raises(Refused) as caught:
        world(a_promise(**wrong))
    assert (code, next(iter(wrong))) == (caught.value.code, caught.value.field)
    assert not Expectation.objects.exists()


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (a_profile(MinimumSpec(platform="symbian")), "unknown_platform", "minimums"),
        (a_profile(*[MinimumSpec(platform="ios")] * 2), "named_twice", "minimums"),
        (a_profile(MinimumSpec(platform="ios", os_version="15.x")), "bad_version", "minimums"),
        (a_profile(MinimumSpec(platform="ios", app_version="1.2.3.4")), "bad_version", "minimums"),
        (
            replace(a_profile(), unknown_platforms="maybe"),
            "unknown_unknown_platforms",
            "unknown_platforms",
        ),
        (RemovePlatformRetirement(app="shop", platform="ios"), "unknown_retirement", "platform"),
        (an_end(platform="symbian"), "unknown_platform", "platform"),
        (an_end(off_date=date(2026, 1, 1)), "dates_order", "off_date"),
        (an_end(reason=""), "reason_missing", "reason"),
        (a_promise(reason="MAYBE"), "unknown_reason", "reason"),
        (a_promise(key="S 1"), "bad_key", "key"),
        (a_promise(feature="No Feature"), "bad_key", "feature"),
        (a_promise(at=datetime(2027, 1, 1)), "zone_missing", "at"),  # noqa: DTZ001
        (a_promise(context={"a": "x" * 2001}), "too_long", "context"),
        (a_promise(context={str(n): n for n in range(101)}), "too_many", "context"),
        (a_promise(context={"a": "\ud800"}), "invalid_unicode", "context"),
        (
            RemoveExpectation(app="shop", environment="production", key="s9"),
            "unknown_expectation",
            "key",
        ),
    ],
)
def test_platforms_and_promises_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
