"""The bare ASGI application of delivery: find the route, read the body, send the answer.

On a warm request there is no query, no Redis call, no lock, and no await but the sends. A
question that was not answered before may wait its turn where its token owes for cold work.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import structlog

from flags.delivery.burnt import check_address, holds_token, names_token
from flags.delivery.contexts import Throws
from flags.delivery.http import (
    VARY_BROWSER,
    VARY_TOKEN,
    Header,
    Refusal,
    Request,
    Response,
    Scope,
    answer_preflight,
    cors_headers,
    encode_json,
    render_error_headers,
)
from flags.delivery.listener import Listener
from flags.delivery.proxies import Proxies
from flags.delivery.routes import Answer, Family, OpenStream, Route, find_family, find_route, owns
from flags.delivery.service import FindText, Service
from flags.delivery.settings import Settings
from flags.delivery.state import State
from flags.delivery.stream import STREAM_HEADERS, run_stream
from flags.delivery.streaming import follow_states
from flags.delivery.turns import count_made
from flags.delivery.unleash import prime
from flags.wire.ofrep import render_error

__all__ = ["App", "build", "owns"]

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

# A client that stops in the middle of its body holds a descriptor for as long.
BODY_SECONDS = 20.0

_log = structlog.get_logger(__name__)


class App:
    """Delivery as an ASGI callable for `http` scopes; `service` is what its routes share."""

    def __init__(self, service: Service) -> None:
        self.service = service
        origins = service.settings.origins
        proxies = service.settings.trusted_proxies
        self._proxies = Proxies(proxies) if proxies else None
        self._open_cors = cors_headers(None, origins) if "*" in origins else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        request = Request(scope)
        if self._proxies is not None:
            request.peer = self._proxies.read_peer(request.peer, scope["headers"])
        found = find_route(request.path)
        if found is None:
            family = find_family(request.path) or "plain"
            name = "unknown"
            response = self.refuse(request, family, self.miss(request))
        else:
            route, request.rest = found
            family, name = route.family, route.name
            if route.open is not None and request.method == "GET":
                await self.stream(route, route.open, request, receive, send)
                return
            response = await self.respond(route, request, receive)
        if not response.whole:
            complete(response, self.family_headers(request, family))
        if response.told is not None and request.method != "HEAD":
            self.service.exposure.count(response.told)
        await send_response(send, request, response)
        self.service.counters.observe(name, response.status, time.perf_counter() - started)

    def takes(self, scope: Scope) -> bool:
        """Tell whether to answer a request here: delivery's own, and burnt tokens anywhere.

        The pages behind would log the address, and repeat it in an error.
        """
        path: str = scope["path"]
        return owns(path) or holds_token(path, scope["query_string"], self.service.state.tokens)

    def miss(self, request: Request) -> Refusal:
        """Build the refusal of an unknown path."""
        try:
            check_address(request, self.service.state.tokens)
        except Refusal as burnt:
            return burnt
        return nothing_here()

    async def respond(self, route: Route, request: Request, receive: Receive) -> Response:
        """Return a route's answer; whatever goes wrong is an answer too."""
        try:
            if request.method == "OPTIONS":
                return self.answer_options(route, request)
            method = "GET" if request.method == "HEAD" else request.method
            answer = route.answers.get(method)
            if answer is None:
                return self.refuse(request, route.family, not_allowed(route, request))
            asks = request.query and (method == "POST" or not route.reads_query)
            if asks or names_token(request.rest):
                check_address(request, self.service.state.tokens)
            if method == "POST":
                request.body = await read_body(request, receive, route.body_bytes)
            return await self.answer(route, answer, request)
        except Exception as error:  # noqa: BLE001 - a client gets an answer, whatever is broken
            return self.refuse(request, route.family, self.read_refusal(error, route))

    async def answer(self, route: Route, answer: Answer, request: Request) -> Response:
        """Answer what is to be answered; what is late may be looked up off the loop."""
        if route.recalls and request.method != "HEAD":
            return await self.recall(route, answer, request)
        try:
            return answer(self.service, request)
        except Refusal as refusal:
            if route.late is None or refusal.status != HTTPStatus.NOT_FOUND:
                raise
            return await route.late(self.service, request)

    async def recall(self, route: Route, answer: Answer, request: Request) -> Response:
        """Return what was answered to the same question before, else answer and keep it."""
        recall, turns = self.service.recall, self.service.turns
        gatekeeper = self.service.gatekeeper
        question = recall.ask(route.name, request, route.heeds)
        found = recall.find(question, request, self.service.list_freshness)
        if found is not None:
            return found
        known = gatekeeper.find(request, api_key=route.family == "ofrep")
        if known is not None and turns.owed:
            await turns.take(known)
        view = None
        if known is not None:
            view = self.service.state.view(known.token.app, known.environment)
        throws, made, started = Throws.count, count_made(view), time.perf_counter()
        response = answer(self.service, request)
        if known is not None and count_made(view) != made:
            turns.charge(known, time.perf_counter() - started, time.monotonic())
        complete(response, self.family_headers(request, route.family))
        recall.keep(question, request, response, throws)
        status, headers, body, _whole, told, _other = response
        return Response(status, headers, body, whole=True, told=told)

    async def stream(
        self,
        route: Route,
        admit: OpenStream,
        request: Request,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer with an event stream, or refuse it like any other request."""
        try:
            check_address(request, self.service.state.tokens)
            listener = admit(self.service, request)
            greeting = self.greet(listener, request)
        except Exception as error:  # noqa: BLE001 - a client gets an answer, whatever is broken
            response = self.refuse(request, route.family, self.read_refusal(error, route))
            complete(response, self.family_headers(request, route.family))
            await send_response(send, request, response)
            self.service.counters.observe(route.name, response.status, 0.0)
            return
        headers = STREAM_HEADERS + self.family_headers(request, route.family)
        self.service.counters.observe(route.name, 200, 0.0)
        await run_stream(
            self.service,
            listener,
            greeting=greeting,
            headers=headers,
            receive=receive,
            send=send,
        )

    def greet(self, listener: Listener, request: Request) -> bytes:
        """Return a stream's greeting; where it fails, the stream is given up."""
        try:
            return self.service.hub.greet(listener, request.headers.get(b"last-event-id", b""))
        except BaseException:
            self.service.hub.leave(listener)
            raise

    def read_refusal(self, error: Exception, route: Route) -> Refusal:
        """Return what an error is answered with: a fault of ours is logged."""
        if isinstance(error, Refusal):
            return error
        _log.error("request.failed", route=route.name, exc_info=error)
        return Refusal(500, "Something is broken here.")

    def answer_options(self, route: Route, request: Request) -> Response:
        """Answer OPTIONS; only browser routes tell other origins that they may come."""
        if route.family in {"browser", "ofrep"}:
            return answer_preflight(request, list_methods(route), self.service.settings.origins)
        return Response(204, [(b"allow", ", ".join(list_methods(route)).encode())])

    def refuse(self, request: Request, family: Family, refusal: Refusal) -> Response:
        """Say an error in the words of the protocol."""
        headers = [*render_error_headers(refusal), *self.service.list_freshness()]
        if family == "ofrep":
            body = render_error(refusal.code, refusal.message, key=request.rest)
        else:
            body = encode_json(
                {
                    "id": str(uuid.uuid4()),
                    "name": refusal.name,
                    "message": refusal.message,
                    "details": [{"message": refusal.message}],
                }
            )
        return Response(refusal.status, headers, body)

    def family_headers(self, request: Request, family: Family) -> list[Header]:
        """Return what every answer of a family carries, errors and 304 too."""
        if family == "unleash":
            return [VARY_TOKEN]
        if family == "plain":
            return []
        if self._open_cors is not None:
            return [VARY_BROWSER, *self._open_cors]
        granted = cors_headers(request.headers.get(b"origin"), self.service.settings.origins)
        return [VARY_BROWSER, *granted]


def build(
    state: State, *, settings: Settings | None = None, find_text: FindText | None = None
) -> App:
    """Build the ASGI application over a state; `find_text` looks unknown texts up."""
    state.before_view.append(prime)
    service = Service(state, settings or Settings(), find_text)
    follow_states(service.hub)
    return App(service)


def nothing_here() -> Refusal:
    """Build the 404 of an unknown path."""
    return Refusal(404, "There is nothing at this address.")


def not_allowed(route: Route, request: Request) -> Refusal:
    """Build the 405 of a path, which tells what is allowed."""
    allow = ", ".join(list_methods(route))
    return Refusal(405, f"{request.method[:20]} is not allowed here.", allow=allow)


def list_methods(route: Route) -> list[str]:
    """Return the methods of a route in the order in which they are told."""
    methods = [method for method in ("GET", "POST") if method in route.answers]
    if "GET" in methods:
        methods.insert(1, "HEAD")
    return [*methods, "OPTIONS"]


async def read_body(request: Request, receive: Receive, limit_bytes: int) -> bytes:
    """Read a body up to a limit; 408 when it is not whole in 20 s.

    What is announced too large is not read at all.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await gather_body(request, receive, limit_bytes)
    except TimeoutError:
        raise Refusal(408, f"The body was not whole after {BODY_SECONDS:.0f} s.") from None


async def gather_body(request: Request, receive: Receive, limit_bytes: int) -> bytes:
    """Read a body up to a limit, however long it takes."""
    announced = request.headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:20]) > limit_bytes:
        raise Refusal(413, f"The body has {int(announced[:20])} bytes; {limit_bytes} are allowed.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "The client left before its body was whole.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit_bytes:
            raise Refusal(413, f"The body has more than {limit_bytes} bytes.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def complete(response: Response, family: list[Header]) -> None:
    """Add a family's headers and the length; a 204 and 304 go without length."""
    response.headers.extend(family)
    if response.status not in {204, 304}:
        response.headers.append((b"content-length", b"%d" % len(response.body)))


async def send_response(send: Send, request: Request, response: Response) -> None:
    """Send head and body; a HEAD or 304 goes without body."""
    status, headers, body = response[:3]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if request.method == "HEAD":
        body = b""
    await send({"type": "http.response.body", "body": body})
