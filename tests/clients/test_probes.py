"""Acceptance probes written by others, in every mode, against a real node.

They drive the real SDKs from outside and know nothing of this project; it keeps no copy of
them. `test_official_sdks.py` drives the same SDKs with what stands in this repository.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from flags.engine.definitions import Definitions, Feature, Payload, Strategy, Variant
from launch.javascript import EXAMPLES, NODE
from tests.node import Node, put
from tests.product import ROOT
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_access,
    build_content,
    build_definitions,
    build_part,
)

TOOLS = Path(os.environ.get("LANDFALL_SHARED") or ROOT.parent / "shared") / "tools"

pytestmark = [
    pytest.mark.xdist_group("probes"),
    pytest.mark.skipif(
        not (TOOLS / "sdk_probe.py").exists(),
        reason="needs sdk_probe.py and sdk_probe.mjs, which this repository does not hold: name in"
        " LANDFALL_SHARED the folder that has them in tools/",
    ),
]

OTHER_ORIGIN = "https://shop.example"
UNLEASH = '{"userId": "7", "accountCountry": "SG"}'
OFREP = '{"targetingKey": "7", "accountCountry": "SG"}'
ELSEWHERE = '{"targetingKey": "7", "accountCountry": "FR"}'
VALUES = {
    "boolean": ("pay", "true"),
    "string": ("home", '"list"'),
    "integer": ("count", "42"),
    "number": ("limit", "42"),
    "float": ("ratio", "3.5"),
    "object": ("shape", '{"steps":2}'),
}


NAMING = ("--mode", "--type", "--auth", "--polls", "--project", "--name-prefix", "--tag")
SWITCHES = ("--post", "--sse", "--metrics")


class Case(NamedTuple):
    """One run of a probe: which, over which address, with which token and arguments."""

    tool: str
    sdk: str
    path: str
    token: str
    arguments: tuple[str, ...]
    status: int = 0

    @property
    def name(self) -> str:
        """Return what a report calls it."""
        told = dict(zip(self.arguments, (*self.arguments[1:], ""), strict=True))
        words = [f"{name} {told[name]}" for name in NAMING if name in told]
        words += [name.lstrip("-") for name in SWITCHES if name in told]
        given = f"refused {self.token}" if self.status else ""
        return " ".join(filter(None, (self.sdk, given, *words))).replace("--", "")


def list_backend() -> Iterator[Case]:
    """List the modes of SDKs that evaluate by themselves."""
    asked: tuple[str, ...] = ("--flag", "pay", "--flag", "home", "--context", UNLEASH)
    asked += ("--expect-enabled", "pay=true", "--expect-variant", "home=list")
    polled = (*asked, "--polls", "2", "--expect-status", "/client/features=200,304")
    reported: tuple[str, ...] = ("--metrics", "--expect-status", "/client/metrics=202")
    reported += ("--expect-status", "/client/register=202")
    one = ("--flag", "pay", "--context", UNLEASH, "--expect-enabled", "true")
    yield Case("py", "unleash", "/api", BACKEND, polled)
    yield Case("py", "unleash", "/api", BACKEND, (*asked, *reported))
    yield Case("py", "unleash", "/api", BACKEND, (*asked, "--project", "superapp"))
    yield Case("py", "unleash-stream", "/api", BACKEND, asked)
    yield Case("py", "unleash-stream", "/api", "wrong", (*asked, "--timeout", "3"), status=3)
    yield Case("py", "unleash", "/api", "wrong", asked, status=3)
    yield Case("py", "unleash", "/api", FRONTEND, asked, status=3)
    yield Case("mjs", "unleash-client", "/api", BACKEND, polled)
    yield Case("mjs", "unleash-client", "/api", BACKEND, (*asked, *reported))
    yield Case("mjs", "unleash-client", "/api", BACKEND, (*asked, "--project", "superapp"))
    yield Case("mjs", "unleash-client", "/api", BACKEND, (*one, "--name-prefix", "p"))
    yield Case("mjs", "unleash-client", "/api", BACKEND, (*one, "--tag", "bundle:commerce"))
    delta = (*asked, "--mode", "delta")
    for more in ((), ("--project", "superapp")):
        yield Case("mjs", "unleash-client", "/api", BACKEND, (*delta, *more))
        yield Case("mjs", "unleash-client", "/api", BACKEND, (*asked, "--mode", "streaming", *more))
    polled = (*delta, "--polls", "2", "--expect-status", "/client/delta=200,304")
    yield Case("mjs", "unleash-client", "/api", BACKEND, polled)
    yield Case("mjs", "unleash-client", "/api", "wrong", asked, status=3)


def list_frontend() -> Iterator[Case]:
    """List the modes of Unleash's browser SDK, from another site."""
    asked: tuple[str, ...] = ("--flag", "pay", "--flag", "home", "--context", UNLEASH)
    asked += ("--polls", "2")
    asked += ("--origin", OTHER_ORIGIN, "--expect-enabled", "true", "--expect-variant", "home=list")
    reported = ("--metrics", "--expect-status", "/client/metrics=200")
    for sent in ((), ("--post",)):
        answered = ("--expect-status", "/api/frontend=200,304")
        yield Case(
            "mjs", "unleash-proxy-client", "/api/frontend", FRONTEND, (*asked, *sent, *answered)
        )
        yield Case(
            "mjs", "unleash-proxy-client", "/api/frontend", FRONTEND, (*asked, *sent, *reported)
        )
    yield Case("mjs", "unleash-proxy-client", "/api/frontend", "wrong", asked, status=3)


