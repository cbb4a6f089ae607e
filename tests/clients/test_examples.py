"""The examples as their README says to start them, against a real node: one story for all.

They start, see a feature that is live, see it withdrawn, and lose the node: then what is strict
is off, and the rest stays as it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from launch.javascript import EXAMPLES, NODE
from tests.clients.shop import STRICT, build_shop
from tests.node import Node, put
from tests.product import free_port
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    build_access,
    build_content,
    build_part,
)

pytestmark = pytest.mark.xdist_group("examples")

WAIT_SECONDS = 15.0
SHOPS = {
    "python": ([sys.executable, "python/shop.py"], {}),
    "node polling": ([str(NODE), "node/shop.js"], {"SHOP_MODE": "polling"}),
    "node delta": ([str(NODE), "node/shop.js"], {"SHOP_MODE": "delta"}),
    "node streaming": ([str(NODE), "node/shop.js"], {"SHOP_MODE": "streaming"}),
}
EVERY = (*SHOPS, "mini-program")
Look = Callable[[], dict[str, bool]]


class Examples:
    """The running examples, and what each of them shows to `ana` of Singapore."""

    def __init__(self, stack: ExitStack, base: str, folder: Path) -> None:
        self.stack, self.base, self.folder = stack, base, folder
        self.looks: dict[str, Look] = {}
        self.chapters: dict[str, dict[str, dict[str, bool]]] = {}
        for kind in SHOPS:
            self.looks[kind] = self.open_shop(kind)
        self.looks["mini-program"] = self.start_poller()

    def start(self, name: str, command: list[str], environ: dict[str, str]) -> Path:
        """Start an example; return the file with what it says."""
        said = self.folder / f"{name}.log"
        with said.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=EXAMPLES,
                env=os.environ
                | {"LANDFALL_URL": self.base, "TMPDIR": tempfile.mkdtemp(dir=self.folder)}
                | environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return said

    def open_shop(self, kind: str) -> Look:
        """Start a shop; look at it as its customer does."""
        command, environ = SHOPS[kind]
        port = free_port()
        given = {"SHOP_PORT": str(port), "SHOP_REFRESH_SECONDS": "1", "SHOP_STALE_SECONDS": "4"}
        self.start(kind, command, environ | given | {"LANDFALL_TOKEN": BACKEND})

        def look() -> dict[str, bool]:
            answer = httpx.get(f"http://127.0.0.1:{port}/?user=ana", headers={"X-Country": "SG"})
            features: dict[str, bool] = answer.json()["features"]
            return features

        return look

    def start_poller(self) -> Look:
        """Start the mini-program; look at the last line that it wrote."""
        command = [str(NODE), "mini-program/on-node.js"]
        said = self.start("mini", command, {"POLL_SECONDS": "0.5", "LANDFALL_TOKEN": FRONTEND})

        def look() -> dict[str, bool]:
            on = json.loads(said.read_text(encoding="utf-8").splitlines()[-1])["on"]
            return {key: key in on for key in ("commerce.collections", *STRICT)}

        return look

    def tell(self, chapter: str, expected: Callable[[str], dict[str, bool]]) -> None:
        """Wait until all of them show it, or for a while; keep what each showed at the end."""
        deadline = time.monotonic() + WAIT_SECONDS
        seen: dict[str, dict[str, bool]] = {}
        while time.monotonic() < deadline:
            seen = {kind: self.see(kind) for kind in self.looks}
            if all(expected(kind) == seen[kind] for kind in seen):
                break
            time.sleep(0.05)
        self.chapters[chapter] = seen

    def see(self, kind: str) -> dict[str, bool]:
        """Return what one of them shows; nothing while it starts."""
        try:
            return self.looks[kind]()
        except (httpx.HTTPError, LookupError, ValueError):
            return {}


def show(*, collections: bool, strict: bool) -> dict[str, bool]:
    """Return what a shop shows."""
    return {"commerce.collections": collections, **dict.fromkeys(STRICT, strict)}


@pytest.fixture(scope="module")
def examples(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    """Play the story once, with all examples at the same time."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        live, withdrawn = build_shop("live"), build_shop("withdrawn")
        put(redis, build_part("access", build_access(), 1), build_content(1, definitions=live))
        node = stack.enter_context(Node(tmp_path_factory.mktemp("node"), {"REDIS_URL": redis.url}))
        found = Examples(stack, node.base, tmp_path_factory.mktemp("examples"))
        found.tell("live", lambda _: show(collections=True, strict=True))
        put(redis, build_content(2, definitions=withdrawn))
        found.tell("withdrawn", lambda _: show(collections=False, strict=True))
        put(redis, build_content(3, definitions=live))
        found.tell("again", lambda _: show(collections=True, strict=True))
        node.end()
        found.tell("lost", lambda kind: show(collections=True, strict=kind not in SHOPS))
        yield found


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("chapter", "live"), [("live", True), ("withdrawn", False), ("again", True)]
)
def test_an_example_follows_what_is_published(
    examples: Examples, kind: str, chapter: str, *, live: bool
) -> None:
    """Each of them shows collections in Singapore while they are live there."""
    assert show(collections=live, strict=True) == examples.chapters[chapter][kind]


@pytest.mark.parametrize("kind", SHOPS)
def test_a_shop_without_landfall_takes_no_money(examples: Examples, kind: str) -> None:
    """What is strict is off once nobody knows what holds; the rest stays as it was."""
    assert show(collections=True, strict=False) == examples.chapters["lost"][kind]


def test_a_phone_without_landfall_keeps_what_it_has(examples: Examples) -> None:
    """A mini-program in a tunnel loses no feature."""
    assert show(collections=True, strict=True) == examples.chapters["lost"]["mini-program"]
