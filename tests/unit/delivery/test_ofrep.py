"""OFREP answers as the strictest provider of each language needs them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from flags.delivery.settings import Settings
from flags.publishing.snapshot import Access
from tests.unit.delivery.typed import PAYLOADS, TYPES, build_typed_definitions
from tests.unit.delivery.world import (
    BACKEND,
    EVERYTHING,
    EXPIRED,
    FRONTEND,
    Answer,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_part,
    digest,
)

BULK = "/ofrep/v1/evaluate/flags"
ERROR_KEYS = {"errorCode", "errorDetails", "metadata"}
SINGAPORE = {"context": {"targetingKey": "7", "accountCountry": "SG"}}
FRANCE = {"context": {"targetingKey": "7", "accountCountry": "FR"}}
ROTATED = "superapp:production.rotated"


def build_typed(**options: Any) -> Client:
    """Return a client of a node that serves a feature of each type."""
    content = build_content(1, definitions=build_typed_definitions())
    return build_client(content, build_part("access", build_access(), 1), **options)


def build_streaming(*texts: str) -> Client:
    """Return a client of a node whose answers to these tokens name their event stream."""
    access = build_access()
    chosen = {digest(text.encode()) for text in texts}
    known = {one.digest for one in access.tokens}
    tokens = [replace(one, event_streams=one.digest in chosen) for one in access.tokens]
    more = [replace(tokens[0], digest=one, event_streams=True) for one in chosen - known]
    access = Access(apps=access.apps, tokens=(*tokens, *more))
    return build_client(build_content(1), build_part("access", access, 2))


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client of a node that serves a feature of each type."""
    return build_typed()


@pytest.mark.parametrize("key", TYPES)
def test_a_flag_keeps_one_json_type(client: Client, key: str) -> None:
    """On and off, alone and in bulk: an integer has no point and a number has one."""
    kind, off, _payload, value = TYPES[key]
    for body, expected in ((SINGAPORE, value), (FRANCE, off)):
        one = client.post(f"{BULK}/{key}", body).json
        many = {flag["key"]: flag for flag in client.post(BULK, body).json["flags"]}
        assert one == many[key]
        assert (expected, type(expected)) == (one["value"], type(one["value"]))
        assert kind == one["metadata"]["type"]


def test_unleash_reads_the_same_values_as_payloads(client: Client) -> None:
    """Unleash has no integers: they are numbers there, and all payloads are texts."""
    defined = client.get("/api/client/features", token=BACKEND).json["features"]
    answered = client.get("/api/frontend?properties[accountCountry]=SG").json["toggles"]
    found = {one["name"]: one["strategies"][0].get("variants", []) for one in defined}
    got = {one["name"]: one["variant"].get("payload") for one in answered}
    for key, (kind, _off, payload, _value) in TYPES.items():
        told = {"type": PAYLOADS[kind], "value": payload} if payload else None
        assert [told] * bool(told) == [variant["payload"] for variant in found[key]]
        assert told == got[key]


def test_a_success_has_all_that_any_provider_reads(client: Client) -> None:
    """Python needs the variant, Ruby all four, Java the metadata."""
    for body in (SINGAPORE, FRANCE):
        for flag in client.post(BULK, body).json["flags"]:
            assert {"key", "value", "reason", "variant", "metadata"} == flag.keys()
            assert flag["reason"] in {"STATIC", "TARGETING_MATCH", "SPLIT", "UNKNOWN"}
            assert flag["value"] is not None
            assert {str} == {type(value) for value in flag["metadata"].values()}
            assert "superapp" == flag["metadata"]["project"]


def send(client: Client, path: str, **options: Any) -> Answer:
    """Send a POST that differs from a good one as said."""
    return client.ask("POST", path, **{"json_body": SINGAPORE, **options})


