"""What each protocol answers to whom, and what is kept apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from flags.delivery.settings import Settings
from tests.unit.delivery.world import (
    APP,
    BACKEND,
    EVERYTHING,
    FRONTEND,
    OTHER_APP,
    PREVIEW,
    SINGAPORE,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_order,
    build_part,
)


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client of a node that serves the world."""
    return build_client()


@pytest.mark.parametrize("context", [SINGAPORE, {"userId": 7, "accountCountry": "SGP"}])
def test_get_and_post_answer_alike(client: Client, context: dict[str, Any]) -> None:
    """Evaluate a context the same whichever way it came."""
    posted = client.post("/api/frontend", {"context": context})
    got = client.get("/api/frontend?userId=7&properties[accountCountry]=SG")
    assert got.headers["etag"] == posted.headers["etag"]
    assert {"chat", "home", "pay"} == {toggle["name"] for toggle in posted.json["toggles"]}


def test_a_token_of_an_app_that_is_not_there_gets_an_empty_answer(client: Client) -> None:
    """Answer 200 with nothing: 403 would stop SDKs for ever."""
    answer = client.get("/api/frontend", token=OTHER_APP)
    assert (answer.status, answer.json) == (200, {"toggles": []})


def test_a_token_for_everything_reads_every_app() -> None:
    """Join the apps of an environment, the first of two equal names only."""
    access = build_access()
    both = type(access)(apps=("miniapp", "superapp"), tokens=access.tokens)
    mini = build_part(
        "content",
        {"definitions": build_definitions(app="miniapp"), "texts": {}},
        2,
        app="miniapp",
    )
    client = build_client(build_content(1), mini, build_part("access", both, 3))
    answer = client.get("/api/frontend?userId=7", token=EVERYTHING)
    assert sorted(toggle["name"] for toggle in answer.json["toggles"]) == ["chat", "home"]
    assert answer.headers["x-landfall-revision"] == "2"
    one = client.get(f"/api/variant?app={APP}", token=EVERYTHING)
    assert (one.status, one.json["app"]) == (200, APP)
    assert client.get("/api/variant", token=EVERYTHING).status == 400
    assert client.get("/api/variant?app=none", token=EVERYTHING).status == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", 200, ""),
        (b'{"context": {}}', 200, ""),
        (b'{"context": null}', 200, ""),
        (b'{"context": 5}', 400, "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": "\\u0000"}}', 400, "PARSE_ERROR"),
        (b"nonsense", 400, "PARSE_ERROR"),
        (b"[]", 400, "PARSE_ERROR"),
    ],
)
def test_ofrep_says_what_is_wrong_with_a_body(
    client: Client, body: bytes, status: int, code: str
) -> None:
    """Answer OFREP's error object with every key, at both addresses."""
    for path in ("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/pay"):
        answer = client.ask("POST", path, body=body)
        assert status == answer.status
        if code:
            assert (code, {}) == (answer.json["errorCode"], answer.json["metadata"])
            assert answer.json["errorDetails"]


def test_ofrep_answers_one_flag_or_says_that_there_is_none(client: Client) -> None:
    """Answer FLAG_NOT_FOUND with the key for an unknown flag."""
    context = {"context": {"targetingKey": "7", "accountCountry": "SG"}}
    known = client.post("/ofrep/v1/evaluate/flags/pay", context)
    assert (known.json["value"], known.json["reason"]) == (True, "TARGETING_MATCH")
    unknown = client.post("/ofrep/v1/evaluate/flags/nope", context)
    assert (
        unknown.status,
        unknown.json["errorCode"],
        unknown.json["key"],
    ) == (404, "FLAG_NOT_FOUND", "nope")


def test_ofrep_lists_flags_that_are_off_and_keeps_their_types(client: Client) -> None:
    """List every flag with a value of its one type."""
    answer = client.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "7"}})
    values = {flag["key"]: flag["value"] for flag in answer.json["flags"]}
    assert {"chat", "home", "pay"} == values.keys()
    assert (values["chat"], values["pay"]) == (True, False)
    assert isinstance(values["home"], str)
    assert list(answer.json) == ["flags"]


@pytest.mark.parametrize(("token", "there"), [(FRONTEND, True), (PREVIEW, False)])
def test_only_preview_tokens_set_the_clock(token: str, there: bool) -> None:  # noqa: FBT001
    """Take `currentTime` from preview tokens alone: others would choose their law."""
    order = replace(build_order("SG"), effective=date(2099, 1, 1))
    definitions = replace(build_definitions(), orders=(order,))
    access = build_part("access", build_access(), 1)
    client = build_client(build_content(1, definitions=definitions), access, token=token)
    path = "/api/frontend?properties[accountCountry]=SG&currentTime=2100-01-01T00:00:00Z"
    for _ in range(2):
        names = {toggle["name"] for toggle in client.get(path).json["toggles"]}
        assert ("pay" in names) is there


