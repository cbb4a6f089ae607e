"""How large the variant manifest is, and what it costs beside `/api/frontend`.

Loads the demo into a database of its own in a temporary folder, and answers by calling the
ASGI application in this process: no server, no network. `python -m bench.variant_bytes`.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlencode

import django
import zstandard

FOLDER = tempfile.TemporaryDirectory(prefix="lfbench")
os.environ |= {"DEBUG": "1", "LANDFALL_DEMO": "1", "LANDFALL_DATA_DIR": FOLDER.name}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

# Django has to be set up before its models are imported.
from django.core.management import call_command  # noqa: E402

from flags.delivery.app import App, build  # noqa: E402
from flags.delivery.prepared import prepare  # noqa: E402
from flags.delivery.state import State  # noqa: E402
from flags.demo.load import load_demo  # noqa: E402
from flags.publishing.snapshot import Access, Content, Token  # noqa: E402
from flags.publishing.store import Head, PartKey, StoredPart  # noqa: E402
from flags.queries.definitions import load_definitions, load_kills  # noqa: E402
from regions import canonical  # noqa: E402
from regions.translations.ota import build_texts  # noqa: E402

APP = "superapp"
ENVIRONMENT = "production"
TOKEN = f"{APP}:{ENVIRONMENT}.bench-variant"
PHONE = {"platform": "ios", "osVersion": "18.0.0", "appVersion": "8.0.70", "age": "30"}
PEOPLE = (
    ("zh-Hans", "CN"), ("zh-Hant", "HK"), ("en", "US"), ("en", "DE"), ("de", "DE"),
    ("es-419", "MX"), ("pt", "BR"), ("hi", "IN"), ("ar", "SA"), ("fr", "FR"),
)  # fmt: skip
# What a document consists of, in the order in which the columns stand.
PARTS = {
    "place": ("territory", "formats"),
    "person": ("signals", "client", "locale", "texts", "stream"),
    "bundles": ("bundles", "campaigns"),
    "features": ("features",),
}
CONTEXTS = 2_000
TURN_SECONDS = 0.2
PATHS = ("/api/frontend", "/api/variant")


class Case(NamedTuple):
    """How it is asked; `known` sends ETags, `fresh` asks in words that nobody used before."""

    method: str
    known: bool = False
    fresh: bool = False


CASES = {
    "whole, asked before": Case("GET"),
    "unchanged, asked before": Case("GET", known=True),
    "whole, new, by GET": Case("GET", fresh=True),
    "whole, new, by POST": Case("POST", fresh=True),
    "unchanged, new, by POST": Case("POST", known=True, fresh=True),
}


class Reply(NamedTuple):
    """What the application answered."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    load_demo(now=datetime.now(UTC))
    with asyncio.Runner() as runner:
        app = runner.run(build_app(*load_parts()))
        print_sizes(app, runner)
        print_costs(app, runner, options.rounds)


def load_parts() -> tuple[list[StoredPart], dict[str, bytes]]:
    """Load what a node answers from, of the demo's production."""
    texts, blobs = build_texts(ENVIRONMENT)
    token = Token(digest=sha256(TOKEN.encode()).hexdigest(), app=APP, kind="frontend")
    values = {
        "content": Content(load_definitions(APP, ENVIRONMENT), texts),
        "kills": load_kills(APP, ENVIRONMENT),
        "access": Access(apps=(APP,), tokens=(token,)),
    }
    parts = []
    for part, value in values.items():
        body = canonical.encode(value)
        key = PartKey(ENVIRONMENT, "*" if part == "access" else APP, part)
        parts.append(StoredPart(key, Head(1, 1, canonical.digest(body)), body))
    return parts, blobs


async def build_app(parts: list[StoredPart], blobs: dict[str, bytes]) -> App:
    """Build a node that serves the parts."""
    state = State()
    state.hear({part.key: part.head for part in parts})
    started = time.perf_counter()
    prepared = [prepare(part, blobs.get) for part in parts]
    print(f"parts prepared, formats read: {time.perf_counter() - started:.2f} s")
    await state.activate(prepared)
    return build(state)


@dataclass(frozen=True, slots=True)
class Question:
    """One request; `etag` is what the client has already."""

    method: str
    path: str
    query: bytes = b""
    body: bytes = b""
    etag: bytes = b""


async def ask(app: App, question: Question) -> Reply:
    """Ask the application as a server would."""
    headers = [(b"authorization", TOKEN.encode()), (b"content-type", b"application/json")]
    if question.etag:
        headers.append((b"if-none-match", question.etag))
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "method": question.method,
        "path": question.path,
        "query_string": question.query,
        "headers": headers,
        "client": ("192.0.2.7", 4711),
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": question.body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Reply(sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"])


