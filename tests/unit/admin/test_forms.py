"""A form becomes one command; what the one door refuses comes back beside its field."""

from __future__ import annotations

import json
import shlex
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from flags.models import Bundle, ClientToken, Expectation, Feature, KillSwitch, LegalOrder, Offer
from flags.operations.offers import offer_digest
from flags.operations.orders import order_digest
from regions.governance.models import AuditEntry
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

OFFER = {
    "app": "shop",
    "environment": "production",
    "bundle": "pay",
    "territory": "SG",
    "status": "live",
    "reason": "licensed",
    "owner": "pay-team",
}
KILL = {
    "app": "shop",
    "environment": "production",
    "feature": "pay.card",
    "reason": "it crashes",
    "owner": "on-call",
    "expires_at_0": "2099-01-01",
    "expires_at_1": "12:00",
}

CALLS = {
    "backend": ("/api/client/features", {"-H"}),
    "frontend": ("/api/frontend?properties[accountCountry]=SG", {"-g"}),
    "preview": ("/api/explain", {"-X", "POST", "-d"}),
}


def post(client: Client, name: str, data: dict[str, str], *args: object) -> tuple[int, str]:
    """Send a form and return status and text."""
    answer = client.post(reverse(f"admin:{name}", args=args), data)
    return answer.status_code, answer.content.decode()


def test_an_offer_is_added_changed_and_removed(world: Do, sign_in: SignIn) -> None:
    """Three forms, three commands, each in the audit under the person's name."""
    client = sign_in("pm")
    assert 302 == post(client, "flags_offer_add", OFFER)[0]
    row = Offer.objects.get()
    change = {"status": "planned", "reason": OFFER["reason"], "owner": "pay-team"}
    assert "Why is it Planned now?" in post(client, "flags_offer_change", change, row.pk)[1]
    change["reason"] = "not yet"
    assert 302 == post(client, "flags_offer_change", change, row.pk)[0]
    row.refresh_from_db()
    assert ("planned", "SG") == (row.status, row.territory_id)
    assert 302 == post(client, "flags_offer_step_remove", {}, row.pk)[0]
    assert not Offer.objects.exists()
    recorded = AuditEntry.objects.filter(object_type="offer").values_list("actor_name", "action")
    assert [("pm", "deleted"), ("pm", "updated"), ("pm", "created")] == list(recorded)


def test_an_offer_that_somebody_else_changed_is_told_first(world: Do, sign_in: SignIn) -> None:
    """The page carries what was seen, keeps the words, and the second press goes through."""
    client = sign_in("pm")
    post(client, "flags_offer_add", OFFER)
    row = Offer.objects.get()
    old = offer_digest(row)
    page = client.get(reverse("admin:flags_offer_change", args=[row.pk])).content.decode()
    assert f'name="seen" value="{old}"' in page
    theirs = {"status": "withdrawn", "reason": "licence lost", "owner": "pay-team", "seen": old}
    assert 302 == post(sign_in("admin"), "flags_offer_change", theirs, row.pk)[0]
    row.refresh_from_db()
    mine = {**theirs, "status": "planned", "reason": "typed with care"}
    mine["starts_date"] = "2027-03-01"
    status, text = post(client, "flags_offer_change", mine, row.pk)
    assert (200, True) == (status, "was changed by admin meanwhile" in text)
    assert 'value="typed with care"' in text
    assert f'name="seen" value="{offer_digest(row)}"' in text
    mine["seen"] = offer_digest(row)
    assert 302 == post(client, "flags_offer_change", mine, row.pk)[0]
    row.refresh_from_db()
    assert (1, "2027-03-01") == (Offer.objects.count(), str(row.starts_date))