def test_long_questions_are_answered_and_not_remembered() -> None:
    """Keep what strangers can make a node remember within some megabytes."""
    client = build_client()
    service = client.app.service
    long = "&".join(f"properties[p{number}]={'x' * 1000}" for number in range(10))
    query = f"sessionId=1&userId=7&properties[accountCountry]=SG&{long}"
    assert {"chat", "home", "pay"} == {
        toggle["name"] for toggle in client.get(f"/api/frontend?{query}").json["toggles"]
    }
    headers = {"accept-language": "zh-CN," + "de," * 10_000}
    assert client.get("/api/variant", headers=headers).json["locale"]["tag"] == "zh-Hans"
    remembered: list[object] = [*service.locales]
    remembered += [*service.recall.kept.young]
    assert len(repr(remembered)) < 2_000


@pytest.mark.parametrize(
    ("spec", "inlined"),
    [("", True), ("4.1.9", True), ("nonsense", True), ("4.2.0", False), ("6.1.0", False)],
)
def test_old_sdks_get_segments_inlined(
    client: Client,
    spec: str,
    inlined: bool,  # noqa: FBT001
) -> None:
    """Inline segments below 4.2.0 or without a readable version; the ETags differ."""
    answer = client.get(
        "/api/client/features", token=BACKEND, headers={"Unleash-Client-Spec": spec}
    )
    assert answer.json["query"]["inlineSegmentConstraints"] is inlined
    assert ("segments" in answer.json) is not inlined


@pytest.mark.parametrize(
    ("query", "status", "names"),
    [
        ("", 200, ["chat", "home", "pay"]),
        ("?namePrefix=ho", 200, ["home"]),
        ("?namePrefix=_", 200, []),
        ("?project=other&environment=staging", 200, ["chat", "home", "pay"]),
        ("?tag=simple:x", 200, []),
        ("?tag=nonsense", 400, []),
        ("?unknown=1", 200, ["chat", "home", "pay"]),
    ],
)
def test_definitions_are_narrowed_by_the_query(
    client: Client, query: str, status: int, names: list[str]
) -> None:
    """Honour prefix and tag; the token's app and environment outrank the query's."""
    answer = client.get(f"/api/client/features{query}", token=BACKEND)
    assert answer.status == status
    if status == 200:
        assert [feature["name"] for feature in answer.json["features"]] == names
        assert answer.json["version"] == 2


def test_one_definition_is_answered_bare_or_not_at_all(client: Client) -> None:
    """Answer one feature unwrapped, 404 for an unknown one."""
    assert client.get("/api/client/features/pay", token=BACKEND).json["name"] == "pay"
    missing = client.get("/api/client/features/nope", token=BACKEND)
    assert (missing.status, missing.json["name"]) == (404, "NotFoundError")


def test_a_manifest_has_flags_and_words_together(client: Client) -> None:
    """Answer features with localized reasons, texts and a stream in one document."""
    answer = client.get("/api/variant?properties[accountCountry]=FR&locale=zh_CN")
    manifest = answer.json
    assert tuple(manifest["locale"].values()) == ("zh-Hans", ["zh-Hans", "en"], "ltr")
    assert manifest["signals"]["account"] == {"territory": "FR", "from": "accountCountry"}
    features = {feature["key"]: feature for feature in manifest["features"]}
    assert (features["chat"]["display"], "text" in features["chat"]) == ("shown", False)
    assert (
        features["pay"]["reason"],
        features["pay"]["textKey"],
    ) == ("NOT_OFFERED", "wallet.unavailable")
    text = client.get(manifest["texts"]["reasons"]["url"], token="")
    assert (text.status, text.json["reason.LIVE"]) == (200, "可用")
    assert "immutable" in text.headers["cache-control"]
    assert FRONTEND not in manifest["stream"]


def test_a_manifest_speaks_the_browsers_language_without_a_locale(client: Client) -> None:
    """Use Accept-Language, and the source language where nothing suits."""
    chinese = client.get("/api/variant", headers={"Accept-Language": "zh-SG,zh;q=0.9"})
    assert chinese.headers["content-language"] == "zh-Hans"
    assert client.get("/api/variant?locale=eo").headers["content-language"] == "en"


def test_a_new_revision_without_effect_keeps_the_manifests_etag() -> None:
    """Leave the revision out of the ETag: nothing changed for this person."""
    etags = {
        build_client(build_content(revision), build_part("access", build_access(), 1))
        .get("/api/variant?userId=7")
        .headers["etag"]
        for revision in (1, 9)
    }
    assert len(etags) == 1


def test_health_needs_no_token(client: Client) -> None:
    """Answer liveness, readiness and figures to anybody, without names."""
    assert client.get("/healthz", token="").status == 200
    assert client.get("/readyz", token="").status == 200
    figures = client.get("/metrics", token="")
    assert b"landfall_requests_total" in figures.body
    assert b"pay" not in figures.body


def test_edges_need_their_own_credential() -> None:
    """Open the internal address to edges only."""
    client = build_client(settings=Settings(edge_token="edge-secret"), token="")
    assert client.get("/internal/parts").status == 401
    assert client.get("/internal/parts", token=BACKEND).status == 401
    listed = client.get("/internal/parts", token="Bearer edge-secret")
    assert {"content", "access"} == {row["key"]["part"] for row in listed.json}
    part = client.get("/internal/parts/production/superapp/content", token="Bearer edge-secret")
    assert part.status == 200
