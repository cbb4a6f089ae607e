"""Pages of ages, consents and life cycles: three forms each, and what a removal says."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from flags.models import AgeRule, ConsentRule, LifeCycle
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

SLOT = {"app": "shop", "feature": "pay.card", "territory": "SG"}
WORDS = {"reason": "law", "owner": "legal-team"}


def post(client: Client, name: str, data: dict[str, Any], *args: object) -> tuple[int, str]:
    """Send a form and return status and text."""
    answer = client.post(reverse(f"admin:{name}", args=args), data)
    return answer.status_code, answer.content.decode()


def get(client: Client, name: str, *args: object) -> str:
    """Return the text of a page."""
    return client.get(reverse(f"admin:{name}", args=args)).content.decode()


@pytest.mark.parametrize(
    ("name", "model", "own", "change", "told"),
    [
        ("flags_agerule", AgeRule, {"minimum": "18"}, {"minimum": "16"}, "16 years or more"),
        ("flags_consentrule", ConsentRule, {"consent": "profiling"}, {}, "consent profiling"),
        (
            "flags_lifecycle",
            LifeCycle,
            {"environment": "production", "sunset_date": "2030-01-01"},
            {"closed_to_new_date": "2027-01-01"},
            "for new people too",
        ),
    ],
)
def test_a_rule_is_added_changed_and_removed(
    world: Do, sign_in: SignIn, *, name: str, model: Any, own: Any, change: Any, told: str
) -> None:
    """Three forms, three commands; the last page says what will be so."""
    client = sign_in("pm")
    assert 302 == post(client, f"{name}_add", {**SLOT, **WORDS, **own})[0]
    row = model.objects.get()
    changed = {**WORDS, **change, "reason": "new law"}
    assert 302 == post(client, f"{name}_change", changed, row.pk)[0]
    row.refresh_from_db()
    assert ("new law", "pay.card@SG") == (row.reason, row.slot_key)
    assert told in get(client, f"{name}_step_remove", row.pk)
    assert 302 == post(client, f"{name}_step_remove", {}, row.pk)[0]
    assert not model.objects.exists()


@pytest.mark.parametrize(
    ("name", "fields", "told"),
    [
        ("flags_agerule", {"minimum": "151"}, "less than or equal to 150"),
        ("flags_consentrule", {"consent": "a,b"}, "cannot be the key of a consent"),
        (
            "flags_lifecycle",
            {
                "environment": "production",
                "closed_to_new_date": "2027-02-01",
                "sunset_date": "2027-01-01",
            },
            "before it is closed to new people",
        ),
        ("flags_lifecycle", {"environment": "production"}, "none was given"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(
    world: Do, sign_in: SignIn, name: str, fields: dict[str, str], told: str
) -> None:
    """A refusal keeps what was typed and says what is wrong."""
    status, text = post(sign_in("pm"), f"{name}_add", {**SLOT, **WORDS, **fields})
    assert (200, True) == (status, told in text)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"sunset_date": "2020-01-01"}, ">Off<"),
        (
            {"closed_to_new_date": "2020-01-01", "sunset_date": "2999-01-01"},
            ">Closed to new users<",
        ),
        ({"sunset_date": "2999-01-01"}, ">To come<"),
    ],
)
def test_a_life_cycle_shows_how_far_it_has_come(
    world: Do, sign_in: SignIn, steps: dict[str, str], told: str
) -> None:
    """A mark with its word, by the clock of the place."""
    fields = {**SLOT, **WORDS, "environment": "production", **steps}
    assert 302 == post(sign_in("pm"), "flags_lifecycle_add", fields)[0]
    assert told in get(sign_in("guest"), "flags_lifecycle_changelist").replace("</svg>", ">")


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ({}, "always"),
        ({"starts_date": "2027-01-02"}, "from Jan. 2, 2027"),
        ({"ends_date": "2027-05-01"}, "until May 1, 2027"),
        (
            {"starts_date": "2027-01-02", "ends_date": "2027-05-01"},
            "from Jan. 2, 2027 until May 1, 2027",
        ),
    ],
)
@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("flags_agerule", {"minimum": "18"}),
        ("flags_consentrule", {"consent": "profiling"}),
        ("flags_cap", {"environment": "production", "limit": "10"}),
        ("flags_offer", {"environment": "production", "status": "live"}),
    ],
)
def test_lists_tell_dates_alike(
    world: Do, sign_in: SignIn, *, name: str, own: Any, dates: dict[str, str], told: str
) -> None:
    """From when until when in the reader's format, and a word where there are no dates."""
    assert 302 == post(sign_in("pm"), f"{name}_add", {**SLOT, **WORDS, **own, **dates})[0]
    assert f">{told}<" in get(sign_in("guest"), f"{name}_changelist")


def test_a_list_marks_each_column_that_sorts_it(world: Do, sign_in: SignIn) -> None:
    """What comes before where: the first column by which rows are sorted is marked too."""
    fields = {**SLOT, **WORDS, "minimum": "18"}
    assert 302 == post(sign_in("pm"), "flags_agerule_add", fields)[0]
    page = sign_in("guest").get(reverse("admin:flags_agerule_changelist"))
    assert [0, 1, 3] == list(page.context["cl"].get_ordering_field_columns())


@pytest.mark.parametrize(("year", "warned"), [("2020", True), ("2999", False)])
def test_a_life_cycle_that_ends_at_once_says_so(
    world: Do, sign_in: SignIn, *, year: str, warned: bool
) -> None:
    """A mistyped year turns a feature off for everybody; the page after saving tells."""
    client = sign_in("pm")
    fields = {**SLOT, **WORDS, "environment": "production", "sunset_date": f"{year}-01-01"}
    assert 302 == post(client, "flags_lifecycle_add", fields)[0]
    text = get(client, "flags_lifecycle_changelist")
    assert warned is ("is off for everybody in Singapore at once: since" in text)