def test_a_refused_form_keeps_what_was_typed(world: Do, sign_in: SignIn) -> None:
    """An overlap is told beside the date, and every value is still there."""
    client = sign_in("pm")
    post(client, "flags_offer_add", OFFER)
    again = {**OFFER, "starts_date": "2027-01-01", "reason": "typed with care"}
    status, text = post(client, "flags_offer_add", again)
    assert (200, 1) == (status, Offer.objects.count())
    assert "overlaps" in text
    assert 'value="typed with care"' in text


def test_a_change_says_that_it_is_being_published(world: Do, sign_in: SignIn) -> None:
    """The note after saving names the change that the page then follows."""
    answer = sign_in("pm").post(reverse("admin:flags_offer_add"), OFFER, follow=True)
    assert 'data-published="production:' in answer.content.decode()


def test_a_guest_writes_nothing(world: Do, sign_in: SignIn) -> None:
    """Every writing address refuses a person in no group."""
    post(sign_in("pm"), "flags_offer_add", OFFER)
    guest, row = sign_in("guest"), Offer.objects.get()
    assert 403 == post(guest, "flags_offer_add", OFFER)[0]
    assert 403 == post(guest, "flags_offer_change", OFFER, row.pk)[0]
    assert 403 == post(guest, "flags_offer_step_remove", {}, row.pk)[0]
    assert 403 == post(guest, "flags_offer_delete", {"post": "yes"}, row.pk)[0]
    assert Offer.objects.exists()


def test_the_admins_own_delete_is_closed_to_everybody(world: Do, sign_in: SignIn) -> None:
    """Even a superuser goes through the one door."""
    post(sign_in("pm"), "flags_offer_add", OFFER)
    row = Offer.objects.get()
    assert 403 == post(sign_in("admin"), "flags_offer_delete", {"post": "yes"}, row.pk)[0]
    assert Offer.objects.exists()


def test_a_kill_switch_is_pulled_by_one_and_released_by_another(world: Do, sign_in: SignIn) -> None:
    """A product manager pulls at once; only an approver releases."""
    pm, approver = sign_in("pm"), sign_in("approver")
    assert 302 == post(pm, "flags_killswitch_add", KILL)[0]
    row = KillSwitch.objects.get()
    assert 403 == post(pm, "flags_killswitch_step_release", {}, row.pk)[0]
    sentence = approver.get(reverse("admin:flags_killswitch_step_release", args=[row.pk]))
    assert "pay.card" in sentence.content.decode()
    assert 302 == post(approver, "flags_killswitch_step_release", {}, row.pk)[0]
    row.refresh_from_db()
    assert "approver" == row.released_by


def test_the_text_of_a_token_is_shown_once(world: Do, sign_in: SignIn) -> None:
    """The page after creating has it, no cache may keep it, and no page has it again."""
    client = sign_in("admin")
    form = {"app": "shop", "environment": "production", "kind": "frontend", "name": "Web"}
    answer = client.post(reverse("admin:flags_clienttoken_add"), form)
    assert "shop:production." in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    row = ClientToken.objects.get()
    page = client.get(reverse("admin:flags_clienttoken_change", args=[row.pk]))
    assert "shop:production." not in page.content.decode()
    assert 302 == post(client, "flags_clienttoken_step_revoke", {}, row.pk)[0]
    row.refresh_from_db()
    assert row.revoked_at is not None


@pytest.mark.parametrize("app", ["shop", "*"])
def test_the_page_of_a_new_token_shows_a_call_that_works(
    world: Do, sign_in: SignIn, app: str
) -> None:
    """Each kind gets a line to paste; brackets are no pattern, and why asks about a feature."""
    words = {kind: _find_call(sign_in("admin"), kind, app) for kind in CALLS}
    for kind, (path, options) in CALLS.items():
        assert f"http://testserver{path}" in words[kind]
        assert options <= set(words[kind])
    asked = json.loads(words["preview"][words["preview"].index("-d") + 1])
    assert Feature.objects.filter(key=asked["feature"], app__key="shop").exists()
    assert ("shop" if app == "*" else "") == asked.get("app", "")


