"""Commands about what is offered where."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from flags.models import Offer
from flags.operations.features import ArchiveFeature
from flags.operations.offers import RemoveOffer, SetOffer, offer_digest
from regions.governance.commands import Command, Refused
from regions.governance.models import AuditEntry
from tests.unit.world import Do, a_feature


def an_offer(**differences: object) -> SetOffer:
    """Return a command for an offer that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "environment": "production",
        "status": "live",
        "reason": "licensed",
        "owner": "pay-team",
    }
    if not {"feature", "bundle"} & differences.keys():
        values["bundle"] = "pay"
    return SetOffer(**{**values, "territory": "SG", **differences})  # type: ignore[arg-type]


def test_setting_an_offer_again_changes_its_row(world: Do) -> None:
    """The row of the same slot and first day is changed, with both sides in the audit."""
    world(an_offer(status="planned"))
    receipt = world(an_offer(status="live", rollout=20, review_date=date(2027, 5, 1)))
    entry = AuditEntry.objects.filter(object_type="offer").latest("id")
    before, after = entry.before or {}, entry.after or {}
    assert 1 == Offer.objects.count()
    assert ["updated"] == [change.action for change in receipt.changes]
    assert ("pay@SG", "planned", "live") == (
        entry.object_key,
        before["status"],
        after["status"],
    )
    assert ("2027-05-01", 20) == (after["review_date"], after["rollout"])


def test_offers_that_follow_each_other_do_not_overlap(world: Do) -> None:
    """Ends are excluded, so one offer may begin on the day on which another ends."""
    world(an_offer(ends_date=date(2027, 1, 1)))
    world(an_offer(status="withdrawn", starts_date=date(2027, 1, 1), ends_date=date(2027, 2, 1)))
    world(an_offer(starts_date=date(2027, 2, 1)))
    assert 3 == Offer.objects.count()


@pytest.mark.parametrize(
    "other",
    [
        an_offer(starts_date=date(2027, 1, 15)),
        an_offer(ends_date=date(2027, 1, 15), starts_date=date(2026, 1, 1)),
        an_offer(starts_date=date(2027, 1, 15), ends_date=date(2027, 1, 16)),
        an_offer(),
    ],
)
def test_overlapping_offers_are_refused(world: Do, other: SetOffer) -> None:
    """An offer that overlaps another of its slot is refused, and the other one is named."""
    world(an_offer(starts_date=date(2027, 1, 1), ends_date=date(2027, 2, 1)))
    with pytest.raises(Refused, match=r"\[2027-01-01, 2027-02-01\)") as caught:
        world(other)
    assert "overlapping_offer" == caught.value.code
    assert 1 == Offer.objects.count()


@pytest.mark.parametrize(
    "other",
    [
        an_offer(platform="ios"),
        an_offer(basis="location", status="blocked-by-law"),
        an_offer(territory="IT"),
        an_offer(territory="", market="EEA"),
        an_offer(territory=""),
        an_offer(feature="pay.card"),
        an_offer(environment="staging"),
    ],
)
def test_offers_of_other_slots_do_not_overlap(world: Do, other: SetOffer) -> None:
    """Another target, place, basis, platform or environment is another slot."""
    world(an_offer())
    world(other)
    assert 2 == Offer.objects.count()


def test_nobody_overwrites_what_they_did_not_see(world: Do) -> None:
    """An offer that changed, came or went meanwhile is told about, by whom, and kept."""
    nothing = offer_digest(None)
    world(an_offer(seen=nothing))
    first = Offer.objects.get()
    seen = offer_digest(first)
    world(an_offer(status="withdrawn", reason="licence lost", seen=seen, offer_id=first.pk))
    mine = an_offer(status="planned", reason="next year")
    for command in (replace(mine, seen=seen, offer_id=first.pk), replace(mine, seen=nothing)):
        with pytest.raises(
            Refused, match=r"by system .* is withdrawn now \(licence lost\)"
        ) as caught:
            world(command)
        assert ("stale", "withdrawn") == (caught.value.code, Offer.objects.get().status)
    fresh = offer_digest(Offer.objects.get())
    assert world(replace(mine, seen=fresh)).changed
    world(RemoveOffer(app="shop", environment="production", offer_id=first.pk))
    with pytest.raises(Refused, match="is gone now"):
        world(replace(mine, seen=fresh, offer_id=first.pk))


def test_the_same_press_twice_is_no_change_of_somebody_else(world: Do) -> None:
    """What is so already is not refused, whatever was seen."""
    world(an_offer(seen=offer_digest(None)))
    assert not world(an_offer(seen=offer_digest(None))).changed


