"""The manifests of the demo: every territory, platform and locale, against the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pytest_django import DjangoDbBlocker

from flags.delivery.live import NO_HEAD, build_live, run
from flags.delivery.state import View
from flags.delivery.variant import render_variant
from flags.demo.load import Loaded
from flags.publishing.snapshot import Content
from flags.publishing.store import Head
from flags.queries.definitions import load_definitions, load_kills
from flags.wire.context import read_context
from regions.translations.ota import build_texts
from tests.product import ROOT
from tests.scenarios.conftest import NOW, PHONE

SCHEMA = ROOT / "docs" / "api" / "variant.v1.schema.json"
PLATFORMS = ("ios", "android", "harmonyos", "web", "wear", "toaster", "")
NEW_YEAR = datetime(2027, 2, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def view(demo: Loaded, django_db_blocker: DjangoDbBlocker) -> View:
    """Return what a frontend token of the demo sees, as a node builds it."""
    assert demo.commands
    with django_db_blocker.unblock():
        texts, blobs = build_texts("production")
        content = Content(load_definitions("superapp", "production"), texts)
        kills = load_kills("superapp", "production")
    steps = build_live(
        content,
        kills,
        content_head=Head(1, 7, "content"),
        kills_head=NO_HEAD,
        blobs=blobs,
        previous=None,
        now=NOW,
    )
    live = run(steps)
    return View("production", (live,), live.revision)


def fetch(
    view: View, locale: str = "", *, at: datetime = NOW, **fields: Any
) -> tuple[bytes, dict[str, Any]]:
    """Return ETag and manifest of a person on a new phone; an empty field is left out."""
    known = {name: value for name, value in {**PHONE, "userId": "u-1", **fields}.items() if value}
    context = read_context(known, now=at, dice=lambda _sides: 1, environment="production")
    etag, body = render_variant(view, context, locale)
    return etag, json.loads(body)


def close(schema: Any) -> Any:
    """Return a schema that takes nothing which it does not name.

    Ours is open, so that clients may go on reading when fields are added.
    """
    if isinstance(schema, list):
        return [close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: close(value) for name, value in schema.items() if name != "if"}
    if "if" in schema:
        closed["if"] = schema["if"]
    if schema.get("type") == "object" and "properties" in schema:
        closed["additionalProperties"] = False
    return closed


@cache
def build_validator() -> Draft202012Validator:
    """Return a validator of the closed schema."""
    return Draft202012Validator(
        close(json.loads(SCHEMA.read_bytes())), format_checker=FormatChecker()
    )


def complain(manifest: dict[str, Any]) -> list[str]:
    """List what the schema has against a manifest."""
    return [f"{one.json_path}: {one.message}" for one in build_validator().iter_errors(manifest)]


def test_the_schema_is_one_and_describes_every_field() -> None:
    """Be a valid schema of 2020-12 in which nothing stands without a word."""
    schema = json.loads(SCHEMA.read_bytes())
    Draft202012Validator.check_schema(schema)

    def list_bare(part: Any, path: str) -> list[str]:
        named = part.get("properties", {}) if isinstance(part, dict) else {}
        named = named if isinstance(named, dict) and path.rsplit("/", 1)[-1] != "if" else {}
        bare = [
            f"{path}/{key}" for key, one in named.items() if not {"description", "$ref"} & {*one}
        ]
        parts = part.items() if isinstance(part, dict) else enumerate(part)
        for key, one in parts:
            if isinstance(one, dict | list):
                bare += list_bare(one, f"{path}/{key}")
        return bare

    assert [] == list_bare(schema, "")


def test_every_territory_on_every_platform_fits_the_schema(view: View) -> None:
    """Validate whole manifests, each territory in another locale; features once each."""
    live = view.lives[0]
    locales = sorted(live.locales)
    seen: set[str] = set()
    wrong: list[str] = []
    for number, territory in enumerate(live.definitions.territories):
        for place, platform in enumerate(PLATFORMS):
            locale = locales[(number + place) % len(locales)]
            at = NEW_YEAR if place % 2 else NOW
            where = {"accountCountry": territory.code, "locationCountry": territory.code}
            _etag, manifest = fetch(view, locale, at=at, platform=platform, **where)
            assert len(live.definitions.features) == len(manifest["features"])
            fresh = {json.dumps(one) for one in manifest["features"]} - seen
            seen |= fresh
            manifest["features"] = [json.loads(one) for one in fresh]
            wrong += complain(manifest)
    assert [] == wrong


def test_every_locale_in_every_territory_fits_the_schema(view: View) -> None:
    """Validate the facts and formats of all pairs, and of each locale by itself."""
    live = view.lives[0]
    wrong: list[str] = []
    for locale in live.locales:
        for code in ("", *(territory.code for territory in live.definitions.territories)):
            _etag, manifest = fetch(view, locale, accountCountry=code)
            assert locale == manifest["locale"]["tag"]
            manifest["features"] = []
            wrong += complain(manifest)
    assert [] == wrong


def test_the_documents_example_is_an_answer_of_the_demo(view: View) -> None:
    """Show in the documents what a node says, shortened to some of each."""
    text = (ROOT / "docs/clients/variant.md").read_text(encoding="utf-8")
    shown = json.loads(text.partition("```json")[2].partition("```")[0])
    assert [] == complain(shown)
    _etag, manifest = fetch(
        view,
        "zh-Hant-HK",
        accountCountry="HK",
        locationCountry="US",
        osVersion="18.0.0",
    )
    for name, told in shown.items():
        if name in {"bundles", "features"}:
            assert [one for one in told if one not in manifest[name]] == []
        elif name == "texts":
            assert {key: manifest[name][key] for key in told} == told
        elif name not in {"revision", "stream"}:
            assert manifest[name] == told


def test_arabic_is_written_from_right_to_left(view: View) -> None:
    """Tell the direction and Egypt's digits to somebody who reads Arabic."""
    _etag, manifest = fetch(view, "ar", accountCountry="EG")
    assert ("rtl", "٠١٢٣٤٥٦٧٨٩", "fri") == (
        manifest["locale"]["direction"],
        manifest["formats"]["numbers"]["digits"],
        manifest["territory"]["weekend"][0],
    )