def list_ofrep() -> Iterator[Case]:
    """List the modes of OpenFeature's providers: every type, every way to send the token."""
    for tool, sdk, types in (
        ("py", "ofrep", ("boolean", "string", "integer", "float", "object")),
        ("mjs", "ofrep-server", ("boolean", "string", "number", "object")),
        ("mjs", "ofrep-web", ("boolean", "string", "number", "object")),
    ):
        away = ("--origin", OTHER_ORIGIN) if sdk == "ofrep-web" else ()
        asked: tuple[str, ...]
        for kind in types:
            flag, value = VALUES[kind]
            asked = ("--flag", flag, "--context", OFREP, "--type", kind, "--expect-value", value)
            yield Case(tool, sdk, "", FRONTEND, (*asked, *away))
        for sent in ("bearer", "raw", "x-api-key"):
            asked = ("--flag", "pay", "--context", ELSEWHERE, "--expect-enabled", "false")
            yield Case(tool, sdk, "", FRONTEND, (*asked, "--auth", sent, *away))
        refused = ("--flag", "pay", "--context", OFREP, "--expect-enabled", "true")
        yield Case(tool, sdk, "", "wrong", refused, status=3)
    again = ("--flag", "pay", "--context", OFREP, "--polls", "2", "--origin", OTHER_ORIGIN)
    yield Case(
        "mjs", "ofrep-web", "", FRONTEND, (*again, "--expect-status", "/evaluate/flags=200,304")
    )
    told = ("--flag", "pay", "--context", OFREP, "--sse", "--expect-enabled", "true")
    yield Case("mjs", "ofrep-web", "", FRONTEND, (*told, "--origin", OTHER_ORIGIN))


CASES = {case.name: case for case in (*list_backend(), *list_frontend(), *list_ofrep())}


def build_typed() -> Definitions:
    """Build the usual world with a feature of every other type."""
    world = build_definitions()
    typed = [
        Feature(
            key=key,
            value_type=value_type,  # type: ignore[arg-type]
            off_value=off_value,
            strategies=(
                Strategy(
                    name="flexibleRollout",
                    parameters={"rollout": "100", "stickiness": "userId", "groupId": key},
                    variants=(Variant(name="only", weight=1000, payload=Payload(kind, text)),),
                ),
            ),
        )
        for key, value_type, off_value, kind, text in (
            ("count", "integer", 0, "number", "42"),
            ("limit", "number", 0, "number", "42"),
            ("ratio", "number", 0.5, "number", "3.5"),
            ("shape", "json", {}, "json", '{"steps":2}'),
        )
    ]
    return msgspec.structs.replace(world, features=(*world.features, *typed))


def run_probe(base: str, case: Case) -> subprocess.CompletedProcess[str]:
    """Run a probe as its own help says."""
    script = TOOLS / f"sdk_probe.{case.tool}"
    program = [sys.executable] if case.tool == "py" else [str(NODE)]
    command = [*program, str(script), "--sdk", case.sdk, "--url", base + case.path]
    command += ["--token", case.token, *case.arguments]
    return subprocess.run(
        command,
        cwd=EXAMPLES,
        env=os.environ | {"SDK_PROBE_MODULES": str(EXAMPLES), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


@pytest.fixture(scope="module")
def ended(
    packages: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run all probes, four at a time: each mostly waits."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        content = build_content(1, definitions=build_typed())
        put(redis, build_part("access", build_access(), 1), content)
        environ = {"REDIS_URL": redis.url, "LANDFALL_OFREP_STREAM": "1"}
        node = stack.enter_context(Node(tmp_path_factory.mktemp("node"), environ))
        with ThreadPoolExecutor(max_workers=4) as pool:
            done = pool.map(lambda case: run_probe(node.base, case), CASES.values())
            return dict(zip(CASES, done, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_probe_ends_as_it_should(
    ended: dict[str, subprocess.CompletedProcess[str]], name: str
) -> None:
    """What a real SDK gets, sends and is answered is what it was told to expect."""
    done = ended[name]
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert CASES[name].status == done.returncode, (said.get("failures"), said["log"], said["http"])
    if "--sse" in CASES[name].arguments:
        assert [(True, 0)] == [(one["opened"], one["errors"]) for one in said["sse"]]
