"""What people are told of features by a publish: which are broken, which are stricter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs
from pytest_django import DjangoCaptureOnCommitCallbacks

from flags.engine.compile import compile_snapshot
from flags.engine.definitions import Feature
from flags.models import Findings
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from flags.publishing import findings
from flags.publishing import publish as publishing
from flags.publishing.findings import list_notes
from flags.publishing.load import Loaded, load
from flags.publishing.publish import publish
from tests.unit.publishing.shop import FEATURE, NOW, act, offer, pull_kill

NO_PROFILE = "there is no platform profile 'nowhere'"


def vary_by_city() -> None:
    """Give everybody a variant by city, which not every SDK is told."""
    strategy = StrategySpec(
        name="default",
        parameters={"stickiness": "city"},
        variants=(VariantSpec(name="blue", weight=1000),),
    )
    act(
        SetTargeting(
            app="superapp", environment="production", feature=FEATURE, strategies=(strategy,)
        )
    )


def break_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is loaded name a profile that is not there."""

    def load_broken(environment_key: str, _last: Loaded | None) -> Loaded:
        loaded = load(environment_key)
        entry = loaded.apps[0]
        lost = Feature(key="lost", profile="nowhere")
        definitions = structs.replace(
            entry.definitions, features=(*entry.definitions.features, lost)
        )
        return replace(loaded, apps=(replace(entry, definitions=definitions),), mark=None)

    monkeypatch.setattr(publishing, "load", load_broken)


def test_every_published_feature_is_told_of(shop: None) -> None:
    """An empty list is an answer too: exact."""
    publish("production", now=NOW)
    row = Findings.objects.get()
    assert ("superapp/production", {}, {FEATURE: []}) == (str(row), row.broken, row.notes)


def test_stricter_feature_says_where(shop: None) -> None:
    """What SDKs cannot decide like the engine is told in a sentence of the engine."""
    vary_by_city()
    publish("production", now=NOW)
    notes = ["strategy default needs city"]
    assert {FEATURE: notes} == Findings.objects.get().notes


def test_broken_feature_is_named_until_it_is_mended(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next publish writes over what the last one found."""
    with monkeypatch.context() as patch:
        break_one(patch)
        publish("production", now=NOW)
    row = Findings.objects.get()
    assert ({"lost": NO_PROFILE}, ["broken"]) == (row.broken, row.notes["lost"])
    publish("production", now=NOW, again=True)
    row.refresh_from_db()
    assert ({}, {FEATURE: []}) == (row.broken, row.notes)


def test_kill_switch_changes_no_note(
    shop: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """It is published without the content, which would leave the notes behind."""
    offer("live")
    calm = _list_notes()
    with django_capture_on_commit_callbacks(execute=True):
        pull_kill()
    assert calm == _list_notes()


def test_lost_notes_harm_no_publish(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was published stays published; only the notes are missing."""

    def fail(*_given: object, **_more: object) -> None:
        raise ValueError("notes")

    monkeypatch.setattr(findings, "list_notes", fail)
    published = publish("production", now=NOW)
    assert published is not None
    assert {} == Findings.objects.get().notes


def _list_notes() -> dict[str, list[str]]:
    entry = load("production").apps[0]
    return list_notes(compile_snapshot(entry.definitions, entry.kills.switches), now=NOW)