BROKEN: dict[str, tuple[int, str, dict[str, Any]]] = {
    "no JSON": (400, "PARSE_ERROR", {"body": b"{", "json_body": None}),
    "a list": (400, "PARSE_ERROR", {"json_body": [1]}),
    "no context": (400, "INVALID_CONTEXT", {"json_body": {"context": 1}}),
    "no token": (401, "GENERAL", {"token": ""}),
    "unknown token": (401, "GENERAL", {"token": "a:b.c"}),
    "expired token": (401, "GENERAL", {"token": EXPIRED}),
    "too large": (413, "GENERAL", {"body": b" " * 70_000, "json_body": None}),
    "no type": (415, "GENERAL", {"headers": {"content-type": "text/plain"}}),
    "compressed": (415, "GENERAL", {"headers": {"content-encoding": "gzip"}}),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("path", [BULK, f"{BULK}/limit"])
def test_every_error_is_an_object_with_all_keys(client: Client, path: str, name: str) -> None:
    """Java reads the body before the status and its metadata before that; Python the details."""
    status, code, options = BROKEN[name]
    answer = send(client, path, **options)
    assert (status, "application/json") == (answer.status, answer.headers["content-type"])
    assert (code, {}) == (answer.json["errorCode"], answer.json["metadata"])
    assert answer.json["errorDetails"]
    assert (ERROR_KEYS | {"key"} if path != BULK else ERROR_KEYS) == answer.json.keys()
    assert "*" == answer.headers["access-control-allow-origin"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{BULK}/no.such", 404),
        ("GET", "/ofrep/v1/configuration", 404),
        ("POST", "/ofrep/v2/anything", 404),
        ("GET", f"{BULK}/limit", 405),
        ("PUT", BULK, 405),
    ],
)
def test_what_is_not_there_is_told_as_an_object_too(
    client: Client, method: str, path: str, status: int
) -> None:
    """JavaScript's server provider turns a 404 without a code into another error."""
    answer = client.ask(method, path, json_body=SINGAPORE)
    assert status == answer.status
    assert answer.json.keys() >= ERROR_KEYS
    if path.startswith(BULK) and status == 404:
        assert ("no.such", "FLAG_NOT_FOUND") == (answer.json["key"], answer.json["errorCode"])


