"""Commands about bundles and features."""

from __future__ import annotations

import pytest

from flags.models import Feature
from flags.operations import features
from flags.operations.features import ArchiveFeature, SetBundle
from regions.governance.commands import Command, Refused
from tests.unit.world import Do, a_feature


def test_a_feature_keeps_what_it_was_told(world: Do) -> None:
    """Law signals are kept in a fixed order, requirements as rows."""
    world(
        a_feature(
            "pay.gift",
            requires=("pay.transfer", "pay.card"),
            law_basis=("location", "account"),
            value_type="string",
            off_value="none",
        )
    )
    row = Feature.objects.get(key="pay.gift")
    assert (["account", "location"], "none") == (row.law_basis, row.off_value)
    assert ["pay.card", "pay.transfer"] == sorted(
        row.requirements.values_list("required__key", flat=True)
    )


def test_requirements_follow_the_last_command(world: Do) -> None:
    """A requirement that is no longer named goes, and the audit tells both lists."""
    receipt = world(a_feature("pay.transfer"))
    change = receipt.changes[0]
    assert (["pay.card"], []) == (
        (change.before or {})["requires"],
        (change.after or {})["requires"],
    )
    assert not Feature.objects.get(key="pay.transfer").requirements.exists()


def test_an_archived_feature_comes_back_when_it_is_set(world: Do) -> None:
    """Archiving hides a feature until it is set again; twice is once."""
    assert world(ArchiveFeature(app="shop", key="pay.transfer")).changed
    assert not world(ArchiveFeature(app="shop", key="pay.transfer")).changed
    assert Feature.objects.get(key="pay.transfer").archived_at is not None
    world(a_feature("pay.transfer"))
    assert Feature.objects.get(key="pay.transfer").archived_at is None


@pytest.mark.parametrize(
    "command", [a_feature("pay"), SetBundle(app="shop", key="pay.card", name="Cards")]
)
def test_a_feature_and_a_bundle_never_share_a_key(world: Do, command: Command) -> None:
    """The rules of both would have one name: the board would tell one as the other."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert ("key_taken", "key") == (caught.value.code, caught.value.field)


def test_a_circle_of_requirements_is_refused_with_its_path(world: Do) -> None:
    """A circle is named from the feature back to itself."""
    world(a_feature("pay.gift", requires=("pay.transfer",)))
    with pytest.raises(Refused) as caught:
        world(a_feature("pay.card", requires=("pay.gift",)))
    assert ("cycle", "requires") == (caught.value.code, caught.value.field)
    assert "pay.card -> pay.gift -> pay.transfer -> pay.card" in caught.value.message
    assert not Feature.objects.get(key="pay.card").requirements.exists()


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (a_feature("Pay.Card"), "bad_key", "key"),
        (a_feature("k" * 101), "too_long", "key"),
        (a_feature("pay.x", bundle="nope"), "unknown_bundle", "bundle"),
        (a_feature("pay.x", owner="  "), "owner_missing", "owner"),
        (a_feature("pay.x", owner="x" * 121), "too_long", "owner"),
        (a_feature("pay.x", description=""), "description_missing", "description"),
        (a_feature("pay.x", offer_basis="gps"), "unknown_offer_basis", "offer_basis"),
        (a_feature("pay.x", partner_basis="none"), "unknown_partner_basis", "partner_basis"),
        (a_feature("pay.x", law_basis=("moon",)), "unknown_law_basis", "law_basis"),
        (a_feature("pay.x", law_basis=("account",) * 2), "named_twice", "law_basis"),
        (a_feature("pay.x", fail_direction="up"), "unknown_fail_direction", "fail_direction"),
        (a_feature("pay.x", default_status="maybe"), "unknown_default_status", "default_status"),
        (a_feature("pay.x", value_type="string"), "bad_off_value", "off_value"),
        (a_feature("pay.x", off_value="off"), "bad_off_value", "off_value"),
        (a_feature("pay.x", value_type="number", off_value=True), "bad_off_value", "off_value"),
        (
            a_feature("pay.x", value_type="number", off_value=float("inf")),
            "bad_off_value",
            "off_value",
        ),
        (
            a_feature("pay.x", value_type="json", off_value=[float("nan")]),
            "bad_off_value",
            "off_value",
        ),
        (
            a_feature("pay.x", value_type="json", off_value={"a": "\0"}),
            "nul_character",
            "off_value",
        ),
        (
            a_feature("pay.x", value_type="json", off_value={"\ud800": 1}),
            "invalid_unicode",
            "off_value",
        ),
        (
            a_feature("pay.x", value_type="string", off_value="é" * 10_000),
            "too_long",
            "off_value",
        ),
        (a_feature("pay.x", profile="nope"), "unknown_profile", "profile"),
        (a_feature("pay.x", requires=("nope",)), "unknown_feature", "requires"),
        (a_feature("pay.x", requires=("pay.x",)), "cycle", "requires"),
        (a_feature("pay.x", requires=("pay.card",) * 2), "named_twice", "requires"),
        (a_feature("pay.x", app="nope"), "unknown_app", "app"),
        (SetBundle(app="shop", key="ok", name=""), "name_missing", "name"),
        (SetBundle(app="shop", key="ok", name="x", position=-1), "out_of_range", "position"),
        (ArchiveFeature(app="shop", key="pay.card"), "still_required", "key"),
        (ArchiveFeature(app="shop", key="nope"), "unknown_feature", "key"),
    ],
)
def test_features_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)


def test_deep_values_are_refused_before_they_are_looked_into(world: Do) -> None:
    """A value that is nested beyond the limit is refused and named."""
    deep: object = "bottom"
    for _level in range(40):
        deep = [deep]
    with pytest.raises(Refused, match="32 levels"):
        world(a_feature("pay.x", value_type="json", off_value=deep))


def test_an_app_has_a_limit_of_features(world: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """One feature too many is refused with the limit; existing ones can still be changed."""
    monkeypatch.setattr(features, "FEATURES_PER_APP", 2)
    assert world(a_feature("pay.card", owner="others")).changed
    with pytest.raises(Refused, match="At most 2 features of shop"):
        world(a_feature("pay.x"))