def print_sizes(app: App, runner: asyncio.Runner) -> None:
    """Print bytes as they are and compressed, and of what they are made."""
    bodies: dict[tuple[str, str], bytes] = {}
    for locale, code in PEOPLE:
        fields = {**PHONE, "userId": "u-1", "accountCountry": code, "locationCountry": code}
        query = urlencode({**fields, "locale": locale}).encode()
        bodies[locale, code] = runner.run(ask(app, Question("GET", "/api/variant", query))).body
    count = max(len(json.loads(body)["features"]) for body in bodies.values())
    columns = f"{'locale':10} {'in':3} {'raw':>7} {'gzip':>6} {'zstd':>6}"
    print(f"\nmanifest of the demo, {count} features, bytes\n{columns}", end="")
    print("".join(f"{name:>10}" for name in PARTS))
    for (locale, code), body in bodies.items():
        document = json.loads(body)
        parts = "".join(
            f"{sum(len(canonical.encode(document[name])) for name in names):>10}"
            for names in PARTS.values()
        )
        print(f"{locale:10} {code:3} {len(body):>7} {packed(body)} {parts}")
    mean = sum(len(gzip.compress(body, 6)) for body in bodies.values()) / len(bodies)
    print(f"mean by gzip {mean:,.0f}")
    toggles = runner.run(ask(app, Question("GET", "/api/frontend", query))).body
    print(f"{'/api/frontend':14} {len(toggles):>7} {packed(toggles)}   what is on, no words")


def packed(body: bytes) -> str:
    """Return the sizes of a body by gzip -6 and zstd -3."""
    return f"{len(gzip.compress(body, 6)):>6} {len(zstandard.compress(body, 3)):>6}"


def list_people() -> Iterator[dict[str, str]]:
    """List distinct people: locales and countries in turn, each their own id and session."""
    for number in range(CONTEXTS):
        locale, code = PEOPLE[number % len(PEOPLE)]
        yield {
            **PHONE,
            "userId": f"user-{number}",
            "sessionId": f"session-{number}",
            "accountCountry": code,
            "locationCountry": PEOPLE[number // len(PEOPLE) % len(PEOPLE)][1],
            "locale": locale,
        }


def print_costs(app: App, runner: asyncio.Runner, rounds: int) -> None:
    """Print what an answer costs, candidates asked in turn (ABAB)."""
    print(
        f"\nprocessor microseconds an answer, median of {rounds} turns, {CONTEXTS} people in turn"
    )
    print(f"{'':28}{PATHS[0]:>15}{PATHS[1]:>15}{'ratio':>8}")
    for name, case in CASES.items():
        loops = [Loop(app, path, case) for path in PATHS]
        figures: list[list[float]] = [[], []]
        for loop in loops:
            runner.run(loop.run(count=CONTEXTS))
        for _round in range(rounds):
            for loop, found in zip(loops, figures, strict=True):
                found.append(runner.run(loop.run()))
        first, second = (1e6 * statistics.median(found) for found in figures)
        print(f"{name:28}{first:>15.1f}{second:>15.1f}{second / first:>8.2f}")


class Loop:
    """One candidate: asks as one person after the other."""

    def __init__(self, app: App, path: str, case: Case) -> None:
        """Write down who asks, and the ETags that they will have."""
        self.app = app
        self.path = path
        self.case = case
        self.people = list(list_people())
        self.etags: dict[int, bytes] = {}
        self.asked = 0

    async def run(self, count: int = 0) -> float:
        """Ask `count` times, or for a turn, and return the seconds that one answer took."""
        asked, spent = 0, 0.0
        while asked < count or (not count and spent < TURN_SECONDS):
            at = self.asked % len(self.people)
            question = self.word(at)
            self.asked += 1
            asked += 1
            # Of this thread alone: what else the machine does is not the answer's cost.
            started = time.thread_time()
            reply = await ask(self.app, question)
            spent += time.thread_time() - started
            if reply.status not in {200, 304}:
                sys.exit(f"{self.path} answered {reply.status}: {reply.body[:200]!r}")
            if self.case.known:
                self.etags[at] = reply.headers[b"etag"]
        return spent / asked

    def word(self, at: int) -> Question:
        """Return a person's question; a field that no rule reads makes it another one."""
        fields = self.people[at]
        if self.case.fresh:
            fields = {**fields, "asked": str(self.asked)}
        etag = self.etags.get(at, b"")
        if self.case.method == "GET":
            return Question("GET", self.path, query=urlencode(fields).encode(), etag=etag)
        body = json.dumps({"context": fields}).encode()
        return Question("POST", self.path, body=body, etag=etag)


@contextmanager
def cleaned() -> Iterator[None]:
    """Remove the folder at the end."""
    try:
        yield
    finally:
        FOLDER.cleanup()


if __name__ == "__main__":
    with cleaned():
        main()