def test_a_campaign_in_force_is_told_with_its_instants(view: View) -> None:
    """Tell Lunar New Year in Hong Kong from its own midnight on, and to nobody in Germany."""
    _etag, there = fetch(view, at=NEW_YEAR, accountCountry="HK", locationCountry="US")
    _etag, elsewhere = fetch(view, at=NEW_YEAR, accountCountry="DE", locationCountry="HK")
    expected = {
        "key": "lunar-new-year-2027",
        "features": ["wallet.red-packet"],
        "starts": "2027-02-04T16:00:00Z",
        "ends": "2027-02-19T16:00:00Z",
    }
    assert [expected] == there["campaigns"]
    assert [] == elsewhere["campaigns"]


def test_what_is_planned_has_no_date(view: View) -> None:
    """Say nothing of a campaign before it runs: plans are not the client's business."""
    _etag, manifest = fetch(view, accountCountry="HK", locationCountry="HK")
    assert [] == manifest["campaigns"]
    assert b"2027" not in json.dumps(manifest).encode()


def test_bundles_are_the_sum_of_their_features(view: View) -> None:
    """Count what is on in each bundle, as the board does; give a reason only where nothing is."""
    definitions = view.lives[0].definitions
    homes = {one.key: one.bundle for one in definitions.features if one.offer_basis != "none"}
    statuses: set[str] = set()
    for territory in definitions.territories:
        _etag, manifest = fetch(view, accountCountry=territory.code, locationCountry=territory.code)
        for bundle in manifest["bundles"]:
            own = [one for one in manifest["features"] if homes.get(one["key"]) == bundle["key"]]
            on = sum(one["on"] for one in own)
            assert (on, len(own)) == (bundle["on"], bundle["of"])
            assert (on == len(own)) == (bundle["status"] == "live")
            assert (not on) == ("reason" in bundle)
            statuses.add(bundle["status"])
    assert {"live", "partial", "blocked-by-law", "needs-partner"} <= statuses


def test_an_answer_repeats_its_etag_and_another_has_another(view: View) -> None:
    """Give equal documents equal ETags and different ones different ones."""
    documents: dict[bytes, str] = {}
    asked: list[dict[str, Any]] = [
        {"accountCountry": "HK"},
        {"phoneCountry": "HK"},
        {"locationCountry": "HK"},
        {"accountCountry": "HK", "gpsCountry": "US"},
        {"accountCountry": "HK", "platform": "android"},
        {"accountCountry": "HK", "appVersion": "8.0.71"},
        {"accountCountry": "HK", "participantCountries": "DE,GB"},
        {"accountCountry": "??"},
    ]
    for fields in [*asked, *asked]:
        for locale in ("en", "zh-Hant-HK", "zh-TW"):
            etag, manifest = fetch(view, locale, **fields)
            body = json.dumps(manifest)
            assert documents.setdefault(etag, body) == body
    assert len(asked) * 3 == len(documents)
