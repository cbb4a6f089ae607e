"""What people were shown, on a feature's page and in a list of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from flags.models import Feature
from flags.operations.usage import fold
from flags.publishing.exposure import OTHER, UNKNOWN, Batch, Seen
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

HERE = datetime.fromisoformat("2026-11-20T12:30:00+00:00")
CARD = Seen("shop", "pay.card", "", "SG", "LIVE", "ios", "server")
ON = Seen("shop", "pay.card", "", "SG", "ON", "", "sdk")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Look at a fixed time."""
    monkeypatch.setattr(timezone, "now", lambda: HERE)
    return HERE


def count(counts: dict[Seen, int], *, hours_ago: int = 0) -> None:
    """Have this been shown in an hour of the past."""
    hour = HERE.replace(minute=0) - timedelta(hours=hours_ago)
    name = f"{hours_ago}-{sorted(counts)}"[:200]
    fold(Batch(name, "production", {(hour, seen): n for seen, n in counts.items()}), now=HERE)


def open_page(client: Client) -> str:
    """Return the text of a feature's page without its markup's spaces."""
    row = Feature.objects.get(key="pay.card")
    address = reverse("admin:flags_feature_change", args=[row.pk])
    return " ".join(client.get(address).content.decode().split())


def test_a_day_and_a_week_stand_side_by_side_by_source(
    world: Do, sign_in: SignIn, now: datetime
) -> None:
    """Show what the server answered beside what SDKs counted, and never their sum."""
    count({CARD: 1200, ON: 7})
    count({CARD: 34, ON: 5}, hours_ago=30)
    count({CARD: 100_000}, hours_ago=24 * 7)
    text = open_page(sign_in("pm"))
    row = text[text.index("Singapore") : text.index("</tbody>")]
    cells = [cell.partition("<")[0] for cell in row.split('"lf-count">')[1:]]
    assert ["1,200", "1,234", "7", "12"] == cells
    assert "in the hour of 11/20/2026 noon" in text


def test_on_off_and_variants_are_told_in_words(world: Do, sign_in: SignIn, now: datetime) -> None:
    """Name places, variants and reasons; say what is not known."""
    count(
        {
            CARD._replace(variant="grid", reason="VARIANT"): 3,
            CARD._replace(territory="", reason="MISSING_SIGNAL"): 2,
            CARD._replace(variant=OTHER, reason=OTHER): 2,
            ON._replace(territory="", reason="", variant=UNKNOWN): 1,
            ON._replace(territory="", reason="OFF"): 1,
        }
    )
    text = open_page(sign_in("guest"))
    for words in ("grid", "MISSING_SIGNAL", "not told", ">others<", ">unknown<", "Singapore"):
        assert words in text


def test_a_feature_that_nobody_was_shown_says_so(world: Do, sign_in: SignIn, now: datetime) -> None:
    """Say how long counts take, instead of an empty table."""
    assert "Nobody was shown this feature" in open_page(sign_in("pm"))


def test_more_lines_than_fit_are_counted(world: Do, sign_in: SignIn, now: datetime) -> None:
    """Show the most seen, and lead to the rest."""
    count({CARD._replace(variant=f"v{number:02}"): 100 - number for number in range(25)})
    text = open_page(sign_in("pm"))
    assert "5 more lines were seen less often" in text
    assert ("v19" in text, "v20" in text) == (True, False)


def test_the_list_shows_recent_hours_and_narrows(world: Do, sign_in: SignIn, now: datetime) -> None:
    """Filter by place and period, search by feature."""
    count({CARD: 11, CARD._replace(territory="IT", platform=UNKNOWN): 22})
    count({CARD: 33}, hours_ago=24 * 20)
    client = sign_in("guest")
    address = reverse("admin:flags_hourlyusage_changelist")

    def show(query: str) -> list[str]:
        text = client.get(address + query).content.decode()
        return [n for n in ("11", "22", "33") if f">{n}<" in "".join(text.split())]

    assert ["11", "22"] == show("")
    assert ["22"] == show("?territory=IT")
    assert ["11", "22", "33"] == show("?period=all&q=card")
    assert ["11", "22"] == show("?period=day")
    assert [] == show("?q=transfer")
