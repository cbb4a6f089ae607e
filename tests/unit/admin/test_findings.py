"""What a publish found out about features, as the admin tells it."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flags.admin import published
from flags.models import Feature, Findings
from regions.governance.models import Environment
from regions.models import App
from regions.operations import SetEnvironment
from tests.unit.admin.conftest import SignIn
from tests.unit.world import NOW, Do, a_feature

BOARD = "/admin/board/"
LIST = reverse("admin:flags_feature_changelist")
WHY = "there is no platform profile 'nowhere'"


def find(
    environment: str = "production",
    *,
    broken: dict[str, str] | None = None,
    notes: dict[str, list[str]] | None = None,
) -> None:
    """Write down what a publish would have found."""
    Findings.objects.create(
        app=App.objects.get(),
        environment=Environment.objects.get(key=environment),
        broken=broken or {},
        notes=notes or {},
        at=NOW,
    )


def read(client: Client, key: str) -> str:
    """Return the page of a feature, with plain quotes and without line breaks."""
    row = Feature.objects.get(key=key)
    text = client.get(reverse("admin:flags_feature_change", args=[row.pk])).content.decode()
    return text.replace("&#x27;", "'")


@pytest.mark.parametrize("person", ["pm", "guest"])
def test_a_features_page_says_how_exact_it_is_in_backend_sdks(
    world: Do, sign_in: SignIn, person: str
) -> None:
    """Who writes and who only looks read the same."""
    client = sign_in(person)
    assert "not published yet" in read(client, "pay.card")
    find(notes={"pay.card": []})
    assert "Exact" in read(client, "pay.card")
    Findings.objects.update(notes={"pay.card": ["subdivisions of US", "version 1 cannot be sent"]})
    text = read(client, "pay.card")
    assert "Server-evaluated" in text
    assert "subdivisions of US; version 1 cannot be sent" in text


def test_environments_that_differ_are_told_apart(world: Do, sign_in: SignIn) -> None:
    """Equal ones share a line, and no names stand where all are equal."""
    client = sign_in("pm")
    for key in ("staging", "testing"):
        world(SetEnvironment(key=key, name=key.title()))
        find(key, notes={"pay.card": []})
    find(notes={"pay.card": []})
    assert "lf-found" not in read(client, "pay.card")
    Findings.objects.filter(environment__key="production").update(
        notes={"pay.card": ["subdivisions of US"]}
    )
    text = read(client, "pay.card")
    assert 2 == text.count('class="lf-found"')
    assert "Staging, Testing" in text


def test_a_broken_feature_is_named_on_its_page_and_in_the_list(world: Do, sign_in: SignIn) -> None:
    """The sentence is the compiler's; other features stay in use."""
    client = sign_in("pm")
    world(a_feature("pay.cash"))
    find(broken={"pay.card": WHY}, notes={"pay.card": ["broken"], "pay.cash": ["US"]})
    text = read(client, "pay.card")
    assert (True, False) == (WHY in text, "Server-evaluated" in text)
    text = read(client, "pay.cash")
    assert (False, True) == (WHY in text, "Server-evaluated" in text)
    assert 1 == client.get(LIST).content.decode().count("lf-badge lf-broken")


@pytest.mark.parametrize(
    ("value", "keys"), [("broken", ["pay.card"]), ("server-evaluated", ["pay.cash"])]
)
def test_the_list_shows_only_what_was_found_so(
    world: Do, sign_in: SignIn, value: str, keys: list[str]
) -> None:
    """What is broken is not counted among the stricter ones too."""
    for key in ("pay.cash", "pay.coin"):
        world(a_feature(key))
    find(
        broken={"pay.card": WHY},
        notes={"pay.card": ["broken"], "pay.cash": ["US"], "pay.coin": []},
    )
    rows = sign_in("pm").get(LIST, {"found": value}).context["cl"].result_list
    assert keys == [row.key for row in rows]


def test_the_list_asks_for_findings_once(world: Do, sign_in: SignIn) -> None:
    """However many features and environments there are."""
    client = sign_in("pm")
    find(notes={"pay.card": []})
    before = _count(client)
    for number in range(3):
        world(a_feature(f"pay.more-{number}"))
    world(SetEnvironment(key="staging", name="Staging"))
    find("staging", broken={"pay.card": WHY})
    assert before == _count(client)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (("a",), f"1 feature is broken and off: a ({WHY})."),
        (
            ("a", "b", "c", "d"),
            f"4 features are broken and off: a ({WHY}), b ({WHY}), c ({WHY}), 1 more.",
        ),
    ],
)
def test_board_and_status_name_broken_features(
    world: Do,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    sentence: str,
) -> None:
    """The first few with their reasons; a page that waits does not tell what was before."""
    client = sign_in("pm")
    find(broken=dict.fromkeys(keys, WHY))
    environment = Environment.objects.get(key="production")
    assert sentence not in _ask(client, environment.change_seq)
    monkeypatch.setattr(published, "list_receipts", lambda *_args: [])
    rows = Environment.objects.filter(pk=environment.pk)
    rows.update(published_seq=environment.change_seq, revision=7)
    assert _ask(client, environment.change_seq).endswith(f"No node has reported yet. {sentence}")
    board = client.get(BOARD, {"app": "shop", "environment": "production"}).content.decode()
    assert sentence in board.replace("&#x27;", "'")


def _ask(client: Client, change_seq: int) -> str:
    answer = client.get(f"{BOARD}published/", {"changes": f"production:{change_seq}"})
    return str(json.loads(answer.content)["text"])


def _count(client: Client) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert 200 == client.get(LIST).status_code
    return len(queries)
