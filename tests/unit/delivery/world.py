"""A small published world and a client that talks to delivery without a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from flags.delivery.app import App, build
from flags.delivery.prepared import prepare
from flags.delivery.settings import Settings
from flags.delivery.state import State
from flags.engine.definitions import (
    Bundle,
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    Market,
    Member,
    Offer,
    Payload,
    Place,
    Rule,
    Strategy,
    Target,
    Territory,
    Variant,
)
from flags.publishing.memory_store import MemoryStore
from flags.publishing.snapshot import Access, Content, Token
from flags.publishing.store import Head, PartKey, StoredPart
from regions import canonical
from regions.translations.bundles import LocaleTexts, Texts

ENVIRONMENT = "production"
APP = "superapp"
BACKEND = "superapp:production.demo-backend"
FRONTEND = "superapp:production.demo-frontend"
PREVIEW = "superapp:production.demo-preview"
EVERYTHING = "*:production.demo-everything"
EXPIRED = "superapp:production.demo-expired"
OTHER_APP = "miniapp:production.demo-mini"
SINGAPORE = {"userId": "7", "properties": {"accountCountry": "SG"}}

REASONS_EN = canonical.encode({"reason.LIVE": "Ready", "reason.KILLED": "Paused"})
REASONS_ZH = canonical.encode({"reason.LIVE": "可用", "reason.KILLED": "已暂停"})
WALLET_EN = canonical.encode({"wallet.unavailable": "Not in your region yet"})


def digest(body: bytes) -> str:
    """Return the SHA-256 that a body is known by."""
    return sha256(body).hexdigest()


def build_texts() -> tuple[Texts, dict[str, bytes]]:
    """Build texts in English and Chinese with their bundles."""
    bodies = {digest(body): body for body in (REASONS_EN, REASONS_ZH, WALLET_EN)}
    english = {"reasons": digest(REASONS_EN), "wallet": digest(WALLET_EN)}
    chinese = {"reasons": digest(REASONS_ZH), "wallet": digest(WALLET_EN)}
    locales = {
        "en": LocaleTexts(chain=("en",), direction="ltr", bundles=english),
        "zh-Hans": LocaleTexts(chain=("zh-Hans", "en"), direction="ltr", bundles=chinese),
    }
    return Texts(source_locale="en", locales=locales), bodies


def build_definitions(*, pay_in: str = "live", app: str = APP) -> Definitions:
    """Build four features: one offered in SG, one everywhere, a variant, a number."""
    everybody = Strategy(name="default")
    split = Strategy(
        name="flexibleRollout",
        parameters={"rollout": "100", "stickiness": "userId", "groupId": "home"},
        variants=(
            Variant(name="grid", weight=1, payload=Payload("string", "grid")),
            Variant(name="list", weight=999, payload=Payload("string", "list")),
        ),
    )
    pay = Feature(
        key="pay",
        bundle="commerce",
        offer_basis="account",
        law_basis=("account",),
        text_key="wallet.unavailable",
        strategies=(everybody,),
    )
    return Definitions(
        app=app,
        environment=ENVIRONMENT,
        territories=(Territory("MY", "Asia/Kuala_Lumpur"), Territory("SG", "Asia/Singapore")),
        markets=(Market("ASEAN", 1, (Member("MY"), Member("SG"))),),
        bundles=(Bundle("commerce", "Commerce"),),
        features=(
            Feature(key="chat", strategies=(everybody,)),
            Feature(key="home", value_type="string", off_value="list", strategies=(split,)),
            pay,
        ),
        offers=(
            Offer(
                rule=Rule(key="offer-sg", reason="launched", owner="ana"),
                target=Target(feature="pay"),
                place=Place("territory", "SG"),
                status=pay_in,  # type: ignore[arg-type]
            ),
        ),
    )


def build_order(territory: str) -> LegalOrder:
    """Build an order that blocks `pay` in a territory."""
    return LegalOrder(
        rule=Rule(key="order-1", reason="ruling", owner="law"),
        targets=(Target(feature="pay"),),
        place=Place("territory", territory),
        effective=date(2026, 1, 1),
    )


def build_kill(feature: str = "chat", territory: str = "") -> KillSwitch:
    """Build a kill switch that is pulled."""
    return KillSwitch(
        rule=Rule(key="kill-1", reason="incident", owner="ops"),
        target=Target(feature=feature),
        since=datetime(2026, 1, 1, tzinfo=UTC),
        expires=datetime(2036, 1, 1, tzinfo=UTC),
        territory=territory,
    )


def build_access(*, without: Iterable[str] = ()) -> Access:
    """Build the tokens of the world."""
    kinds = {
        BACKEND: ("superapp", "backend"),
        FRONTEND: ("superapp", "frontend"),
        PREVIEW: ("superapp", "preview"),
        EVERYTHING: ("*", "frontend"),
        OTHER_APP: ("miniapp", "frontend"),
    }
    tokens = [
        Token(digest=digest(text.encode()), app=app, kind=kind)  # type: ignore[arg-type]
        for text, (app, kind) in kinds.items()
        if text not in set(without)
    ]
    expired = Token(
        digest=digest(EXPIRED.encode()),
        app="superapp",
        kind="frontend",
        expires=datetime(2020, 1, 1, tzinfo=UTC),
    )
    return Access(apps=("superapp",), tokens=(*tokens, expired))


def build_part(
    part: str, value: object, revision: int, *, app: str = APP, epoch: int = 1
) -> StoredPart:
    """Build a published part of a value."""
    body = canonical.encode(value)
    return StoredPart(
        key=PartKey(ENVIRONMENT, "*" if part == "access" else app, part),
        head=Head(epoch, revision, canonical.digest(body)),
        body=body,
    )


def build_content(revision: int, *, definitions: Definitions | None = None) -> StoredPart:
    """Build the content part of the world."""
    texts, _bodies = build_texts()
    return build_part("content", Content(definitions or build_definitions(), texts), revision)


def build_store(*parts: StoredPart) -> MemoryStore:
    """Build a store with the world's texts and tokens, and what else is given."""
    store = MemoryStore()
    for sha, body in build_texts()[1].items():
        store.put_blob(sha, body)
    for part in parts or (build_content(1),):
        store.put(part)
    store.put(build_part("access", build_access(), 1))
    return store


