"""Forms that add something: what stands in them when nobody chose anything is harmless."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from flags.admin.feature_forms import FeatureAddForm
from flags.admin.features import tell_where
from flags.admin.token_forms import TokenForm
from flags.admin.token_states import tell_all
from flags.models import ClientToken, Feature
from flags.operations.offers import SetOffer
from flags.operations.tokens import CreateToken
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do, a_feature

NEW = {
    "app": "shop",
    "key": "pay.new",
    "bundle": "pay",
    "description": "New",
    "owner": "team",
    "value_type": "boolean",
    "off_value": "false",
    "offer_basis": "account",
    "fail_direction": "closed",
    "default_status": "not-offered",
}


def test_a_new_feature_is_off_unless_somebody_says_otherwise(world: Do) -> None:
    """Offered nowhere, off where a place is unknown, and in no bundle by chance."""
    form = FeatureAddForm()
    start = [form[name].value() for name in ("default_status", "fail_direction", "bundle")]
    assert ["not-offered", "closed", None] == start
    assert '<option value="" selected>choose one</option>' in str(form["bundle"])


def test_a_form_shows_what_a_feature_has_and_not_what_is_safe(world: Do) -> None:
    """Defaults are for what is new."""
    world(a_feature("pay.x", fail_direction="open", default_status="live"))
    form = FeatureAddForm(instance=Feature.objects.get(key="pay.x"))
    assert ("live", "open") == (form["default_status"].value(), form["fail_direction"].value())


def test_after_adding_a_feature_the_page_says_where_it_is_on(world: Do, sign_in: SignIn) -> None:
    """A feature that nobody offers is on nowhere, and the page says so."""
    answer = sign_in("pm").post(reverse("admin:flags_feature_add"), NEW, follow=True)
    assert "pay.new is on nowhere until somebody offers it." in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"offer_basis": "none"}, "is on everywhere, in every environment"),
        ({"default_status": "live"}, "is on at once, in every environment"),
        ({"default_status": "planned"}, "is on where Pay is offered: Production."),
    ],
)
def test_a_feature_that_is_on_says_where(world: Do, fields: dict[str, Any], told: str) -> None:
    """Tell what comes of its bundle's offers, its own default, and of asking for none."""
    offer = {"app": "shop", "environment": "production", "reason": "licensed", "owner": "team"}
    world(SetOffer(**offer, bundle="pay", territory="SG", status="live"))  # type: ignore[arg-type]
    world(a_feature("pay.x", **fields))
    assert told in tell_where(Feature.objects.get(key="pay.x"))


def test_a_new_token_may_do_the_least(world: Do) -> None:
    """Ask for one person, of one app; every app is a choice at the end."""
    form = TokenForm()
    assert "frontend" == form["kind"].value()
    choices = [key for key, _label in form.fields["app"].choices]  # type: ignore[attr-defined]
    assert ["shop", "*"] == choices


def test_a_revoked_token_is_said_to_be_so(world: Do, sign_in: SignIn) -> None:
    """Say it in the message and on the page, which promises nothing any more."""
    world(
        CreateToken(
            app="shop",
            environment="production",
            kind="frontend",
            name="Web",
            token="shop:production.x12345678",
        )
    )
    row = ClientToken.objects.get()
    address = reverse("admin:flags_clienttoken_step_revoke", args=[row.pk])
    page = unescape(sign_in("admin").post(address, follow=True).content.decode())
    assert "“Web” is revoked." in page
    row.refresh_from_db()
    assert tell_all(row) in page
    assert tell_all(row).startswith("Nothing any more: it was revoked on ")


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_add_reads_why(world: Do, sign_in: SignIn, method: str) -> None:
    """Answer 403 with a page of the admin, and a way back."""
    address = reverse("admin:flags_clienttoken_add")
    answer = getattr(sign_in("pm"), method)(address)
    page = answer.content.decode()
    assert (403, True) == (answer.status_code, "your groups do not allow you to add any" in page)
    assert f'href="{reverse("admin:flags_clienttoken_changelist")}"' in page


def test_a_list_that_shows_all_does_not_offer_to(world: Do, sign_in: SignIn) -> None:
    """Offer it where a search leaves something out."""
    address = reverse("admin:flags_feature_changelist")
    client = sign_in("pm")
    assert "Show all" not in client.get(address).content.decode()
    assert "Show all" in client.get(address, {"q": "transfer"}).content.decode()


def test_a_key_stays_as_it_is_in_the_heading(world: Do, sign_in: SignIn) -> None:
    """Keys are small letters, also where other titles begin with a capital."""
    row = Feature.objects.get(key="pay.card")
    page = sign_in("pm").get(reverse("admin:flags_feature_change", args=[row.pk])).content.decode()
    assert "Pay.card" not in page
