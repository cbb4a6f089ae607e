"""Forms about schedules: windows typed one a line, and what is told of them."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from flags.models import Schedule
from flags.operations.schedules import SetSchedule, WindowSpec
from regions.operations import AddTerritory, MemberSpec, SetMarket
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

SUMMER = {
    "app": "shop",
    "environment": "production",
    "key": "summer",
    "features": "pay.card",
    "anchor": "account",
    "market": "",
    "windows": "sg 2027-06-02T08:30 2027-06-03\r\n\r\n* 2027-06-01 -",
    "reason": "a season",
    "owner": "pay-team",
    "source": "",
    "review_date": "",
}


def post(client: Client, name: str, data: dict[str, str], *args: object) -> tuple[int, str]:
    """Send a form and return how it was answered, with the page that follows."""
    answer = client.post(reverse(f"admin:{name}", args=args), data)
    there = answer.headers.get("Location", "")
    return answer.status_code, (client.get(there) if there else answer).content.decode()


def test_a_schedule_is_added_changed_and_removed(world: Do, sign_in: SignIn) -> None:
    """What was typed comes back as it was meant, and a removal says what it does."""
    client = sign_in("pm")
    status, text = post(client, "flags_schedule_add", SUMMER)
    assert (302, True) == (status, "Saved. Publishing" in text)
    row = Schedule.objects.get()
    page = client.get(reverse("admin:flags_schedule_change", args=[row.pk])).content.decode()
    assert "* 2027-06-01 -\nSG 2027-06-02T08:30 2027-06-03</textarea>" in page
    change = {**SUMMER, "windows": "* 2027-06-01 2027-07-01"}
    assert 302 == post(client, "flags_schedule_change", change, row.pk)[0]
    assert ["2027-07-01"] == [str(one.ends_date) for one in row.windows.all()]
    asked = client.get(reverse("admin:flags_schedule_step_remove", args=[row.pk]))
    assert "pay.card run at any time in Production" in asked.content.decode()
    assert 302 == post(client, "flags_schedule_step_remove", {}, row.pk)[0]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"windows": "SG 2027-06-01"}, "is not a country, a start and an end"),
        ({"windows": "SG 1.6.2027 -"}, "is neither a date such as"),
        ({"windows": "SG 2027-06-01T00:00+08:00 -"}, "runs by local times"),
        ({"windows": "XY 2027-06-01 -"}, "is not an ISO 3166-1"),
        ({"windows": "* 2027-06-02 2027-06-01"}, "on or before its start"),
        ({"windows": ""}, "needs windows"),
        ({"market": "EEA"}, "SG is not in the market EEA"),
    ],
)
def test_a_refusal_stands_beside_the_field(
    world: Do, sign_in: SignIn, wrong: dict[str, str], told: str
) -> None:
    """Nothing typed is lost."""
    status, text = post(sign_in("pm"), "flags_schedule_add", {**SUMMER, **wrong})
    assert (200, True, True) == (status, told in text, "a season" in text)
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("code", "day", "utc"),
    [
        ("EG", "2027-04-30", "04-29 22:00"),
        ("LB", "2027-03-28", "03-27 22:00"),
        ("CL", "2027-09-05", "09-05 03:00 – 09-05 05:00"),
    ],
)
def test_a_midnight_that_does_not_exist_is_told(
    world: Do, sign_in: SignIn, code: str, day: str, utc: str
) -> None:
    """When saving and on the page: clocks jump to one o'clock, and that counts."""
    zone = "America/Santiago" if code == "CL" else ""
    world(AddTerritory(code=code, default_zone=zone))
    client = sign_in("pm")
    _status, text = post(
        client, "flags_schedule_add", {**SUMMER, "windows": f"{code} {day} 2027-12-01"}
    )
    sentence = "Clocks jump over 00:00, which does not exist; 01:00 counts."
    assert f"{code}: {sentence}" in text
    row = Schedule.objects.get()
    page = client.get(reverse("admin:flags_schedule_change", args=[row.pk])).content.decode()
    assert 1 == page.count(sentence)
    assert utc in page


def test_a_time_that_comes_twice_is_told(world: Do, sign_in: SignIn) -> None:
    """The first of the two counts."""
    window = WindowSpec(territory="US", starts=datetime(2027, 11, 7, 1, 30))  # noqa: DTZ001
    world(_schedule(windows=(window,)))
    page = _page(sign_in("guest"))
    assert "This time comes twice; the first counts." in page


def test_the_table_has_a_line_for_each_place(world: Do, sign_in: SignIn) -> None:
    """Members without a window of their own have the one for all, at their own midnight."""
    members = tuple(MemberSpec(territory=code) for code in ("IT", "SG", "US"))
    world(SetMarket(key="THREE", name="Three", priority=77, members=members))
    own = WindowSpec(territory="SG", starts=datetime(2027, 6, 2))  # noqa: DTZ001
    everybody = WindowSpec(starts=datetime(2027, 6, 1))  # noqa: DTZ001
    world(_schedule(market="THREE", windows=(own, everybody)))
    page = _page(sign_in("guest"))
    assert 3 == page.count('<th scope="row">')
    # Singapore has one zone; the first and the last of the United States are six hours apart.
    assert "06-01 16:00 UTC" in page
    assert "06-01 04:00 – 06-01 10:00 UTC" in page


def test_without_a_market_all_others_are_told_of(world: Do, sign_in: SignIn) -> None:
    """From the first midnight of the world until the last."""
    world(_schedule(windows=(WindowSpec(starts=datetime(2027, 6, 1)),)))  # noqa: DTZ001
    page = _page(sign_in("guest"))
    assert "All others" in page
    assert "05-31 10:00 – 06-01 12:00 UTC" in page


@pytest.mark.parametrize(
    ("starts", "ends", "state"),
    [
        (datetime(2000, 1, 1), None, "Runs in 1 place"),  # noqa: DTZ001
        (datetime(2990, 1, 1), None, "To come"),  # noqa: DTZ001
        (datetime(2000, 1, 1), datetime(2000, 2, 1), "Over"),  # noqa: DTZ001
    ],
)
def test_the_list_says_what_runs(
    world: Do, sign_in: SignIn, starts: datetime, ends: datetime | None, state: str
) -> None:
    """By the clocks of the places."""
    world(_schedule(windows=(WindowSpec(territory="SG", starts=starts, ends=ends),)))
    text = sign_in("guest").get(reverse("admin:flags_schedule_changelist")).content.decode()
    assert state in text


def _schedule(**values: object) -> SetSchedule:
    return SetSchedule(
        app="shop",
        environment="production",
        key="summer",
        features=("pay.card",),
        anchor="location",
        reason="a season",
        owner="pay-team",
        **values,  # type: ignore[arg-type]
    )


def _page(client: Client) -> str:
    row = Schedule.objects.get()
    return client.get(reverse("admin:flags_schedule_change", args=[row.pk])).content.decode()
