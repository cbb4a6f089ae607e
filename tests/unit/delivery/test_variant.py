"""The variant manifest over HTTP: one answer for one question, and when it is another."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from flags.delivery.state import View
from flags.delivery.variant import render_variant
from flags.engine.context import Context
from flags.engine.definitions import Schedule, Window
from flags.wire.context import read_context
from tests.unit.delivery.world import (
    EVERYTHING,
    FRONTEND,
    PREVIEW,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_part,
)

SINGAPORE = "userId=7&sessionId=1&properties[accountCountry]=SG"


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client of a node that serves the world."""
    return build_client()


def view_of(client: Client) -> View:
    """Return the view of the world's app."""
    view = client.app.service.state.view("superapp", "production")
    assert view is not None
    return view


def read(**fields: Any) -> Context:
    """Return a person of the world."""
    person = {"userId": "7", "sessionId": "1", **fields}
    return read_context(
        person, now=datetime.now(UTC), dice=lambda _sides: 1, environment="production"
    )


def test_get_and_post_answer_the_same_document(client: Client) -> None:
    """Evaluate a context the same whichever way it came, byte for byte."""
    got = client.get(f"/api/variant?{SINGAPORE}&locale=zh-CN")
    person = {"userId": "7", "sessionId": "1", "accountCountry": "SG", "locale": "zh-CN"}
    posted = client.post("/api/variant", {"context": person})
    assert (got.headers["etag"], got.body) == (posted.headers["etag"], posted.body)


def test_who_has_it_gets_304_by_get_and_by_post(client: Client) -> None:
    """Answer a known ETag without a body, and repeat what caches need to know."""
    etag = client.get(f"/api/variant?{SINGAPORE}").headers["etag"]
    again = {"If-None-Match": etag}
    got = client.get(f"/api/variant?{SINGAPORE}", headers=again)
    person = {"userId": "7", "sessionId": "1", "properties": {"accountCountry": "SG"}}
    posted = client.post("/api/variant", {"context": person}, headers=again)
    for answer in (got, posted):
        assert (304, b"", etag) == (answer.status, answer.body, answer.headers["etag"])
        assert "Accept-Language" in answer.headers["vary"]
        assert answer.headers["content-language"] == "en"
        assert "x-landfall-revision" in answer.headers


def test_languages_are_kept_apart(client: Client) -> None:
    """Answer the same address in the language of each browser, remembered or not."""
    address = f"/api/variant?{SINGAPORE}"
    told = [
        client.get(address, headers={"Accept-Language": language}).json["locale"]["tag"]
        for language in ("zh", "en", "zh", "en")
    ]
    assert ["zh-Hans", "en", "zh-Hans", "en"] == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"phoneCountry": "my"}, {"account": {"territory": "MY", "from": "phoneCountry"}}),
        (
            {"accountCountry": "SGP", "phoneCountry": "MY"},
            {"account": {"territory": "SG", "from": "accountCountry"}},
        ),
        (
            {"gpsCountry": "??", "ipCountry": "ID"},
            {"location": {"territory": "ID", "from": "ipCountry"}, "garbled": ["location"]},
        ),
        ({"storefrontCountry": "XX"}, {"storefront": None}),
        ({"participantCountries": "sg,my,"}, {"participants": ["MY", "SG"]}),
        (
            {"participantCountries": ["sg", {}]},
            {"participants": ["SG"], "garbled": ["participants"]},
        ),
    ],
)
def test_each_signal_says_which_evidence_won(
    client: Client, fields: dict[str, Any], told: dict[str, Any]
) -> None:
    """Name the field that was believed, and the signals that could not be read."""
    signals = client.post("/api/variant", {"context": fields}).json["signals"]
    unknown: dict[str, Any] = {
        "account": None,
        "location": None,
        "storefront": None,
        "participants": [],
    }
    assert {**unknown, **told} == signals


@pytest.mark.parametrize(
    ("fields", "code", "source", "written"),
    [
        ({"accountCountry": "SG", "locationCountry": "MY"}, "SG", "account", "en-SG"),
        ({"locationCountry": "MY"}, "MY", "location", "en-MY"),
        ({"locale": "en-IE"}, "IE", "locale", "en-IE"),
        ({"locale": "en"}, "US", "locale", "en-US"),
        ({"locale": "zh-Hans"}, "CN", "locale", "zh-Hans-CN"),
        ({"accountCountry": "FR", "locale": "zh"}, "FR", "account", "zh-Hans-u-rg-frzzzz"),
    ],
)
def test_formats_are_those_of_the_account_then_the_location_then_the_locale(
    client: Client, fields: dict[str, str], code: str, source: str, written: str
) -> None:
    """Write in the person's language as the territory does."""
    manifest = client.post("/api/variant", {"context": fields}).json
    territory = manifest["territory"]
    assert (code, source, written) == (
        territory["code"],
        territory["from"],
        manifest["formats"]["locale"],
    )