async def fill(state: State, *parts: StoredPart) -> None:
    """Activate parts as a polling thread would have them activated."""
    bodies = build_texts()[1]
    state.hear({part.key: part.head for part in parts})
    await state.activate([prepare(part, bodies.get) for part in parts])


@dataclass(frozen=True, slots=True)
class Answer:
    """What delivery answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body's JSON value."""
        return json.loads(self.body)


class Client:
    """Ask an ASGI application as a client would."""

    def __init__(self, app: App, *, token: str = "") -> None:
        self.app = app
        self.token = token

    def ask(
        self,
        method: str,
        target: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json_body: object = None,
    ) -> Answer:
        """Send one request and return the whole answer."""
        return asyncio.run(
            self.send(method, target, token=token, headers=headers, body=body, json_body=json_body)
        )

    def get(self, target: str, **options: Any) -> Answer:
        """Send a GET."""
        return self.ask("GET", target, **options)

    def post(self, target: str, json_body: object = None, **options: Any) -> Answer:
        """Send a POST with a JSON body."""
        return self.ask("POST", target, json_body=json_body, **options)

    async def send(
        self,
        method: str,
        target: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json_body: object = None,
    ) -> Answer:
        """Send one request on the running loop."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        shown = self.token if token is None else token
        if shown:
            sent.setdefault("authorization", shown)
        if body is None and (json_body is not None or method == "POST"):
            body = json.dumps({} if json_body is None else json_body).encode()
        if method == "POST":
            sent.setdefault("content-type", "application/json")
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": ("192.0.2.7", 4711),
        }
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body or b"", "more_body": False}

        async def note(message: Any) -> None:
            messages.append(message)

        await self.app(scope, receive, note)
        start = messages[0]
        names = [name for name, _value in start["headers"] if name != b"vary"]
        assert len(names) == len(set(names)), f"a header was sent twice: {start['headers']}"
        told: dict[str, str] = {}
        for name, value in start["headers"]:
            before = told.get(name.decode())
            told[name.decode()] = f"{before}, {value.decode()}" if before else value.decode()
        return Answer(
            status=start["status"],
            headers=told,
            body=b"".join(message.get("body", b"") for message in messages[1:]),
        )


def build_client(
    *parts: StoredPart, token: str = FRONTEND, settings: Settings | None = None
) -> Client:
    """Build a client of a node that serves the world."""
    state = State()
    asyncio.run(
        fill(state, *(parts or (build_content(1), build_part("access", build_access(), 1))))
    )
    return Client(build(state, settings=settings), token=token)
