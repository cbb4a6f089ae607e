"""Two published revisions beside each other: on the command line and in the admin."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from flags.models import Snapshot
from flags.publishing.compare import NothingPublished, compare_revisions
from flags.publishing.publish import publish
from tests.unit.publishing.shop import FEATURE, NOW, offer, pull_kill

SINGAPORE = '{"accountCountry": "SG", "locationCountry": "SG"}'


def run(*args: str, **options: Any) -> str:
    """Run the command and return what it prints."""
    out = io.StringIO()
    call_command("diff", *args, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def history(shop: None) -> None:
    """Publish three revisions: nothing offered, live in Singapore, killed there."""
    publish("production", now=NOW)
    offer("live")
    publish("production", now=NOW)
    pull_kill()
    publish("production", now=NOW)


@pytest.fixture
def staff(db: None) -> Client:
    """Return a client of somebody on the staff."""
    client = Client()
    client.force_login(User.objects.create(username="pm", is_staff=True))
    return client


def test_rules_and_people_are_compared(history: None) -> None:
    """The new offer is named, and the people of the country who get another answer."""
    found = compare_revisions("superapp", "production", epochs=(1, 1), revisions=(1, 2), now=NOW)
    assert [("offers", "added", "payments")] == [
        (rule.kind, rule.change, rule.owner) for rule in found.rules
    ]
    (shift,) = found.shifts
    assert (FEATURE, "NOT_OFFERED", "LIVE") == (
        shift.feature,
        shift.before.reason,
        shift.after.reason,
    )
    assert ({"SG account", "SG at home", "SG enrolled", "SG new"}, 6, False) == (
        set(shift.people),
        found.people,
        found.texts,
    )


def test_a_kill_counts_as_of_its_own_revision(history: None) -> None:
    """Kill switches publish alone; each revision is taken with the switches of its time."""
    found = compare_revisions("superapp", "production", epochs=(1, 1), revisions=(2, 3), now=NOW)
    assert [("kills", "stop-pay", "added")] == [
        (rule.kind, rule.key, rule.change) for rule in found.rules
    ]
    assert {"KILLED"} == {shift.after.reason for shift in found.shifts}


def test_what_was_never_published_cannot_be_compared(shop: None) -> None:
    """The refusal names the scope and the revision."""
    with pytest.raises(NothingPublished, match=r"superapp/production .* revision 1\.$"):
        compare_revisions("superapp", "production", epochs=(1, 1), revisions=(1, 2), now=NOW)


def test_a_revision_before_the_first_is_told_the_first(history: None) -> None:
    """The refusal says from which revision on there is something to compare."""
    with pytest.raises(NothingPublished, match=r"revision 0; .* came with revision 1\.$"):
        compare_revisions("superapp", "production", epochs=(1, 1), revisions=(0, 2), now=NOW)


def test_revisions_are_compared_on_the_command_line(history: None) -> None:
    """As text for people, as JSON for machines."""
    text = run(revision=[1, 2])
    assert text.startswith("Revision 1 -> 2, 6 people asked.\nOne definition differs.\n")
    assert f"  {FEATURE}: off: NOT_OFFERED by account, value false -> on: LIVE" in text
    assert "    for SG account, SG at home, SG enrolled, SG new" in text
    found = json.loads(run(revision=[1, 2], format="json"))
    assert ["offers"] == [rule["kind"] for rule in found["rules"]]


def test_people_are_compared_on_the_command_line(history: None) -> None:
    """Each difference tells both answers, the gate and what it read."""
    offer("planned")
    text = run("--context", SINGAPORE, "--context", '{"accountCountry": "US"}')
    assert text.startswith("One feature differs.\n")
    assert "by gate kill: A KILLED, B open" in text
    found = json.loads(
        run("--context", SINGAPORE, "--context", "{}", format="json", feature=FEATURE)
    )
    assert [FEATURE] == [one["feature"] for one in found["differences"]]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "twice"),
        (["--revision", "1"], "twice"),
        (["--context", "{}", "--context", "{}", "--revision", "1"], "twice"),
        (["--revision", "1", "--revision", "99"], "revisions 1 to 3, not 99"),
        (["--revision", "0", "--revision", "1"], "not 0"),
        (["--context", "{", "--context", "{}"], "not JSON"),
        (["--context", "[]", "--context", "{}"], "not a JSON object"),
        (["--context", "{}", "--context", "{}", "--at", "soon"], "RFC 3339"),
        (["--revision", "1", "--revision", "2", "--at", "soon"], "RFC 3339"),
        (["--context", "{}", "--context", "{}", "--app", "no"], "no app"),
        (["--revision", "1", "--revision", "2", "--environment", "no"], "no environment"),
        (["--revision", "1", "--revision", "2", "--app", "no"], "nothing published"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_one_sentence(
    history: None, args: list[str], told: str
) -> None:
    """Each ends the command with a sentence that names what is wrong."""
    with pytest.raises(CommandError, match=told):
        run(*args)


def test_the_admin_compares_a_revision_with_the_one_before(history: None, staff: Client) -> None:
    """The newest switches are set beside what stood before them."""
    row = Snapshot.objects.get(part="kills", revision=3)
    page = staff.get(reverse("admin:flags_snapshot_compare", args=[row.pk]))
    text = page.content.decode()
    assert "What changed from 2 to 3" in text
    assert "stop-pay" in text
    assert "off · KILLED · stop-pay" in text
    assert "kill switch</span>" in text
    shown = staff.get(reverse("admin:flags_snapshot_change", args=[row.pk])).content.decode()
    assert reverse("admin:flags_snapshot_compare", args=[row.pk]) in shown


def test_the_admin_compares_with_an_earlier_one_that_is_chosen(
    history: None, staff: Client
) -> None:
    """The first revision can be chosen for the third."""
    row = Snapshot.objects.get(part="kills", revision=3)
    first = Snapshot.objects.get(part="content", revision=1)
    address = reverse("admin:flags_snapshot_compare", args=[row.pk])
    text = staff.get(address, {"with": first.pk}).content.decode()
    assert "What changed from 1 to 3" in text


def test_the_first_revision_stands_alone(history: None, staff: Client) -> None:
    """It says so, and what decides nothing has no such page."""
    first = Snapshot.objects.get(part="content", revision=1)
    text = staff.get(reverse("admin:flags_snapshot_compare", args=[first.pk])).content.decode()
    assert "This is the first revision" in text
    access = Snapshot.objects.get(part="access")
    page = staff.get(reverse("admin:flags_snapshot_compare", args=[access.pk]))
    assert 404 == page.status_code
