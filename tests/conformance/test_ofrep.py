"""OFREP answers of a real node against the protocol's own description.

The description is read where it lies; no copy of it is kept here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from flags.publishing.snapshot import Access
from tests.node import Node, put
from tests.product import ROOT
from tests.redis_server import RedisServer
from tests.unit.delivery.typed import TYPES, build_typed_definitions
from tests.unit.delivery.world import (
    BACKEND,
    EXPIRED,
    FRONTEND,
    build_access,
    build_content,
    build_part,
    digest,
)

SHARED = Path(os.environ.get("LANDFALL_SHARED") or ROOT.parent / "shared")
OFREP = SHARED / "conformance" / "ofrep"
BULK = "/ofrep/v1/evaluate/flags"
SINGLE = BULK + "/{key}"
SINGAPORE = {"context": {"targetingKey": "7", "accountCountry": "SG"}}
FRANCE = {"context": {"targetingKey": "7", "accountCountry": "FR"}}

pytestmark = pytest.mark.skipif(
    not OFREP.exists(),
    reason="needs OFREP's description: copy service/*.yaml of github.com/open-feature/protocol into"
    " conformance/ofrep/ of a folder, and name that in LANDFALL_SHARED",
)


class Protocol:
    """The description of OFREP, with what its prose says and its schemas do not."""

    def __init__(self) -> None:
        self.document = yaml.safe_load((OFREP / "openapi.yaml").read_text())
        schemas = self.document["components"]["schemas"]
        # As it stands, `oneOf` holds for no flag at all: an integer is a number too, and the
        # code default, "which has no value", allows one.
        schemas["codeDefaultFlag"]["not"] = {"required": ["value"]}
        kinds = schemas["evaluationSuccess"]["allOf"][1]
        kinds["anyOf"] = kinds.pop("oneOf")
        resource: Any = DRAFT202012.create_resource(self.document)
        registry: Registry[Any] = Registry()
        self.registry = registry.with_resource("urn:ofrep", resource)

    def check(self, value: object, pointer: str) -> None:
        """Hold a value against a schema of the document."""
        schema = {"$ref": f"urn:ofrep#{pointer}"}
        Draft202012Validator(schema, registry=self.registry).validate(value)

    def check_answer(self, path: str, answer: httpx.Response) -> None:
        """Hold an answer of a POST against what the document says of its path and status."""
        told = self.document["paths"][path]["post"]["responses"].get(str(answer.status_code))
        content = (told or {}).get("content")
        if content is None:
            assert isinstance(answer.json(), dict)
            return
        assert answer.headers["content-type"] in content
        named = content["application/json"]["schema"]["$ref"]
        self.check(answer.json(), named.removeprefix("#"))


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    """Return the description of the protocol."""
    return Protocol()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run an edge that serves a feature of each type; the frontend token names its stream."""
    access = build_access()
    chosen = digest(FRONTEND.encode())
    tokens = tuple(replace(one, event_streams=one.digest == chosen) for one in access.tokens)
    with RedisServer() as server:
        put(
            server,
            build_part("access", Access(apps=access.apps, tokens=tokens), 1),
            build_content(1, definitions=build_typed_definitions()),
        )
        environ = {"REDIS_URL": server.url, "LANDFALL_GUESSES_PER_MINUTE": "5"}
        with Node(tmp_path_factory.mktemp("edge"), environ) as edge:
            yield edge


def ask(node: Node, path: str, body: object = SINGAPORE, **options: Any) -> httpx.Response:
    """Send a POST as a provider does."""
    token = options.pop("token", FRONTEND)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= options.pop("headers", {})
    if isinstance(body, bytes):
        headers.setdefault("Content-Type", "application/json")
        return httpx.post(node.base + path, content=body, headers=headers, timeout=30)
    return httpx.post(node.base + path, json=body, headers=headers, timeout=30)


