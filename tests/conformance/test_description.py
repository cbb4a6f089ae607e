"""`docs/api/delivery.yaml` against the routes, and against whatever schemathesis thinks of.

Each operation is asked as described and otherwise, with the right token and with others. A
node never fails, answers with described statuses and types only, and with described bodies.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation

from flags.delivery.description import FILE
from flags.delivery.routes import EXACT, PREFIXES, Route
from tests.node import Node, put
from tests.redis_server import RedisServer
from tests.unit.delivery.typed import build_typed_definitions
from tests.unit.delivery.world import (
    APP,
    BACKEND,
    ENVIRONMENT,
    EXPIRED,
    FRONTEND,
    PREVIEW,
    REASONS_EN,
    build_access,
    build_content,
    build_part,
    digest,
)

DESCRIPTION: dict[str, Any] = yaml.safe_load(FILE.read_text())
# Of each operation and way of asking; `make fuzz-delivery` asks more.
EXAMPLES = int(os.environ.get("LANDFALL_FUZZ_EXAMPLES") or "20")
EDGE_TOKEN = "the-credential-of-edges"
SHOWN = {"Unleash backend": BACKEND, "Preview": PREVIEW, "Node": f"Bearer {EDGE_TOKEN}"}
# What is there, of the things that addresses name.
THERE = {
    "name": "limit",
    "part": f"{ENVIRONMENT}/{APP}/content",
    "sha256": digest(REASONS_EN),
}
STRAY = ("", BACKEND, FRONTEND, EXPIRED, "Bearer x", "superapp:production.guess")
SCHEMA = from_dict(DESCRIPTION)
OPERATIONS: dict[str, APIOperation[Any, Any, Any, Any]] = {
    f"{one.method.upper()} {path}": one
    for path, methods in SCHEMA.items()
    for one in methods.values()
}
ASKED: Any = [
    not_a_server_error,
    *CHECKS.get_by_names(
        [
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        ]
    ),
]


def list_methods(route: Route) -> set[str]:
    """Return the methods that a description of a route has to name."""
    return {method.lower() for method in route.answers}


def test_every_route_is_described_and_nothing_else() -> None:
    """A route without a line here, or a line without a route, would be a promise broken."""
    routes = {path: list_methods(route) for path, route in EXACT.items()}
    routes |= {f"{prefix}{{}}": list_methods(route) for prefix, route in PREFIXES.items()}
    described = {
        re.sub(r"\{[a-z0-9]+\}$", "{}", path): set(operations)
        for path, operations in DESCRIPTION["paths"].items()
    }
    assert routes == described


def test_every_operation_can_be_named_and_grouped() -> None:
    """Generated clients name their functions after operations."""
    operations = [one for path in DESCRIPTION["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    known = {tag["name"] for tag in DESCRIPTION["tags"]}
    assert known == {tag for one in operations for tag in one["tags"]}
    assert all(one["summary"] for one in operations)


def test_the_description_is_valid() -> None:
    """It is OpenAPI 3.1 to those who read it."""
    SCHEMA.validate()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run an edge that serves a feature of each type, and counts no guesses."""
    with RedisServer() as server:
        put(
            server,
            build_part("access", build_access(), 1),
            build_content(1, definitions=build_typed_definitions()),
        )
        environ = {
            "REDIS_URL": server.url,
            "LANDFALL_GUESSES_PER_MINUTE": "1000000",
            "LANDFALL_EDGE_TOKEN": EDGE_TOKEN,
        }
        with Node(tmp_path_factory.mktemp("edge"), environ) as edge:
            yield edge


@pytest.mark.xdist_group("description")
def test_the_description_is_served(node: Node) -> None:
    """Byte by byte, without a token, and once an hour."""
    answer = requests.get(f"{node.base}/api/delivery.yaml", timeout=10)
    assert FILE.read_bytes() == answer.content
    known = {"If-None-Match": answer.headers["etag"]}
    again = requests.get(f"{node.base}/api/delivery.yaml", headers=known, timeout=10)
    assert 304 == again.status_code


@pytest.mark.xdist_group("description")
@pytest.mark.parametrize("mode", GenerationMode, ids=["as-described", "otherwise"])
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_nothing_is_answered_but_what_is_described(
    node: Node, label: str, mode: GenerationMode
) -> None:
    """No 5xx, no status, type, header or body beside the description, whatever is asked."""
    operation = OPERATIONS[label]
    right = SHOWN.get((operation.tags or [""])[0], FRONTEND)
    session = requests.Session()
    statuses = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="LANDFALL_FUZZ_EXAMPLES" not in os.environ,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(mode),
        token=st.sampled_from([right] * 12 + [*STRAY]),
        there=st.booleans(),
    )
    def ask(case: Case[Any], token: str, there: Any) -> None:
        if there:
            known = {name: THERE[name] for name in case.path_parameters or {}}
            case.path_parameters = {**(case.path_parameters or {}), **known}
        statuses.add(check(session, node, case, token))

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
    # A node that refuses everything would be as described, too.
    assert statuses & {200, 202} or mode is GenerationMode.NEGATIVE


def check(session: requests.Session, node: Node, case: Case[Any], token: str) -> int:
    """Ask once, hold the answer against the description, and return its status.

    Of a stream the head alone is read.
    """
    sent = case.as_transport_kwargs(base_url=node.base)
    headers = {**(sent.pop("headers") or {})}
    headers.pop("Authorization", None)
    if token:
        headers["Authorization"] = token
    with session.request(**sent, headers=headers, stream=True, timeout=20) as answer:
        if answer.headers.get("content-type") == "text/event-stream":
            assert 200 == answer.status_code
            assert case.operation.definition.raw["operationId"].startswith("stream")
            return 200
        answer.content  # noqa: B018 - reads the body
        case.validate_response(answer, checks=ASKED, headers=headers, transport_kwargs=sent)
        return answer.status_code