def _find_call(client: Client, kind: str, app: str) -> list[str]:
    form = {"app": app, "environment": "production", "kind": kind, "name": f"Trying {kind}"}
    page = client.post(reverse("admin:flags_clienttoken_add"), form).content.decode()
    return shlex.split(unescape(page.partition("<code>")[2].partition("</code>")[0]))


def test_an_order_of_everything_has_to_say_so(world: Do, sign_in: SignIn) -> None:
    """A form with every field of target and place left empty stores nothing by accident."""
    client = sign_in("pm")
    draft = {"app": "shop", "key": "ban", "reason": "a court said so", "owner": "legal-team"}
    status, text = post(client, "flags_legalorder_add", draft)
    assert (200, 0) == (status, LegalOrder.objects.count())
    assert "it would block the whole app everywhere" in text
    assert 302 == post(client, "flags_legalorder_add", {**draft, "everything": "on"})[0]
    row = LegalOrder.objects.get()
    page = client.get(reverse("admin:flags_legalorder_change", args=[row.pk])).content.decode()
    assert " checked" in page.split('name="everything"', 1)[1].split(">", 1)[0]


def test_an_order_is_drafted_by_one_and_decided_by_another(world: Do, sign_in: SignIn) -> None:
    """A draft can be changed; who drafted it may not decide; a decided one is closed."""
    pm, approver, admin = sign_in("pm"), sign_in("approver"), sign_in("admin")
    draft = {
        "app": "shop",
        "key": "order-1",
        "features": ["pay.card"],
        "market": "EEA",
        "effective_date": "2099-01-01",
        "reason": "a court said so",
        "owner": "legal-team",
    }
    assert 302 == admin.post(reverse("admin:flags_legalorder_add"), draft).status_code
    row = LegalOrder.objects.get()
    page = pm.get(reverse("admin:flags_legalorder_change", args=[row.pk]))
    assert 'name="reason"' in page.content.decode()
    decision = {"state": "scheduled", "seen": order_digest(row)}
    status, text = post(admin, "flags_legalorder_step_advance", decision, row.pk)
    assert (200, True) == (status, "another person has to decide" in text)
    asked = approver.get(reverse("admin:flags_legalorder_step_advance", args=[row.pk]))
    assert "It speaks of pay.card in" in asked.content.decode()
    unseen = post(approver, "flags_legalorder_step_advance", {"state": "scheduled"}, row.pk)
    assert (200, "drafted") == (unseen[0], LegalOrder.objects.get().state)
    done = post(approver, "flags_legalorder_step_advance", decision, row.pk)
    assert 302 == done[0]
    row.refresh_from_db()
    assert "scheduled" == row.state
    closed = pm.get(reverse("admin:flags_legalorder_change", args=[row.pk]))
    assert 'name="reason"' not in closed.content.decode()


def test_a_feature_is_added_changed_and_archived(world: Do, sign_in: SignIn) -> None:
    """Requirements and laws are chosen from lists; archiving says what it does."""
    client = sign_in("pm")
    form: dict[str, object] = {
        "app": "shop",
        "key": "pay.new",
        "bundle": "pay",
        "description": "Something new",
        "owner": "pay-team",
        "value_type": "boolean",
        "off_value": "false",
        "offer_basis": "account",
        "law_basis": ["account", "location"],
        "fail_direction": "closed",
        "default_status": "planned",
        "requires": ["pay.card"],
        "tags": "team:growth, risk:money,",
    }
    assert 302 == client.post(reverse("admin:flags_feature_add"), form).status_code
    row = Feature.objects.get(key="pay.new")
    assert ["risk:money", "team:growth"] == row.tags
    assert ["account", "location"] == row.law_basis
    assert ["pay.card"] == [each.required.key for each in row.requirements.all()]
    change = {**form, "description": "Something newer", "requires": []}
    address = reverse("admin:flags_feature_change", args=[row.pk])
    assert 'value="risk:money, team:growth"' in client.get(address).content.decode()
    assert 302 == client.post(address, change).status_code
    row.refresh_from_db()
    assert ("Something newer", 0) == (row.description, row.requirements.count())
    assert 302 == post(client, "flags_feature_step_archive", {}, row.pk)[0]
    row.refresh_from_db()
    assert row.archived_at is not None