@pytest.mark.parametrize("body", [SINGAPORE, FRANCE, {"context": {}}], ids=["on", "off", "nobody"])
def test_answers_with_flags_are_as_described(node: Node, protocol: Protocol, body: Any) -> None:
    """One and all, on and off, of every type; with the stream and without."""
    for token in (FRONTEND, BACKEND):
        answer = ask(node, BULK, body, token=token)
        assert 200 == answer.status_code
        protocol.check_answer(BULK, answer)
        assert (token == FRONTEND) is ("eventStreams" in answer.json())
    for key in TYPES:
        answer = ask(node, f"{BULK}/{key}", body)
        assert 200 == answer.status_code
        protocol.check_answer(SINGLE, answer)


ERRORS: dict[str, tuple[int, dict[str, Any]]] = {
    "no JSON": (400, {"body": b"{"}),
    "no context": (400, {"body": {"context": 1}}),
    "no token": (401, {"token": ""}),
    "expired": (401, {"token": EXPIRED}),
    "too large": (413, {"body": b" " * 70_000}),
    "no type": (415, {"headers": {"Content-Type": "text/plain"}, "body": b"{}"}),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_as_described(node: Node, protocol: Protocol, name: str) -> None:
    """Those without a description are JSON objects all the same."""
    status, options = ERRORS[name]
    for path, described in ((BULK, BULK), (f"{BULK}/limit", SINGLE)):
        answer = ask(node, path, **options)
        assert status == answer.status_code
        protocol.check_answer(described, answer)


@pytest.mark.parametrize(
    ("key", "body", "status"), [("no.such", SINGAPORE, 404), ("users", {"context": {}}, 400)]
)
def test_errors_of_one_flag_are_as_described(
    node: Node, protocol: Protocol, key: str, body: Any, status: int
) -> None:
    """A flag that is not there, and one that needs a targeting key."""
    answer = ask(node, f"{BULK}/{key}", body)
    assert status == answer.status_code
    protocol.check_answer(SINGLE, answer)
    assert key == answer.json()["key"]


def test_a_guesser_is_told_to_wait(node: Node, protocol: Protocol) -> None:
    """The 429 is an object, and its pause a whole number of seconds."""
    answers = [ask(node, BULK, token=f"superapp:production.{guess}") for guess in range(20)]
    last = answers[-1]
    assert (429, True) == (last.status_code, last.headers["retry-after"].isdigit())
    protocol.check_answer(BULK, last)


def test_an_answer_that_is_known_has_no_body(node: Node) -> None:
    """A 304 to a POST, through a real server."""
    etag = ask(node, BULK).headers["etag"]
    again = ask(node, BULK, headers={"If-None-Match": f'W/"other", {etag}'})
    assert (304, b"", etag) == (again.status_code, again.content, again.headers["etag"])


def test_events_are_as_described(node: Node, protocol: Protocol) -> None:
    """The address of the answer opens a stream whose events a provider understands."""
    described = yaml.safe_load((OFREP / "event-streams.yaml").read_text())
    connection = described["components"]["pathItems"]["eventStreamConnection"]["get"]
    (kind,) = connection["responses"]["200"]["content"]
    (stream,) = ask(node, BULK).json()["eventStreams"]
    event: dict[str, str] = {}
    with httpx.stream("GET", node.base + stream["endpoint"]["requestUri"], timeout=10) as answer:
        assert (200, kind) == (answer.status_code, answer.headers["content-type"])
        for line in answer.iter_lines():
            name, _, text = line.partition(": ")
            if name and text:
                event[name] = text
            elif "data" in event:
                break
    assert "message" == event["event"]
    protocol.check({**event, "retry": int(event["retry"])}, "/components/schemas/sseEvent")
    data = json.loads(event["data"])
    protocol.check(data, "/components/schemas/sseEventData")
    assert "refetchEvaluation" == data["type"]
    query = f"?flagConfigEtag={data['etag']}&flagConfigLastModified={data['lastModified']}"
    assert 200 == ask(node, BULK + query).status_code