def test_the_first_day_of_an_offer_changes_by_its_number(world: Do) -> None:
    """The named row moves instead of a second one, and still overlaps no other."""
    world(an_offer(starts_date=date(2027, 1, 1), ends_date=date(2027, 6, 1)))
    row = Offer.objects.get()
    world(an_offer(starts_date=date(2027, 2, 1), ends_date=date(2027, 6, 1), offer_id=row.pk))
    row.refresh_from_db()
    assert (1, date(2027, 2, 1)) == (Offer.objects.count(), row.starts_date)
    world(an_offer(starts_date=date(2027, 6, 1)))
    with pytest.raises(Refused) as caught:
        world(an_offer(starts_date=date(2027, 2, 1), offer_id=row.pk))
    assert "overlapping_offer" == caught.value.code


@pytest.mark.parametrize(
    "elsewhere",
    [{"territory": "IT"}, {"platform": "ios"}, {"feature": "pay.card"}, {"environment": "staging"}],
)
def test_a_number_names_only_a_row_of_its_own_slot(world: Do, elsewhere: dict[str, str]) -> None:
    """An offer is not moved to another target, place, platform or environment."""
    world(an_offer())
    number = Offer.objects.get().pk
    with pytest.raises(Refused) as caught:
        world(an_offer(**elsewhere, offer_id=number))
    assert ("unknown_offer", "offer_id") == (caught.value.code, caught.value.field)
    assert "SG" == Offer.objects.get().place_key


def test_the_features_own_basis_is_no_slot_of_its_own(world: Do) -> None:
    """An offer by the feature's own basis is the same as one without."""
    world(an_offer(feature="pay.card", basis="account"))
    assert not world(an_offer(feature="pay.card")).changed
    assert "" == Offer.objects.get().basis


def test_an_offer_is_taken_back_by_its_number(world: Do) -> None:
    """A removed offer is gone, and the audit keeps what it was."""
    world(an_offer())
    number = Offer.objects.get().pk
    receipt = world(RemoveOffer(app="shop", environment="production", offer_id=number))
    change = receipt.changes[0]
    assert ("deleted", "live", None) == (
        change.action,
        (change.before or {})["status"],
        change.after,
    )
    assert not Offer.objects.exists()


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (an_offer(reason=" "), "reason_missing", "reason"),
        (an_offer(owner=""), "owner_missing", "owner"),
        (an_offer(reason="x" * 501), "too_long", "reason"),
        (an_offer(source="x" * 301), "too_long", "source"),
        (an_offer(reason="NUL \0"), "nul_character", "reason"),
        (an_offer(status="on"), "unknown_status", "status"),
        (an_offer(territory="XX"), "unknown_country", "territory"),
        (an_offer(territory="uk"), "unknown_country", "territory"),
        (an_offer(territory="FR"), "unknown_territory", "territory"),
        (an_offer(territory="", market="MOON"), "unknown_market", "market"),
        (an_offer(territory="", subdivision="US-CA"), "unknown_subdivision", "subdivision"),
        (an_offer(market="EEA"), "one_place", "territory"),
        (an_offer(feature="pay.card", bundle="pay"), "one_target", "feature"),
        (an_offer(bundle=""), "one_target", "feature"),
        (an_offer(feature="nope"), "unknown_feature", "feature"),
        (an_offer(bundle="nope"), "unknown_bundle", "bundle"),
        (an_offer(basis="gps"), "unknown_basis", "basis"),
        (an_offer(feature="pay.card", basis="location"), "basis_without_effect", "basis"),
        (
            an_offer(feature="pay.card", basis="storefront", status="blocked-by-law"),
            "basis_without_effect",
            "basis",
        ),
        (an_offer(platform="symbian"), "unknown_platform", "platform"),
        (an_offer(rollout=101), "out_of_range", "rollout"),
        (an_offer(rollout=-1), "out_of_range", "rollout"),
        (an_offer(rollout=True), "out_of_range", "rollout"),
        (
            an_offer(starts_date=date(2027, 1, 1), ends_date=date(2027, 1, 1)),
            "dates_order",
            "ends_date",
        ),
        (
            RemoveOffer(app="shop", environment="production", offer_id=99),
            "unknown_offer",
            "offer_id",
        ),
    ],
)
def test_offers_that_cannot_be_are_refused(
    world: Do, command: Command, code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault; nothing is stored."""
    with pytest.raises(Refused) as caught:
        world(command)
    assert (code, field) == (caught.value.code, caught.value.field)
    assert not Offer.objects.exists()


def test_a_feature_that_is_archived_takes_no_offers(world: Do) -> None:
    """An offer cannot name a feature that is archived."""
    world(a_feature("pay.gone"))
    world(ArchiveFeature(app="shop", key="pay.gone"))
    with pytest.raises(Refused):
        world(an_offer(feature="pay.gone", status="planned"))
