"""What web and edge processes have in common: an ASGI application over delivery.

It answers the lifespan protocol itself (Django does not), and ends event streams when the
process is told to stop, since servers wait for open answers. No Django here.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from typing import Any

from config.env import read_bool, read_int, read_networks, read_secret, read_text
from flags.delivery.app import App, build
from flags.delivery.flips import FlipTimers
from flags.delivery.flushing import Flusher
from flags.delivery.memory import Memory
from flags.delivery.pollers import Errand, Feed
from flags.delivery.probed import ProbeFigures
from flags.delivery.settings import Settings
from flags.delivery.sockets import notice_vanished_peers
from flags.delivery.state import State
from flags.delivery.texts import build_finder
from flags.delivery.uses import Uses
from flags.publishing.exposure import add_parcel
from flags.publishing.nodes import make_receipt, write_receipt
from flags.publishing.redis_store import RedisStore
from flags.publishing.store import Keepsake, Source
from flags.publishing.uses import write_uses

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Django's own handler types its arguments more narrowly than ASGI does.
Application = Callable[[Any, Any, Any], Awaitable[None]]

# They stand in the documentation, so anybody may know them.
DEMO_TOKENS = ("superapp:production.demo-backend", "superapp:production.demo-frontend")
# Between the last words to streams and the end of the server's loop.
DRAIN_SECONDS = 0.2


class Node:
    """One process that serves; `behind` answers what delivery does not."""

    def __init__(self, app: App, feed: Feed, behind: Application | None) -> None:
        self.app = app
        self.feed = feed
        self.behind = behind
        self.on_start: list[Callable[[], None]] = []
        self.on_stop: list[Callable[[], Awaitable[None] | None]] = []
        self.flips = FlipTimers(feed.state)
        self.memory = Memory()
        feed.state.on_live.append(self.memory.note_swap)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer an ASGI scope of any type."""
        if scope["type"] == "http":
            if self.behind is None or self.app.takes(scope):
                await self.app(scope, receive, send)
            else:
                await self.behind(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.live(receive, send)
        elif self.behind is not None:
            await self.behind(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        """Answer the lifespan protocol: what runs beside the server starts and ends here."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                notice_vanished_peers()
                await self.feed.start()
                for start in self.on_start:
                    start()
                self.memory.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def drain(self) -> None:
        """End all event streams."""
        await self.app.service.hub.drain()

    async def stop(self) -> None:
        """End what runs beside the server."""
        await self.drain()
        self.feed.stop()
        for stop in self.on_stop:
            ended = stop()
            if ended is not None:
                await ended


def build_node(
    *,
    sources: Sequence[Source],
    redis: RedisStore | None,
    last_known_good: Keepsake | None,
    settings: Settings,
    behind: Application | None = None,
) -> Node:
    """Build a node that reads parts from `sources`, the first of them first."""
    state = State(barred=read_barred_tokens())
    feed = Feed(
        state,
        sources,
        hints=redis,
        last_known_good=last_known_good,
    )
    app = build(state, settings=settings, find_text=build_finder(feed.find_blob))
    if redis is not None:
        figures = ProbeFigures(state.counters)
        feed.errands = list_errands(redis, app.service.gatekeeper.uses, figures)
    node = Node(app, feed, behind)
    app.service.exposure.counts = redis is not None
    if redis is not None:
        flusher = Flusher(app.service.exposure, partial(add_parcel, redis))
        node.on_start.append(flusher.start)
        node.on_stop.append(flusher.stop)
    drain_on_signals(node)
    return node


def read_delivery_settings() -> Settings:
    """Read what an operator has set about delivery."""
    origins = read_text("LANDFALL_ORIGINS", "*").split(",")
    return Settings(
        streams_per_process=read_int("LANDFALL_STREAMS_PER_PROCESS", 12_000, low=0, high=100_000),
        streams_per_token=read_int("LANDFALL_STREAMS_PER_TOKEN", 200, low=1, high=100_000),
        streams_per_address=read_int("LANDFALL_STREAMS_PER_ADDRESS", 200, low=1, high=100_000),
        origins=frozenset(origin.strip() for origin in origins if origin.strip()),
        token_header=read_text("LANDFALL_TOKEN_HEADER").lower().encode(),
        ofrep_stream=read_bool("LANDFALL_OFREP_STREAM", default=False),
        edge_token=read_secret("LANDFALL_EDGE_TOKEN"),
        guesses_per_minute=read_int("LANDFALL_GUESSES_PER_MINUTE", 60, low=1, high=1_000_000),
        trusted_proxies=read_networks("LANDFALL_TRUSTED_PROXIES"),
    )


def read_barred_tokens() -> frozenset[str]:
    """Return the digests of the demo's tokens, unless this is a demo: nobody may use them."""
    if read_bool("DEBUG", default=False) or read_bool("LANDFALL_DEMO", default=False):
        return frozenset()
    return frozenset(hashlib.sha256(text.encode()).hexdigest() for text in DEMO_TOKENS)


def list_errands(redis: RedisStore, uses: Uses, figures: ProbeFigures) -> list[Errand]:
    """Return what a node does with its Redis after each turn, the most important first."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    return [
        lambda state: tell_served(redis, name, state),
        lambda _state: tell_uses(redis, uses),
        lambda _state: figures.renew(redis),
    ]


def tell_served(redis: RedisStore, node: str, state: State) -> None:
    """Tell the admin which revisions this node serves."""
    heads = {key: part.head for key, part in list(state.parts.items())}
    for environment in {key.environment for key in heads}:
        write_receipt(redis, make_receipt(node, environment, heads))


def tell_uses(redis: RedisStore, uses: Uses) -> None:
    """Tell which tokens this node was shown; what cannot be told now is told later."""
    taken = uses.take()
    try:
        write_uses(redis, taken)
    except OSError:
        uses.put_back(taken)
        raise


def drain_on_signals(node: Node) -> None:
    """Have the server's own stop signal end the streams first.

    Granian and uvicorn wait for open answers and would cut streams off, or never end.
    Neither has a hook, so the function that installs their signals is wrapped
    (proved: exit after 0.35 s with open streams).
    """
    if "granian" in sys.modules:
        wrap_granian(node)


def wrap_granian(node: Node) -> None:
    """Wrap granian's installation of a worker's signals."""
    signals: Any = sys.modules["granian._signals"]
    install = signals.set_loop_signals

    def set_loop_signals(loop: asyncio.AbstractEventLoop) -> Any:
        stopping = install(loop)

        async def stop() -> None:
            try:
                await node.drain()
                await asyncio.sleep(DRAIN_SECONDS)
            finally:
                stopping.set()

        ends: list[asyncio.Task[None]] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: ends.append(loop.create_task(stop())))
        return stopping

    signals.set_loop_signals = set_loop_signals