def test_a_feature_has_values_of_its_type_and_schema(world: Do, sign_in: SignIn) -> None:
    """Off value and schema are typed as JSON; what does not fit is told beside the field."""
    client = sign_in("pm")
    form: dict[str, object] = {
        "app": "shop",
        "key": "pay.layout",
        "bundle": "pay",
        "description": "How it looks",
        "owner": "pay-team",
        "value_type": "json",
        "off_value": '{"columns": 1}',
        "value_schema": '{"properties": {"columns": {"type": "integer"}}}',
        "offer_basis": "none",
        "fail_direction": "open",
        "default_status": "live",
    }
    assert 302 == client.post(reverse("admin:flags_feature_add"), form).status_code
    row = Feature.objects.get(key="pay.layout")
    assert ({"columns": 1}, ["properties"]) == (row.off_value, list(row.value_schema))
    address = reverse("admin:flags_feature_change", args=[row.pk])
    answer = client.post(address, {**form, "off_value": '{"columns": "x"}'})
    assert "does not fit the schema" in answer.content.decode()
    answer = client.post(address, {**form, "value_type": "integer", "off_value": "1.5"})
    assert "is not a whole number from -2147483648 to 2147483647" in answer.content.decode()
    assert 302 == client.post(address, {**form, "value_schema": ""}).status_code
    row.refresh_from_db()
    assert {} == row.value_schema


def test_a_circle_of_requirements_is_told_beside_the_field(world: Do, sign_in: SignIn) -> None:
    """The one door's words reach the person."""
    row = Feature.objects.get(key="pay.card")
    form = {
        "bundle": "pay",
        "description": row.description,
        "owner": row.owner,
        "value_type": "boolean",
        "off_value": "false",
        "offer_basis": "account",
        "fail_direction": "open",
        "default_status": "planned",
        "requires": ["pay.transfer"],
    }
    answer = sign_in("pm").post(reverse("admin:flags_feature_change", args=[row.pk]), form)
    assert "would require itself" in answer.content.decode()


def test_a_bundle_and_an_expectation_are_written(world: Do, sign_in: SignIn) -> None:
    """The smaller forms give their commands too."""
    client = sign_in("pm")
    bundle = {"app": "shop", "key": "extra", "name": "Extra", "position": "3"}
    assert 302 == post(client, "flags_bundle_add", bundle)[0]
    assert "Extra" == Bundle.objects.get(key="extra").name
    promise = {
        "app": "shop",
        "environment": "production",
        "key": "sg-off",
        "feature": "pay.card",
        "context": '{"accountCountry": "SG"}',
        "value": "false",
        "reason": "NOT_OFFERED",
    }
    assert 302 == post(client, "flags_expectation_add", promise)[0]
    row = Expectation.objects.get()
    assert ({"accountCountry": "SG"}, False) == (row.context, row.value)
    assert 302 == post(client, "flags_expectation_step_remove", {}, row.pk)[0]
    assert not Expectation.objects.exists()


@pytest.mark.parametrize("person", ["pm", "approver"])
def test_users_are_managed_by_administrators_only(world: Do, sign_in: SignIn, person: str) -> None:
    """People in groups see who there is, and change nobody."""
    client = sign_in(person)
    user = User.objects.get(username=person)
    answer = client.post(reverse("admin:auth_user_change", args=[user.pk]), {"is_superuser": "on"})
    assert 403 == answer.status_code
    user.refresh_from_db()
    assert not user.is_superuser
