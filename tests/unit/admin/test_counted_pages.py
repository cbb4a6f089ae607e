"""Pages of caps and cluster rollouts: how far they are filled, and the next step."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from flags.models import Cap, ClusterRollout
from flags.operations.caps import SetCap
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

CAP = {
    "app": "shop",
    "environment": "production",
    "feature": "pay.card",
    "territory": "SG",
    "limit": "2",
    "frees_place": "on",
    "reason": "the regulator counts",
    "owner": "pay-team",
}
ROLLOUT = {
    "app": "shop",
    "environment": "production",
    "key": "campus",
    "feature": "pay.card",
    "order": "ucla\r\n\r\n NYU \r\nmit",
    "enabled": "1",
    "field": "clusters",
    "reason": "friends move together",
    "owner": "growth-team",
}


def post(client: Client, name: str, data: dict[str, Any], *args: object) -> tuple[int, str]:
    """Send a form and return status and text."""
    answer = client.post(reverse(f"admin:{name}", args=args), data)
    return answer.status_code, answer.content.decode()


def get(client: Client, name: str, *args: object) -> str:
    """Return the text of a page."""
    return client.get(reverse(f"admin:{name}", args=args)).content.decode()


def test_a_cap_is_added_changed_and_removed(world: Do, sign_in: SignIn) -> None:
    """Three forms, three commands; an overlap is told beside its field."""
    client = sign_in("pm")
    assert 302 == post(client, "flags_cap_add", CAP)[0]
    row = Cap.objects.get()
    again = {**CAP, "starts_date": "2027-01-01"}
    status, text = post(client, "flags_cap_add", again)
    assert (200, True) == (status, "overlaps the one for" in text)
    change = {"limit": "1", "reason": "fewer", "owner": "pay-team"}
    assert 302 == post(client, "flags_cap_change", change, row.pk)[0]
    row.refresh_from_db()
    assert (1, False, "SG") == (row.limit, row.frees_place, row.territory_id)
    assert "0 people" in get(client, "flags_cap_step_remove", row.pk)
    assert 302 == post(client, "flags_cap_step_remove", {}, row.pk)[0]
    assert not Cap.objects.exists()


@pytest.mark.parametrize(
    ("enrolled", "words", "width", "full"),
    [
        (0, "0 of 2,000", 0, False),
        (1999, "1,999 of 2,000", 99, False),
        (2000, "2,000 of 2,000", 100, True),
        (2001, "2,001 of 2,000", 100, True),
    ],
)
def test_a_cap_shows_how_far_it_is_filled(
    world: Do, sign_in: SignIn, *, enrolled: int, words: str, width: int, full: bool
) -> None:
    """A bar with its words, and a mark when nobody new gets in."""
    here: dict[str, Any] = {name: CAP[name] for name in ("app", "environment", "feature")}
    world(SetCap(**here, limit=2000, reason="counted", owner="pay-team"))
    Cap.objects.update(enrolled=enrolled)
    text = get(sign_in("guest"), "flags_cap_changelist")
    assert words in text
    assert f'class="lf-meter-fill" width="{width}"' in text
    assert full is (">Full<" in text)
    assert full is ("lf-meter-full" in text)


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ({}, "Running"),
        ({"ends_date": date(2020, 1, 1)}, "Ended"),
        ({"starts_date": date(2999, 1, 1)}, "To come"),
    ],
)
def test_a_cap_shows_whether_it_runs(
    world: Do, sign_in: SignIn, *, dates: dict[str, Any], told: str
) -> None:
    """A mark with its word, by the clock of the place, as with schedules and partners."""
    here: dict[str, Any] = {name: CAP[name] for name in ("app", "environment", "feature")}
    world(SetCap(**here, limit=2000, reason="counted", owner="pay-team", **dates))
    text = get(sign_in("guest"), "flags_cap_changelist")
    assert f">{told}<" in text.replace("</svg>", ">")


def test_a_rollout_is_added_changed_and_removed(world: Do, sign_in: SignIn) -> None:
    """Groups are written one a line; empty lines say nothing."""
    client = sign_in("pm")
    assert 302 == post(client, "flags_clusterrollout_add", ROLLOUT)[0]
    row = ClusterRollout.objects.get()
    assert ["ucla", "NYU", "mit"] == row.order
    page = get(client, "flags_clusterrollout_change", row.pk)
    assert "ucla\nNYU\nmit</textarea>" in page
    names = ("field", "reason", "owner")
    change = {**{name: ROLLOUT[name] for name in names}, "order": "ucla", "enabled": "2"}
    status, text = post(client, "flags_clusterrollout_change", change, row.pk)
    assert (200, True) == (status, "from 0 to all 1 of its groups; these are 2" in text)
    change |= {"enabled": "1", "territory": "SG"}
    assert 302 == post(client, "flags_clusterrollout_change", change, row.pk)[0]
    row.refresh_from_db()
    assert (["ucla"], "SG") == (row.order, row.territory_id)
    assert 302 == post(client, "flags_clusterrollout_step_remove", {}, row.pk)[0]
    assert not ClusterRollout.objects.exists()


def test_one_button_enables_the_next_group(world: Do, sign_in: SignIn) -> None:
    """The page names it; pressing the same page twice enables no further one."""
    client = sign_in("pm")
    post(client, "flags_clusterrollout_add", ROLLOUT)
    row = ClusterRollout.objects.get()
    step = "flags_clusterrollout_step_advance"
    page = get(client, step, row.pk)
    assert "NYU gets pay.card whole" in page
    assert "group 2 of 3" in page
    assert 'name="cluster" value="NYU"' in page
    for _press in range(2):
        assert 302 == post(client, step, {"cluster": "NYU"}, row.pk)[0]
    row.refresh_from_db()
    assert 2 == row.enabled
    status, text = post(client, step, {"cluster": "oxford"}, row.pk)
    assert (200, True) == (status, "next group of campus is mit" in text)
    post(client, step, {"cluster": "mit"}, row.pk)
    assert 403 == client.get(reverse(f"admin:{step}", args=[row.pk])).status_code
    assert 403 == post(sign_in("guest"), step, {"cluster": "mit"}, row.pk)[0]


def test_the_order_of_groups_is_seen(world: Do, sign_in: SignIn) -> None:
    """Enabled ones are marked, the next is told, a long list is cut."""
    client = sign_in("pm")
    many = "\n".join(f"city-{number}" for number in range(8))
    post(client, "flags_clusterrollout_add", {**ROLLOUT, "order": many})
    text = get(client, "flags_clusterrollout_changelist")
    assert '<li class="lf-on">city-0 <span class="lf-dim">on</span></li>' in text
    assert '<li>city-1 <span class="lf-dim">next</span></li>' in text
    assert "<li>city-2</li>" in text
    assert "and 2 more" in text
    assert "city-7" not in text
    assert "city-7" in get(sign_in("guest"), "flags_clusterrollout_change", 1)