def test_a_broken_node_says_so_as_an_object(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 500 has the same keys; nothing of what broke is in it."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError(FRONTEND)

    monkeypatch.setattr("flags.delivery.ofrep.evaluate", fail)
    answer = client.post(f"{BULK}/limit", SINGAPORE)
    assert (500, "limit", "GENERAL") == (
        answer.status,
        answer.json["key"],
        answer.json["errorCode"],
    )
    assert FRONTEND not in answer.body.decode()


def test_who_guesses_tokens_is_told_to_wait_in_whole_seconds() -> None:
    """Python breaks on a date, and JavaScript reads one as two thousand seconds."""
    client = build_typed(settings=Settings(guesses_per_minute=1))
    answers = [send(client, BULK, token=f"superapp:production.{guess}") for guess in range(9)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert refused[0].headers["retry-after"].isdigit()
    assert ERROR_KEYS == refused[0].json.keys()


@pytest.mark.parametrize("context", [{}, {"targetingKey": ""}, {"sessionId": "s"}])
def test_a_targeting_key_is_asked_for_only_where_it_decides(
    client: Client, context: dict[str, str]
) -> None:
    """A share of users needs one; all the other flags of the same answer do not."""
    answer = client.post(f"{BULK}/users", {"context": context})
    assert (400, "TARGETING_KEY_MISSING") == (answer.status, answer.json["errorCode"])
    assert "users" == answer.json["key"]
    flags = {flag["key"]: flag for flag in client.post(BULK, {"context": context}).json["flags"]}
    assert "TARGETING_KEY_MISSING" == flags.pop("users")["errorCode"]
    assert TYPES.keys() == flags.keys()
    assert all("value" in flag for flag in flags.values())


def test_a_targeting_key_helps_nobody_who_is_not_meant() -> None:
    """A flag that is off for another reason, or on for all users, is just answered."""
    definitions = build_typed_definitions()
    off = tuple(replace(one, enabled=False) for one in definitions.features)
    content = build_content(1, definitions=replace(definitions, features=off))
    client = build_client(content, build_part("access", build_access(), 1))
    assert 200 == client.post(f"{BULK}/users", {"context": {}}).status


def test_user_id_is_a_targeting_key_by_another_name(client: Client) -> None:
    """The targeting key is the user, and wins over a user that is given beside it."""
    by_key = client.post(f"{BULK}/users", {"context": {"targetingKey": "7", "userId": "8"}})
    by_user = client.post(f"{BULK}/users", {"context": {"userId": "7"}})
    assert by_key.body == by_user.body


@pytest.mark.parametrize("sent", ["{0}", "W/{0}", '"x", {0}', 'W/"y" ,W/{0}', "*"])
def test_a_known_bulk_answer_is_a_304_to_a_post(client: Client, sent: str) -> None:
    """Lists, weak forms and the star are legal; so is an ETag in the query, which is ignored."""
    path = f"{BULK}?flagConfigEtag=12.5&flagConfigLastModified=1771622898&other="
    etag = client.post(path, SINGAPORE).headers["etag"]
    again = client.post(path, SINGAPORE, headers={"If-None-Match": sent.format(etag)})
    assert (304, b"", etag) == (again.status, again.body, again.headers["etag"])
    assert "*" == again.headers["access-control-allow-origin"]
    other = client.post(path, FRANCE, headers={"If-None-Match": etag})
    assert 200 == other.status


@pytest.mark.parametrize("key", ["lim%69t", "limit/", "/limit"])
def test_a_key_is_found_however_its_address_is_written(client: Client, key: str) -> None:
    """Encoded as some providers do, or not, as others; a slash too many does no harm."""
    decoded = key.replace("%69", "i")
    assert 42 == client.post(f"{BULK}/{decoded}", SINGAPORE).json["value"]


def test_only_tokens_that_ask_for_it_are_told_of_the_stream() -> None:
    """Kotlin's provider fails on top-level keys that it does not know."""
    client = build_streaming(FRONTEND)
    told = client.post(BULK, SINGAPORE, token=FRONTEND)
    untold = client.post(BULK, SINGAPORE, token=BACKEND)
    assert ["flags", "eventStreams", "metadata"] == list(told.json)
    assert ["flags"] == list(untold.json)
    assert {"project": "superapp", "environment": "production"} == told.json["metadata"]
    (stream,) = told.json["eventStreams"]
    assert "sse" == stream["type"]
    assert stream["endpoint"]["requestUri"].startswith("/ofrep/v1/events?ch=")
    assert 120 == stream["inactivityDelaySec"]
    everybody = build_client(settings=Settings(ofrep_stream=True))
    assert "eventStreams" in everybody.post(BULK, SINGAPORE, token=BACKEND).json


def test_the_stream_has_one_address_that_dies_with_its_token() -> None:
    """A new address at each answer would reconnect; an old ETag must not keep a dead one."""
    client = build_streaming(FRONTEND, ROTATED)
    first = client.post(BULK, SINGAPORE, token=FRONTEND)
    second = client.post(BULK, FRANCE, token=FRONTEND)
    assert first.json["eventStreams"] == second.json["eventStreams"]
    known = {"If-None-Match": first.headers["etag"]}
    assert 304 == client.post(BULK, SINGAPORE, token=FRONTEND, headers=known).status
    rotated = client.post(BULK, SINGAPORE, token=ROTATED, headers=known)
    assert 200 == rotated.status
    assert first.json["eventStreams"] != rotated.json["eventStreams"]
    assert first.json["flags"] == rotated.json["flags"]


def test_a_token_of_every_app_names_each_flag_with_its_app() -> None:
    """Flags of two apps stand in one list; of two equal names the first app's."""
    mini = {"definitions": build_definitions(app="miniapp"), "texts": {}}
    access = Access(apps=("miniapp", "superapp"), tokens=build_access().tokens)
    client = build_client(
        build_content(1, definitions=build_typed_definitions()),
        build_part("content", mini, 2, app="miniapp"),
        build_part("access", access, 3),
        token=EVERYTHING,
    )
    flags = {flag["key"]: flag for flag in client.post(BULK, SINGAPORE).json["flags"]}
    projects = {key: flag["metadata"]["project"] for key, flag in flags.items()}
    assert ("miniapp", "superapp") == (projects["chat"], projects["limit"])
    assert flags["limit"] == client.post(f"{BULK}/limit", SINGAPORE).json
