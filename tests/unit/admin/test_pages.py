"""Every page of the admin answers everybody on the staff, at a cost that never grows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from regions.governance.models import AuditEntry
from tests.unit.admin.conftest import SignIn, stock
from tests.unit.world import Do

MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label != "sessions"),
    key=lambda model: model._meta.label_lower,
)
NAMES = [f"{model._meta.app_label}_{model._meta.model_name}" for model in MODELS]
# Who finds a form to add such a row; the administrator finds all of these.
MAY_ADD = {
    "flags_feature": {"pm"},
    "flags_bundle": {"pm"},
    "flags_offer": {"pm"},
    "flags_cap": {"pm"},
    "flags_clusterrollout": {"pm"},
    "flags_killswitch": {"pm", "approver"},
    "flags_legalorder": {"pm"},
    "flags_agerule": {"pm"},
    "flags_consentrule": {"pm"},
    "flags_lifecycle": {"pm"},
    "flags_partner": {"pm"},
    "flags_schedule": {"pm"},
    "flags_platformprofile": {"pm"},
    "flags_platformretirement": {"pm"},
    "flags_expectation": {"pm", "approver"},
    "flags_clienttoken": set(),
    "auth_user": set(),
    "auth_group": set(),
}


def count(client: Client, address: str) -> int:
    """Return how many queries a page makes."""
    with CaptureQueriesContext(connection) as queries:
        assert 200 == client.get(address).status_code
    return len(queries)


def look(client: Client, name: str, page: str, *args: object) -> int:
    """Return how an address answers."""
    return client.get(reverse(f"admin:{name}_{page}", args=args)).status_code


@pytest.mark.parametrize("person", ["admin", "pm", "translator", "guest"])
def test_every_list_and_every_row_can_be_looked_at(
    stocked: Do, sign_in: SignIn, person: str
) -> None:
    """A list, and one of each kind of row, answers 200 to everybody on the staff."""
    client = sign_in(person)
    answers = {name: [look(client, name, "changelist")] for name in NAMES}
    for model, name in zip(MODELS, NAMES, strict=True):
        row = model._default_manager.first()
        if row is not None:
            answers[name].append(look(client, name, "change", row.pk))
    empty = {"translations_conflict", "flags_snapshot", "auth_group"}
    missing = {name for name, found in answers.items() if len(found) == 1}
    assert missing <= empty
    assert {} == {name: found for name, found in answers.items() if set(found) != {200}}


@pytest.mark.parametrize("person", ["admin", "pm", "translator", "approver", "guest"])
def test_a_form_to_add_is_there_for_who_may_use_it(
    stocked: Do, sign_in: SignIn, person: str
) -> None:
    """The policy of commands decides, not Django's model permissions."""
    client = sign_in(person)
    expected = {
        name: 200 if name in MAY_ADD and (person == "admin" or person in MAY_ADD[name]) else 403
        for name in NAMES
    }
    assert expected == {name: look(client, name, "add") for name in NAMES}


def test_the_number_of_queries_of_a_list_never_grows(stocked: Do, sign_in: SignIn) -> None:
    """With four of everything each list makes as many queries as with two."""
    client = sign_in("pm")
    stock(stocked, "two")
    addresses = {name: reverse(f"admin:{name}_changelist") for name in NAMES}
    before = {name: count(client, address) for name, address in addresses.items()}
    stock(stocked, "three")
    stock(stocked, "four")
    assert before == {name: count(client, address) for name, address in addresses.items()}


def test_nobody_without_a_sign_in_sees_anything(db: None) -> None:
    """Without a session there is only the way to sign in."""
    client = Client()
    for name in NAMES:
        answer = client.get(reverse(f"admin:{name}_changelist"))
        assert 302 == answer.status_code
        assert answer.headers["Location"].startswith("/admin/login")


@pytest.mark.parametrize(
    ("person", "page"),
    [
        ("pm", "/admin/board/"),
        ("approver", "/admin/board/"),
        ("guest", "/admin/board/"),
        ("admin", "/admin/board/"),
        ("translator", "/admin/translations/translation/"),
    ],
)
@pytest.mark.parametrize("address", ["/", "/admin/"])
def test_the_front_door_leads_to_a_persons_work(
    sign_in: SignIn, address: str, person: str, page: str
) -> None:
    """Who may change nothing but texts begins at the texts, everybody else at the board."""
    assert page == sign_in(person).get(address, follow=True).redirect_chain[-1][0]


def test_the_front_door_asks_who_comes(db: None) -> None:
    """After signing in the person is led on from the front door."""
    assert "/admin/login/?next=/admin/" == Client().get("/admin/").headers["Location"]


def test_the_history_of_a_row_is_its_audit(stocked: Do, sign_in: SignIn) -> None:
    """The admin's own log is empty by design; the page leads to what was recorded."""
    from flags.models import Offer  # noqa: PLC0415 - a row of this very test

    client = sign_in("pm")
    offer = Offer.objects.get()
    answer = client.get(reverse("admin:flags_offer_history", args=[offer.pk]), follow=True)
    assert "pay.one@SG" in answer.content.decode()


def test_the_audit_shows_what_changed(stocked: Do, sign_in: SignIn) -> None:
    """Before and after stand side by side, value by value."""
    AuditEntry.objects.create(
        at="2026-11-20T12:00:00Z",
        actor_name="pm",
        command="SetOffer",
        object_type="offer",
        object_key="pay@SG",
        action="updated",
        before={"status": "planned", "owner": "pay-team"},
        after={"status": "live", "owner": "pay-team"},
        change_seq=1,
    )
    page = sign_in("guest").get(reverse("admin:governance_auditentry_changelist"))
    text = page.content.decode()
    assert "<del>planned</del>" in text
    assert "<ins>live</ins>" in text
    assert "<ins>pay-team</ins>" not in text[text.index("<del>planned</del>") :][:200]


def test_no_page_of_the_admin_asks_another_site(stocked: Do, sign_in: SignIn) -> None:
    """Scripts, styles and fonts come from here."""
    text = sign_in("pm").get("/admin/board/").content.decode()
    assert 'src="http' not in text
    assert 'href="http' not in text