def test_nobody_is_put_anywhere_without_a_reason(client: Client) -> None:
    """Tell no territory to who reads Esperanto, and formats of the language they get."""
    manifest = client.get("/api/variant?locale=eo").json
    assert (None, "en") == (manifest["territory"], manifest["formats"]["locale"])


def test_accept_language_tells_a_territory_too(client: Client) -> None:
    """Take the formats of what the browser wants most when nothing else is known."""
    headers = {"Accept-Language": "en-GB,zh;q=0.5"}
    assert client.get("/api/variant", headers=headers).json["territory"]["code"] == "GB"


def test_the_client_hears_how_it_was_understood(client: Client) -> None:
    """Tell platform and versions as gates read them."""
    person = {"platform": " iOS ", "osVersion": "18.0", "appVersion": "eight", "profile": "simple"}
    expected = {
        "platform": "ios",
        "known": False,
        "osVersion": "18.0",
        "appVersion": None,
        "profile": "simple",
    }
    assert expected == client.post("/api/variant", {"context": person}).json["client"]


def test_texts_say_where_they_are_and_whose(client: Client) -> None:
    """Name address, hash, size and locale of each bundle; a shared one is its parent's."""
    texts = client.get("/api/variant?locale=zh-CN").json["texts"]
    fetched = client.get(texts["wallet"]["url"], token="")
    assert (200, texts["wallet"]["bytes"]) == (fetched.status, len(fetched.body))
    assert texts["wallet"]["url"].endswith(texts["wallet"]["sha256"])
    assert ("zh-Hans", "en") == (texts["reasons"]["locale"], texts["wallet"]["locale"])


def test_a_bundle_stands_as_its_features_do(client: Client) -> None:
    """Sum a bundle up for each person."""
    home, abroad = (
        client.get(f"/api/variant?userId=7&properties[accountCountry]={code}").json["bundles"]
        for code in ("SG", "FR")
    )
    assert [{"key": "commerce", "name": "Commerce", "status": "live", "on": 1, "of": 1}] == home
    assert ("not-offered", "NOT_OFFERED", "hidden") == (
        abroad[0]["status"],
        abroad[0]["reason"],
        abroad[0]["display"],
    )


def test_a_campaign_without_an_end_says_so() -> None:
    """Tell a schedule that runs from a day on, while its feature is on."""
    world = build_definitions()
    schedule = Schedule(
        rule=world.offers[0].rule,
        features=("chat", "pay"),
        anchor="account",
        windows=(Window(starts=datetime(2026, 1, 1)),),  # noqa: DTZ001  # a wall time
    )
    definitions = type(world)(
        **{name: getattr(world, name) for name in world.__struct_fields__}
        | {"schedules": (schedule,)}
    )
    parts = build_content(1, definitions=definitions), build_part("access", build_access(), 1)
    manifest = build_client(*parts).get("/api/variant?properties[accountCountry]=FR").json
    assert [
        {
            "key": "offer-sg",
            "features": ["chat"],
            "starts": "2026-01-01T00:00:00Z",
            "ends": None,
        }
    ] == manifest["campaigns"]


def test_a_manifest_needs_no_request(client: Client) -> None:
    """Render the same for whoever exports it, without a stream's address."""
    etag, body = render_variant(view_of(client), read(accountCountry="SG"), "zh")
    asked = client.get(f"/api/variant?{SINGAPORE}&locale=zh").json
    asked.pop("stream")
    assert json.loads(body) == asked
    assert etag.startswith(b'"')
    assert etag.endswith(b'"')


def test_revision_and_epoch_are_outside_the_etag() -> None:
    """Keep an ETag over revisions that change nothing for the person."""
    told = set()
    etags = set()
    for revision, epoch in ((1, 1), (9, 2)):
        content = build_content(revision)
        part = type(content)(
            content.key, type(content.head)(epoch, revision, content.head.digest), content.body
        )
        answer = build_client(part, build_part("access", build_access(), 1)).get(
            f"/api/variant?{SINGAPORE}"
        )
        told.add((answer.json["revision"], answer.json["epoch"]))
        etags.add(answer.headers["etag"])
    assert ({(1, 1), (9, 2)}, 1) == (told, len(etags))


def test_the_schema_is_served_to_anybody(client: Client) -> None:
    """Answer the schema without a token, as what it is."""
    answer = client.get("/api/variant/schema", token="")
    assert (200, "application/schema+json") == (answer.status, answer.headers["content-type"])
    assert answer.json["$id"] == answer.json["properties"]["schema"]["const"]


def test_who_asks_as_of_another_time_is_never_remembered() -> None:
    """Let a preview token set the clock without leaving a trace for others."""
    client = build_client(token=PREVIEW)
    late = client.get("/api/variant?userId=7&sessionId=1&currentTime=2036-01-02T00:00:00Z")
    assert late.status == 200
    assert not view_of(client).lives[0].manifests.frames


@pytest.mark.parametrize("token", [FRONTEND, EVERYTHING])
def test_a_manifest_is_one_apps(client: Client, token: str) -> None:
    """Answer a token for everything once it names the app."""
    assert client.get("/api/variant?app=superapp", token=token).json["app"] == "superapp"
