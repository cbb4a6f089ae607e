"""The real SDKs against a real node."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from UnleashClient import UnleashClient

from tests.node import Node, put, put_world
from tests.product import eventually
from tests.redis_server import RedisServer
from tests.unit.delivery.typed import TYPES, build_typed_definitions
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_content,
    build_definitions,
    build_kill,
    build_part,
)

# The tests share a node and come in any order: each publishes something newer.
revisions = count(2)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Run a Redis for the module."""
    with RedisServer() as server:
        put_world(server)
        yield server


@pytest.fixture(scope="module")
def node(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Run an edge for the module."""
    with Node(tmp_path_factory.mktemp("edge"), {"REDIS_URL": redis.url}) as edge:
        yield edge


@pytest.fixture
def unleash(node: Node, tmp_path: Path) -> Iterator[UnleashClient]:
    """Run the real Unleash SDK, polling every second."""
    client = UnleashClient(
        url=f"{node.base}/api",
        app_name="journey",
        environment="production",
        refresh_interval=1,
        metrics_interval=1,
        custom_headers={"Authorization": BACKEND},
        cache_directory=str(tmp_path),
    )
    client.initialize_client()
    eventually(client.feature_definitions)
    yield client
    client.destroy()


def in_territory(code: str) -> dict[str, Any]:
    """Return the context that the context helper sends for a territory."""
    return {"userId": "7", "properties": {"accountCountry": code}}


def test_unleash_gets_what_the_node_decides(unleash: UnleashClient) -> None:
    """Evaluate lowered definitions in the SDK: the offer holds in SG alone."""
    assert sorted(unleash.feature_definitions()) == ["chat", "home", "pay"]
    assert unleash.is_enabled("pay", in_territory("SG"))
    assert not unleash.is_enabled("pay", in_territory("FR"))
    assert not unleash.is_enabled("pay", {"userId": "7"})
    assert unleash.get_variant("home", in_territory("SG"))["name"] in {"grid", "list"}


def test_unleash_follows_a_change_and_reports_its_counts(
    node: Node, redis: RedisServer, unleash: UnleashClient
) -> None:
    """Poll a new revision, get 304 in between, have metrics and registration accepted."""
    unleash.is_enabled("pay", in_territory("SG"))
    put(redis, build_content(next(revisions), definitions=build_definitions(pay_in="withdrawn")))
    eventually(lambda: not unleash.is_enabled("pay", in_territory("SG")), within_seconds=5)
    put(redis, build_content(next(revisions)))
    eventually(lambda: unleash.is_enabled("pay", in_territory("SG")), within_seconds=5)
    routes = {
        ("client_features", "200"),
        ("client_features", "304"),
        ("client_register", "202"),
        ("client_metrics", "202"),
    }
    for route, status in routes:
        name = f'landfall_requests_total{{route="{route}",status="{status}"}}'
        eventually(lambda name=name: node.count(name) > 0)  # type: ignore[misc]


@pytest.mark.parametrize("token", [FRONTEND, BACKEND])
def test_ofrep_evaluates_single_flags(node: Node, token: str) -> None:
    """Resolve values, variants and reasons through the real provider."""
    provider = OFREPProvider(
        node.base, headers_factory=lambda: {"Authorization": f"Bearer {token}"}
    )
    api.set_provider(provider)
    client = api.get_client()
    singapore = EvaluationContext(targeting_key="7", attributes={"accountCountry": "SG"})
    france = EvaluationContext(targeting_key="7", attributes={"accountCountry": "FR"})
    found = client.get_boolean_details("pay", False, singapore)
    assert (found.value, str(found.reason), found.variant) == (True, "TARGETING_MATCH", "on")
    assert client.get_boolean_value("pay", True, france) is False
    assert client.get_string_value("home", "none", singapore) in {"grid", "list"}
    missing = client.get_boolean_details("nope", True, singapore)
    assert (missing.value, str(missing.error_code)) == (True, "FLAG_NOT_FOUND")
    wrong = client.get_integer_details("home", 5, singapore)
    assert (wrong.value, str(wrong.error_code)) == (5, "TYPE_MISMATCH")


def test_a_kill_reaches_both_kinds_of_sdk(
    node: Node, redis: RedisServer, unleash: UnleashClient
) -> None:
    """Turn a feature off for everybody, whatever the protocol."""
    put(redis, build_part("kills", {"switches": [build_kill("chat")]}, next(revisions)))
    eventually(lambda: not unleash.is_enabled("chat", in_territory("SG")), within_seconds=5)
    provider = OFREPProvider(node.base, headers_factory=lambda: {"X-API-Key": FRONTEND})
    api.set_provider(provider)
    details = api.get_client().get_boolean_details(
        "chat",
        True,
        EvaluationContext(targeting_key="7"),
    )
    assert (details.value, details.flag_metadata["landfallReason"]) == (False, "KILLED")
    put(redis, build_part("kills", {"switches": []}, next(revisions)))
    eventually(lambda: unleash.is_enabled("chat", in_territory("SG")), within_seconds=5)


def test_ofrep_gives_every_type_as_itself(node: Node, redis: RedisServer) -> None:
    """The real provider looks at JSON types: 42.0 is no integer to it, and 42 no float."""
    put(redis, build_content(next(revisions), definitions=build_typed_definitions()))
    provider = OFREPProvider(node.base, headers_factory=lambda: {"X-API-Key": FRONTEND})
    api.set_provider(provider)
    client = api.get_client()
    singapore = EvaluationContext(targeting_key="7", attributes={"accountCountry": "SG"})
    france = EvaluationContext(targeting_key="7", attributes={"accountCountry": "FR"})
    eventually(lambda: client.get_integer_value("limit", -1, singapore) == 42)
    asks: dict[str, Any] = {
        "is-on": (client.get_boolean_details, None),
        "word": (client.get_string_details, "default"),
        "scale": (client.get_float_details, -1.5),
        "limit": (client.get_integer_details, -1),
        "layout": (client.get_object_details, {"default": True}),
    }
    for key, (_kind, off, _payload, value) in TYPES.items():
        ask, default = asks[key]
        for person, expected in ((singapore, value), (france, off)):
            found = ask(key, default, person)
            assert (None, expected) == (found.error_code, found.value)
            assert type(expected) is type(found.value)
    wrong = client.get_float_details("limit", 0.5, singapore)
    assert (0.5, "TYPE_MISMATCH") == (wrong.value, str(wrong.error_code))
    nobody = client.get_boolean_details("users", True, EvaluationContext())
    assert (True, "TARGETING_KEY_MISSING") == (nobody.value, str(nobody.error_code))
    put(redis, build_content(next(revisions)))
    eventually(lambda: client.get_boolean_value("chat", False, singapore))
