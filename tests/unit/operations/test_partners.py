"""Commands about partners."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.contrib.auth.models import Group, User

from flags.engine import definitions as made
from flags.models import Constraint, Partner
from flags.operations.constraints import ConstraintSpec
from flags.operations.features import ArchiveFeature
from flags.operations.partners import RemovePartner, SetPartner
from flags.queries.definitions import load_definitions
from regions.governance.commands import Refused
from regions.governance.execute import PermissionRefused, execute
from regions.governance.models import AuditEntry
from regions.governance.policy import PRODUCT_MANAGERS, TRANSLATORS
from tests.unit.world import NOW, Do, a_feature

TERMS = (
    ConstraintSpec(context_name="phoneCountry", operator="IN", values=("SG",)),
    ConstraintSpec(context_name="age", operator="NUM_GTE", value="18"),
)


def a_partner(**differences: object) -> SetPartner:
    """Return a command for a partner that differs from the plain one only as said."""
    values: dict[str, object] = {
        "app": "shop",
        "key": "mall",
        "name": "The Mall",
        "features": ("pay.abroad",),
        "territory": "SG",
        "city": "jurong-east",
        "wallets": ("USD", "CNY"),
        "starts_date": date(2026, 1, 1),
        "starts_time": time(4),
        "requirements": TERMS,
        "reason": "signed in June",
        "owner": "pay-team",
    }
    return SetPartner(**{**values, **differences})  # type: ignore[arg-type]


@pytest.fixture
def abroad(world: Do) -> Do:
    """Have a feature that needs a partner, and return the door."""
    world(a_feature("pay.abroad", partner_basis="location"))
    return world


def load() -> tuple[made.Partner, ...]:
    """Load the partners of production."""
    return load_definitions("shop", "production").partners


def test_a_partner_is_loaded_as_it_was_written(abroad: Do) -> None:
    """Dates with their times of day, wallets in order, terms in theirs."""
    abroad(a_partner())
    (partner,) = load()
    assert made.Rule("mall", "signed in June", "pay-team") == partner.rule
    assert (("pay.abroad",), "SG", "jurong-east", ("CNY", "USD")) == (
        partner.features,
        partner.territory,
        partner.city,
        partner.wallets,
    )
    assert "2026-01-01T04:00:00" == (partner.starts.isoformat() if partner.starts else "")
    assert ["phoneCountry", "age"] == [one.context_name for one in partner.requirements]
    (feature,) = [
        one for one in load_definitions("shop", "production").features if one.key == "pay.abroad"
    ]
    assert "location" == feature.partner_basis


def test_a_partner_follows_the_last_command(abroad: Do) -> None:
    """The same again changes nothing; other terms take the place of the old."""
    abroad(a_partner())
    assert not abroad(a_partner()).changed
    receipt = abroad(a_partner(requirements=TERMS[1:], ends_date=date(2027, 1, 1), ends_time=None))
    assert {"production", "staging"} == set(receipt.change_seqs)
    assert ["age"] == [one.context_name for one in Constraint.objects.filter(partner__key="mall")]
    entry = AuditEntry.objects.filter(object_type="partner").latest("pk")
    after = entry.after or {}
    assert ("04:00:00", "2027-01-01") == (after["starts_time"], after["ends_date"])


def test_a_partner_goes_with_its_terms(abroad: Do) -> None:
    """Removing takes the rows away and keeps what they said in the audit."""
    abroad(a_partner())
    abroad(RemovePartner(app="shop", key="mall"))
    assert not Partner.objects.exists()
    assert not Constraint.objects.exists()
    before = AuditEntry.objects.filter(object_type="partner").latest("pk").before or {}
    assert (["pay.abroad"], ["phoneCountry", "age"], "The Mall") == (
        before["features"],
        [one["context_name"] for one in before["requirements"]],
        before["name"],
    )
    with pytest.raises(Refused, match="has no partner") as caught:
        abroad(RemovePartner(app="shop", key="mall"))
    assert "unknown_partner" == caught.value.code


def test_a_feature_needs_partners_while_some_name_it(abroad: Do) -> None:
    """Without them it would be on for everybody, or nowhere: the refusal names who is there."""
    abroad(a_partner())
    with pytest.raises(Refused, match=r"pay\.abroad .* named by mall\.") as caught:
        abroad(a_feature("pay.abroad"))
    assert ("still_partnered", "partner_basis") == (caught.value.code, caught.value.field)
    abroad(a_feature("pay.abroad", partner_basis="account"))
    abroad(RemovePartner(app="shop", key="mall"))
    assert abroad(a_feature("pay.abroad")).changed


def test_an_archived_feature_keeps_its_partner(abroad: Do) -> None:
    """No command can name it, so what a form sends does not take it away."""
    abroad(a_feature("pay.visa", partner_basis="location"))
    abroad(a_partner(features=("pay.abroad", "pay.visa")))
    abroad(ArchiveFeature(app="shop", key="pay.visa"))
    assert not abroad(a_partner()).changed
    assert ("pay.abroad",) == load()[0].features
    abroad(a_feature("pay.visa", partner_basis="location"))
    assert ("pay.abroad", "pay.visa") == load()[0].features


def test_product_managers_write_partners(abroad: Do) -> None:
    """Translators do not."""
    pm, translator = (User.objects.create_user(name) for name in ("pm", "translator"))
    pm.groups.add(Group.objects.get(name=PRODUCT_MANAGERS))
    translator.groups.add(Group.objects.get(name=TRANSLATORS))
    execute(a_partner(), actor=pm, now=NOW)
    with pytest.raises(PermissionRefused):
        execute(a_partner(name="Another"), actor=translator, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"key": "The Mall"}, "bad_key", "key"),
        ({"name": " "}, "name_missing", "name"),
        ({"features": ()}, "features_missing", "features"),
        ({"features": ("pay.abroad",) * 2}, "named_twice", "features"),
        ({"features": ("nope",)}, "unknown_feature", "features"),
        ({"features": ("pay.card",)}, "no_partner_needed", "features"),
        ({"territory": "XX"}, "unknown_country", "territory"),
        ({"territory": "FR"}, "unknown_territory", "territory"),
        ({"city": ""}, "city_missing", "city"),
        ({"city": "a\\b"}, "bad_city", "city"),
        ({"city": "Las Vegas"}, "bad_city", "city"),
        ({"city": "x" * 101}, "too_long", "city"),
        ({"wallets": ("cny",)}, "bad_wallet", "wallets"),
        ({"wallets": ("CNY", "CNY")}, "named_twice", "wallets"),
        ({"starts_date": None}, "date_missing", "starts_time"),
        ({"starts_time": time(4, 0, 0, 1)}, "bad_time", "starts_time"),
        ({"ends_date": date(2026, 1, 1)}, "dates_order", "ends_date"),
        (
            {"requirements": (ConstraintSpec(context_name="age", operator="NUM_GT", value="x"),)},
            "bad_constraint",
            "requirements",
        ),
        (
            {
                "requirements": (
                    ConstraintSpec(context_name="environment", operator="IN", values=("x",)),
                )
            },
            "bad_constraint",
            "requirements",
        ),
        ({"reason": ""}, "reason_missing", "reason"),
        ({"owner": ""}, "owner_missing", "owner"),
    ],
)
def test_partners_that_cannot_be_are_refused(
    abroad: Do, wrong: dict[str, object], code: str, field: str
) -> None:
    """Each refusal has a stable code and names the field at fault; nothing is stored."""
    with pytest.raises(Refused) as caught:
        abroad(a_partner(**wrong))
    assert (code, field) == (caught.value.code, caught.value.field)
    assert not Partner.objects.exists()
