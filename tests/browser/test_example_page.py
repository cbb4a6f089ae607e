"""The example page in a real Chromium: two SDKs from another origin than the server's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Page, Request, Response, expect

from launch.javascript import EXAMPLES, NODE
from tests.clients.javascript import need_packages
from tests.node import Node, put, put_world
from tests.product import eventually, free_port
from tests.redis_server import RedisServer
from tests.unit.delivery.world import (
    FRONTEND,
    build_content,
    build_definitions,
    build_kill,
    build_part,
)

KEPT = ("/api/frontend", "/ofrep/v1/evaluate/flags")


@dataclass
class Site:
    """The node, the page's own server, and what the page has asked and been told."""

    redis: RedisServer
    node: Node
    address: str
    faults: list[str] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)

    def open(self, page: Page) -> None:
        """Open the page as somebody in Singapore, and wait until it is told of changes."""
        page.on(
            "console", lambda line: self.faults.append(line.text) if line.type == "error" else None
        )
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self.see)
        page.on("response", self.note)
        page.goto(f"{self.address}/?landfall={self.node.base}&token={FRONTEND}")
        expect(page.locator("#state")).to_have_text("Live: changes come by themselves.")

    def see(self, request: Request) -> None:
        """Note who else is asked."""
        if not request.url.startswith((self.address, self.node.base, "data:")):
            self.faults.append(f"asked {request.url}")

    def note(self, response: Response) -> None:
        """Note how the node answered."""
        if response.url.startswith(self.node.base):
            path = response.url.removeprefix(self.node.base).partition("?")[0]
            self.answers.append((path, response.status))


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start a node, and serve the page as its README says."""
    need_packages()
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        put_world(redis)
        node = stack.enter_context(Node(tmp_path_factory.mktemp("node"), {"REDIS_URL": redis.url}))
        port = free_port()
        server = subprocess.Popen(
            [str(NODE), "browser/serve.js"],
            cwd=EXAMPLES,
            env=os.environ | {"PAGE_PORT": str(port)},
            stdout=subprocess.DEVNULL,
        )
        stack.callback(server.wait)
        stack.callback(server.kill)
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: httpx.get(f"{address}/dist/page.js").is_success)
        yield Site(redis, node, address)


def test_both_sdks_follow_changes_from_another_origin(site: Site, page: Page) -> None:
    """A withdrawn offer and a kill switch reach the open page; nobody else is asked."""
    site.open(page)
    unleash, ofrep = page.locator("#unleash"), page.locator("#ofrep")
    expect(unleash.locator("[data-key=pay]")).to_have_text("payon")
    expect(ofrep.locator("[data-key=pay]")).to_have_text("paytrue · LIVE")
    expect(ofrep.locator("[data-key=home]")).to_contain_text("VARIANT")
    put(site.redis, build_content(2, definitions=build_definitions(pay_in="withdrawn")))
    expect(unleash.locator("[data-key=pay]")).to_have_count(0)
    expect(ofrep.locator("[data-key=pay]")).to_have_text("payfalse · WITHDRAWN")
    put(site.redis, build_part("kills", {"switches": [build_kill("chat")]}, 3))
    expect(unleash.locator("[data-key=chat]")).to_have_count(0)
    expect(ofrep.locator("[data-key=chat]")).to_have_text("chatfalse · KILLED")
    assert [] == site.faults
    assert {200} == {status for path, status in site.answers if path not in KEPT}
    assert {status for path, status in site.answers if path in KEPT} <= {200, 304}


def test_a_hint_that_changes_nothing_costs_no_body(site: Site, page: Page) -> None:
    """Both SDKs ask again with their ETag, and are told 304 across origins."""
    site.open(page)
    site.answers.clear()
    put(site.redis, build_part("kills", {"switches": [build_kill("nothing-here")]}, 2))
    wanted = {(path, 304) for path in KEPT}
    # Playwright hears of answers while it waits for something.
    for _ in range(100):
        if wanted <= set(site.answers):
            break
        page.wait_for_timeout(50)
    assert wanted <= set(site.answers)
    expect(page.locator("#unleash [data-key=pay]")).to_have_text("payon")


def test_another_person_gets_other_answers(site: Site, page: Page) -> None:
    """The form asks as somebody else: France has no payments."""
    site.open(page)
    page.fill("[name=accountCountry]", "fra")
    page.click("#person button")
    expect(page.locator("#unleash [data-key=pay]")).to_have_count(0)
    expect(page.locator("#ofrep [data-key=pay]")).to_have_text("payfalse · NOT_OFFERED")
    assert [] == site.faults


def test_whoever_moved_hears_of_where_they_are(site: Site, page: Page) -> None:
    """Listen at the address of the new person: what changes in Malaysia only reaches them."""
    site.open(page)
    page.fill("[name=accountCountry]", "MYS")
    page.fill("[name=locationCountry]", "MYS")
    page.fill("[name=storefrontCountry]", "MYS")
    with page.expect_request(lambda request: "/api/stream?" in request.url):
        page.click("#person button")
    chat = page.locator("#ofrep [data-key=chat]")
    expect(page.locator("#state")).to_have_text("Live: changes come by themselves.")
    expect(chat).to_have_text("chattrue · LIVE")
    put(site.redis, build_part("kills", {"switches": [build_kill("chat", "MY")]}, 2))
    expect(chat).to_have_text("chatfalse · KILLED")
    assert [] == site.faults


def test_a_page_that_comes_first_waits_for_landfall(site: Site, page: Page) -> None:
    """Say that nobody answers, ask again by itself, and go on as if nothing had been."""
    away = "**/api/variant"
    page.route(away, lambda route: route.abort())
    page.goto(f"{site.address}/?landfall={site.node.base}&token={FRONTEND}")
    state = page.locator("#state")
    expect(state).to_have_text("Landfall cannot be reached; trying again.")
    page.unroute(away)
    expect(state).to_have_text("Live: changes come by themselves.")
    expect(page.locator("#unleash [data-key=pay]")).to_have_text("payon")


def test_a_token_that_nobody_knows_is_told(site: Site, page: Page) -> None:
    """A sentence, no object, and no second try."""
    page.goto(f"{site.address}/?landfall={site.node.base}&token=superapp:production.nobodys-own")
    expect(page.locator("#state")).to_have_text("Landfall does not know this token.")
