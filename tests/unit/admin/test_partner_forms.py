"""Partners and platforms are written by forms; terms and versions are typed one a line."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from flags.admin.lines import ConstraintsField, MinimumsField, tell_constraints, tell_minimums
from flags.models import (
    Constraint,
    Feature,
    Partner,
    PlatformMinimum,
    PlatformProfile,
    PlatformRetirement,
)
from flags.operations.constraints import ConstraintSpec
from flags.operations.features import ArchiveFeature
from flags.operations.platforms import MinimumSpec
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do, a_feature

PARTNER: dict[str, Any] = {
    "app": "shop",
    "key": "mall",
    "name": "The Mall",
    "features": "pay.abroad",
    "territory": "US",
    "city": "new-york",
    "wallets": "cny, HKD",
    "starts_date": "2027-03-14",
    "starts_time": "02:30",
    "requirements": "phoneCountry IN CN, HK\nage NUM_GTE 18",
    "reason": "signed in June",
    "owner": "pay-team",
}


def post(client: Client, name: str, data: dict[str, Any], *args: object) -> tuple[int, str]:
    """Send a form, follow it, and return the first status and the last text."""
    answer = client.post(reverse(f"admin:{name}", args=args), data, follow=True)
    status = answer.redirect_chain[0][1] if answer.redirect_chain else answer.status_code
    return status, answer.content.decode()


def test_a_partner_is_added_changed_and_removed(world: Do, sign_in: SignIn) -> None:
    """What is read back is what was typed; a time that clocks jump over is told."""
    world(a_feature("pay.abroad", partner_basis="location"))
    client = sign_in("pm")
    status, text = post(client, "flags_partner_add", PARTNER)
    assert (302, True) == (status, "Clocks in America/New_York jump over 2027-03-14 02:30" in text)
    assert "03:00 counts instead" in text
    row = Partner.objects.get()
    assert (["CNY", "HKD"], "new-york", 2) == (row.wallets, row.city, row.requirements.count())
    page = client.get(reverse("admin:flags_partner_change", args=[row.pk])).content.decode()
    assert "phoneCountry IN CN,HK\nage NUM_GTE 18" in page
    change = {name: PARTNER[name] for name in PARTNER if name not in ("app", "key", "starts_time")}
    status, text = post(client, "flags_partner_change", {**change, "city": "*"}, row.pk)
    assert (302, False) == (status, "jump over" in text)
    assert 302 == post(client, "flags_partner_step_remove", {}, row.pk)[0]
    assert not Partner.objects.exists()


def test_a_partner_of_an_archived_feature_posts_back(world: Do, sign_in: SignIn) -> None:
    """The form gives only what it accepts, and saving takes the archived one away from nobody."""
    for key in ("pay.abroad", "pay.visa"):
        world(a_feature(key, partner_basis="location"))
    client = sign_in("pm")
    post(client, "flags_partner_add", {**PARTNER, "features": ["pay.abroad", "pay.visa"]})
    world(ArchiveFeature(app="shop", key="pay.visa"))
    row = Partner.objects.get()
    page = client.get(reverse("admin:flags_partner_change", args=[row.pk]))
    given = page.context["adminform"].form.initial["features"]
    assert ["pay.abroad"] == given
    change = {name: PARTNER[name] for name in PARTNER if name not in ("app", "key")}
    change |= {"features": given, "owner": "another-team"}
    assert 302 == post(client, "flags_partner_change", change, row.pk)[0]
    assert {"pay.abroad", "pay.visa"} == set(row.features.values_list("key", flat=True))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"requirements": "phoneCountry"}, "does not say how phoneCountry is compared"),
        ({"requirements": "age NUM_GTE old"}, "is not a number"),
        ({"wallets": "yuan"}, "is not a currency such as CNY"),
        ({"features": "pay.card"}, "asks for no partner"),
        ({"starts_date": ""}, "without its date"),
        ({"city": "Las Vegas"}, "apps send “las-vegas”"),
    ],
)
def test_what_is_refused_is_told_and_what_was_typed_stays(
    world: Do, sign_in: SignIn, wrong: dict[str, str], told: str
) -> None:
    """The message stands on the page, beside the words that were typed."""
    world(a_feature("pay.abroad", partner_basis="location"))
    status, text = post(sign_in("pm"), "flags_partner_add", {**PARTNER, **wrong})
    assert (200, True, True) == (status, told in text, 'value="signed in June"' in text)
    assert not Partner.objects.exists()


def test_a_feature_keeps_where_it_needs_a_partner(world: Do, sign_in: SignIn) -> None:
    """The form of a feature shows and writes it."""
    world(a_feature("pay.abroad", partner_basis="location"))
    client, row = sign_in("pm"), Feature.objects.get(key="pay.abroad")
    address = reverse("admin:flags_feature_change", args=[row.pk])
    assert 'value="location" selected' in client.get(address).content.decode()
    words = ("description", "owner", "value_type", "offer_basis", "fail_direction")
    form = {name: getattr(row, name) for name in (*words, "default_status")}
    form |= {"bundle": "pay", "off_value": "false", "partner_basis": "storefront"}
    assert 302 == client.post(address, form).status_code
    row.refresh_from_db()
    assert "storefront" == row.partner_basis


def test_a_platform_profile_is_typed_one_platform_a_line(world: Do, sign_in: SignIn) -> None:
    """Least versions follow what was typed; what no version is comes back beside the field."""
    client = sign_in("pm")
    form = {"app": "shop", "key": "rich", "minimums": "ios 15 8.0.50\nandroid - 8", **OFF}
    assert 302 == post(client, "flags_platformprofile_add", form)[0]
    row = PlatformProfile.objects.get()
    page = client.get(reverse("admin:flags_platformprofile_change", args=[row.pk]))
    assert "android - 8\nios 15 8.0.50" in page.content.decode()
    change = {"minimums": "ios 16", "unknown_platforms": "on"}
    assert 302 == post(client, "flags_platformprofile_change", change, row.pk)[0]
    row.refresh_from_db()
    assert ("on", ["16"]) == (
        row.unknown_platforms,
        [one.os_version for one in row.minimums.all()],
    )
    status, text = post(
        client, "flags_platformprofile_change", {"minimums": "ios x", **OFF}, row.pk
    )
    assert (200, True) == (status, "is not a version" in text)


OFF = {"unknown_platforms": "off"}


def test_nobody_retires_every_platform(world: Do, sign_in: SignIn) -> None:
    """The form asks for one platform and stands on none of them."""
    client = sign_in("pm")
    page = client.get(reverse("admin:flags_platformretirement_add")).content.decode()
    assert (True, False) == ("choose one" in page, "every platform" in page)
    nothing = {"app": "shop", "closed_to_new_date": "2027-01-01", "reason": "old"}
    text = post(client, "flags_platformretirement_add", nothing)[1]
    assert (True, False) == ("This field is required" in text, PlatformRetirement.objects.exists())


def test_a_platform_retires_and_stays_after_all(world: Do, sign_in: SignIn) -> None:
    """Dates can be moved and taken back."""
    client = sign_in("pm")
    dates = {"closed_to_new_date": "2027-01-01", "off_date": "2027-06-01", "reason": "old"}
    assert (
        302
        == post(
            client, "flags_platformretirement_add", {"app": "shop", "platform": "ios", **dates}
        )[0]
    )
    row = PlatformRetirement.objects.get()
    later = {**dates, "off_date": "2027-12-01"}
    assert 302 == post(client, "flags_platformretirement_change", later, row.pk)[0]
    row.refresh_from_db()
    assert "2027-12-01" == str(row.off_date)
    assert 302 == post(client, "flags_platformretirement_step_stay", {}, row.pk)[0]
    assert not PlatformRetirement.objects.exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plan IN a, b", {"operator": "IN", "values": ("a", "b")}),
        ("plan NOT IN a", {"operator": "IN", "values": ("a",), "inverted": True}),
        ("plan NOT_IN a", {"operator": "NOT_IN", "values": ("a",)}),
        (
            "plan STR_CONTAINS/i x",
            {"operator": "STR_CONTAINS", "values": ("x",), "case_insensitive": True},
        ),
        ('plan IN "a, b", c', {"operator": "IN", "values": ("a, b", "c")}),
        ("plan REGEX ^a, ?b$", {"operator": "REGEX", "value": "^a, ?b$"}),
        ("plan IN", {"operator": "IN"}),
    ],
)
def test_a_constraint_is_read_and_told_alike(line: str, expected: dict[str, Any]) -> None:
    """What was read is told so that it reads the same again."""
    field = ConstraintsField()
    wanted = ConstraintSpec(context_name="plan", **expected)
    assert (wanted,) == field.clean(line)
    row = Constraint(
        context_name="plan",
        operator=wanted.operator,
        values=list(wanted.values),
        value=wanted.value,
        inverted=wanted.inverted,
        case_insensitive=wanted.case_insensitive,
    )
    assert (wanted,) == field.clean(tell_constraints([row]))


def test_least_versions_are_read_and_told_alike() -> None:
    """A dash asks nothing; a fourth word is refused."""
    field = MinimumsField()
    wanted = (
        MinimumSpec(platform="ios", os_version="15", app_version="8.0.50"),
        MinimumSpec(platform="web"),
        MinimumSpec(platform="xr", app_version="9"),
    )
    rows = [
        PlatformMinimum(
            platform=one.platform, os_version=one.os_version, app_version=one.app_version
        )
        for one in reversed(wanted)
    ]
    assert "ios 15 8.0.50\nweb\nxr - 9" == tell_minimums(rows)
    assert wanted == field.clean(tell_minimums(rows))
    with pytest.raises(ValidationError):
        field.clean("ios 15 8 9")
