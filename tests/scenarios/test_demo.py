"""The demo keeps what its facts promise."""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction

from flags.demo.facts import read_facts
from flags.demo.load import Loaded, is_allowed, load_demo
from flags.models import Bundle, ClientToken, Expectation, Feature, KillSwitch, LegalOrder, Offer
from flags.operations.offers import SetOffer
from regions.governance.execute import execute
from regions.models import App
from tests.scenarios.conftest import NOW


def ask(questions: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Ask the command line, one JSON line each, and return its answers."""
    lines = "\n".join(json.dumps(question) for question in questions)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    out = io.StringIO()
    call_command("evaluate", stdin=True, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def is_kept(wanted: dict[str, Any], got: dict[str, Any]) -> bool:
    """Tell whether an answer is what an expectation wants; true is not 1."""
    return json.dumps([wanted["value"], wanted["reason"]]) == json.dumps(
        [got["value"], got["reason"]]
    )


def test_the_demo_has_the_size_that_it_is_said_to_have(demo: Loaded) -> None:
    """36 countries and regions, 8 bundles, 46 features, every cell with an offer."""
    app = App.objects.get(key="superapp")
    assert (36, 8, 46) == (
        app.territories.count(),
        Bundle.objects.count(),
        Feature.objects.count(),
    )
    cells = Offer.objects.exclude(bundle=None).values("bundle", "territory").distinct()
    assert 36 * 8 == cells.count()
    assert 0 == Offer.objects.filter(review_date=None).count()


def test_every_expectation_holds_on_the_command_line(
    demo: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gives its value and its reason at its own time."""
    wanted = read_facts()["expectations"]
    questions = [{name: row[name] for name in ("feature", "context", "at")} for row in wanted]
    answers = ask(questions, monkeypatch)
    failing = {
        row["key"] for row, got in zip(wanted, answers, strict=True) if not is_kept(row, got)
    }
    assert set() == failing


def test_every_stored_expectation_holds(demo: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a publish has to prove holds for what is loaded, and nothing is left out silently."""
    rows = list(Expectation.objects.order_by("key"))
    answers = ask(
        [
            {"feature": row.feature_key, "context": row.context, "at": row.at.isoformat()}
            for row in rows
            if row.at is not None
        ],
        monkeypatch,
    )
    broken = [
        row.key
        for row, got in zip(rows, answers, strict=True)
        if (row.value, row.reason) != (got["value"], got["reason"])
    ]
    assert [] == broken
    left_out = {row["key"] for row in read_facts()["expectations"]} - {row.key for row in rows}
    assert {"g60"} == left_out


def test_a_pm_sets_commerce_in_singapore_live(
    demo: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planned bundle turns on for people there once its offer is live."""
    question = {
        "feature": "commerce.collections",
        "context": {"accountCountry": "SG", "platform": "ios", "osVersion": "18"},
    }
    with transaction.atomic():
        before = ask([question], monkeypatch)[0]
        execute(
            SetOffer(
                app="superapp",
                environment="production",
                bundle="commerce",
                territory="SG",
                status="live",
                reason="sellers are ready",
                owner="commerce-team",
            ),
            actor=User.objects.get(username="pm"),
            now=NOW,
        )
        after = ask([question], monkeypatch)[0]
        transaction.set_rollback(True)
    assert [(False, "PLANNED"), (True, "LIVE")] == [
        (found["value"], found["reason"]) for found in (before, after)
    ]


@pytest.mark.parametrize(
    ("feature", "context", "at", "expected"),
    [
        ("wallet.p2p-transfer", {"enrolledCount": 99_999_999}, "2024-12-01", (True, "LIVE")),
        ("wallet.p2p-transfer", {"enrolledCount": 10**8}, "2024-12-01", (False, "CAP_REACHED")),
        (
            "wallet.p2p-transfer",
            {"enrolledCount": 10**8, "enrolled": True},
            "2024-12-01",
            (True, "LIVE"),
        ),
        ("wallet.p2p-transfer", {"enrolledCount": 10**8}, "2024-12-31", (True, "LIVE")),
        (
            "social.short-video",
            {"accountCountry": "US", "clusters": ["us-ny-nyu", "us-ca-ucla"]},
            "2026-11-20",
            (True, "LIVE"),
        ),
        (
            "social.short-video",
            {"accountCountry": "US", "clusters": "us-ny-nyu"},
            "2026-11-20",
            (False, "NOT_IN_ROLLOUT"),
        ),
    ],
)
def test_caps_and_clusters_of_the_demo_hold(
    demo: Loaded,
    monkeypatch: pytest.MonkeyPatch,
    *,
    feature: str,
    context: dict[str, Any],
    at: str,
    expected: tuple[bool, str],
) -> None:
    """S07 in India, and S40 at schools of the United States."""
    here = dict.fromkeys(("accountCountry", "locationCountry", "storefrontCountry"), "IN")
    person = {**here, "platform": "ios", "osVersion": "18.0", "appVersion": "8.0.70", "age": 30}
    question = {"feature": feature, "context": {**person, **context}, "at": f"{at}T12:00:00Z"}
    (got,) = ask([question], monkeypatch)
    assert expected == (got["value"], got["reason"])


def test_the_demo_can_be_loaded_again_on_any_later_day(demo: Loaded) -> None:
    """Loading again changes nothing, also after the kill switch should have been decided."""
    again = load_demo(now=NOW + timedelta(days=365))
    assert (0, 0) == (again.changes, again.texts)
    kill = KillSwitch.objects.get(key="kill-demo-1")
    assert kill.since_at < NOW < kill.expires_at


def test_orders_of_the_demo_block_nobody(demo: Loaded) -> None:
    """One order was stopped, the other is a draft; neither is in force."""
    assert {"us-2020-app-store-order": "stopped", "in-2020-app-ban": "drafted"} == dict(
        LegalOrder.objects.values_list("key", "state")
    )


@pytest.mark.parametrize(
    ("name", "groups", "superuser"),
    [
        ("admin", [], True),
        ("pm", ["product-managers"], False),
        ("translator", ["translators"], False),
        ("approver", ["approvers"], False),
    ],
)
def test_people_of_the_demo_can_sign_in(
    demo: Loaded, name: str, groups: list[str], *, superuser: bool
) -> None:
    """Each has the demo's password and the groups of their work."""
    user = User.objects.get(username=name)
    assert user.check_password("landfall")
    assert (True, superuser, groups) == (
        user.is_staff,
        user.is_superuser,
        [group.name for group in user.groups.all()],
    )


def test_tokens_of_the_demo_are_kept_as_digests(demo: Loaded) -> None:
    """One token each for backends and frontends, in production."""
    rows = ClientToken.objects.values_list("kind", "environment__key", "app__key")
    assert {("backend", "production", "superapp"), ("frontend", "production", "superapp")} == set(
        rows
    )


def test_the_demo_is_refused_where_it_would_be_a_hole(settings: Any) -> None:
    """With DEBUG off and no word that this is a demo, nothing is loaded, and one line says why."""
    settings.DEBUG = settings.DEMO = False
    with pytest.raises(CommandError, match="LANDFALL_DEMO=1") as caught:
        call_command("load_demo")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("debug", "demo_setting"), [(True, False), (False, True)])
def test_developers_and_shows_may_have_the_demo(
    settings: Any, *, debug: bool, demo_setting: bool
) -> None:
    """DEBUG or LANDFALL_DEMO lets the demo in."""
    settings.DEBUG, settings.DEMO = debug, demo_setting
    assert is_allowed()
