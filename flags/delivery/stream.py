"""Event streams over ASGI, and who may open `GET /api/stream`.

That stream carries no answer: whoever hears a hint asks again, with the ETag it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from flags.delivery.auth import ANY_KIND
from flags.delivery.hearing import read_hearing
from flags.delivery.http import Header, Request, Response
from flags.delivery.inputs import Pairs, parse_query
from flags.delivery.listener import PROGRESS_SECONDS, Event, Listener, Message, Send
from flags.delivery.service import Service
from flags.delivery.state import Known
from flags.delivery.voices import HINTS, HintVoice
from flags.publishing.snapshot import Token

Receive = Callable[[], Awaitable[Message]]

STREAM_HEADERS: list[Header] = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


def open_hints(service: Service, request: Request) -> Listener:
    """Admit a client that wants hints, by its token, or by the channel of one in the address."""
    pairs = parse_query(request.query)
    known = identify(service, request, pairs)
    territories = read_hearing(known.token, pairs)
    listener = Listener(
        known=known,
        address=request.peer,
        territories=territories,
        voice=find_voice(known.token, territories),
    )
    service.hub.join(listener)
    return listener


def find_voice(token: Token, territories: frozenset[str]) -> HintVoice:
    """Return what speaks to a token's streams; where a visitor is may be named too."""
    if not token.territories:
        return HINTS
    return HintVoice(reach=territories.union(token.territories))


def answer_head(service: Service, request: Request) -> Response:
    """Answer HEAD: what GET would be answered with, and no stream."""
    pairs = parse_query(request.query)
    read_hearing(identify(service, request, pairs).token, pairs)
    return Response(200, list(STREAM_HEADERS))


def identify(service: Service, request: Request, pairs: Pairs) -> Known:
    """Return whose stream this is; EventSource sends no headers, hence the channel."""
    channel = next((text for name, text in pairs if name == "ch"), "")
    if not channel or request.headers.get(b"authorization"):
        return service.gatekeeper.identify(request, ANY_KIND, api_key=True)
    return service.gatekeeper.identify_channel(channel, request.peer)


async def run_stream(
    service: Service,
    listener: Listener,
    *,
    greeting: bytes,
    headers: list[Header],
    receive: Receive,
    send: Send,
) -> None:
    """Keep a stream open until the client leaves, falls behind, is refused or the node stops.

    The hub sends its events; here somebody only waits for the client to go.
    """
    listener.task = asyncio.current_task()
    try:
        if listener.gone:
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with asyncio.timeout(PROGRESS_SECONDS):
            for message in Event(greeting).messages:
                await send(message)
        listener.open(send)
        while (await receive())["type"] != "http.disconnect":
            pass
    except (asyncio.CancelledError, TimeoutError, OSError):
        service.counters.count("streams_cut")
    finally:
        service.hub.leave(listener)
