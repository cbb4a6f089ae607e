"""`GET /api/client/streaming`: changes of the definitions, pushed to backend SDKs.

A stream is `delta` turned round: each remembers the state that its client has, and what is
told next leads from there to what is served. So nobody ends in a wrong state who missed
something: a client that does not keep up is ended and comes back with the id it has.
"""

from __future__ import annotations

from typing import ClassVar

from flags.delivery.auth import BACKEND
from flags.delivery.delta import find_standing, read_ids
from flags.delivery.http import Refusal, Request, Response
from flags.delivery.listener import Event, Listener
from flags.delivery.narrowing import read_narrowing
from flags.delivery.service import Service
from flags.delivery.state import Change, Known, State, View
from flags.delivery.stream import STREAM_HEADERS
from flags.delivery.streams import Hub
from flags.wire.sse import render_event
from flags.wire.states import Narrowing

CONNECTED = b"unleash-connected"
UPDATED = b"unleash-updated"
NO_EVENTS = b'{"events":[]}'


class StateVoice:
    """Tells one client what leads from the state it has, `sent`, to the one that is served."""

    spreads: ClassVar = False

    def __init__(self, state: State, known: Known, narrowing: Narrowing) -> None:
        self.state = state
        self.known = known
        self.narrowing = narrowing
        self.sent = ""

    def greet(self, view: View, change: Change, last_event_id: bytes) -> bytes:
        """Return everything, or the events since the state that the client comes back with."""
        del change
        standing = find_standing(view)
        told: bytes | None = None
        for since in read_ids(last_event_id):
            told = view.history.tell(since, standing.state, self.narrowing, standing.revision)
        if told is None:
            told = view.history.hydrate(standing.state, self.narrowing, standing.revision)
        self.sent = standing.state.digest
        return render_event(CONNECTED, standing.id, told or NO_EVENTS)

    def tell(self, change: Change) -> bytes:
        """Return what is new for this client, whatever the change was."""
        del change
        return self.update()

    def update(self) -> bytes:
        """Return what is new for this client, nothing where its query gets the same."""
        view = self.state.view(self.known.token.app, self.known.environment)
        if view is None:
            return b""
        standing = find_standing(view)
        told = view.history.tell(self.sent, standing.state, self.narrowing, standing.revision)
        if told is None:
            told = view.history.hydrate(standing.state, self.narrowing, standing.revision)
        self.sent = standing.state.digest
        return render_event(UPDATED, standing.id, told) if told else b""

    def catch_up(self, change: Change) -> bytes:
        """End the stream of who does not keep up: only its client knows what it has read."""
        del change
        return b""


def open_states(service: Service, request: Request) -> Listener:
    """Admit a backend SDK; 404 where no streams are held, so that SDKs poll instead."""
    known = identify(service, request)
    narrowing = read_narrowing(request.query, known.token.app)
    service.gatekeeper.view(known)
    voice = StateVoice(service.state, known, narrowing)
    listener = Listener(known=known, address=request.peer, voice=voice)
    service.hub.join(listener)
    return listener


def answer_head(service: Service, request: Request) -> Response:
    """Answer HEAD: what GET would be answered with, and no stream."""
    service.gatekeeper.view(identify(service, request))
    return Response(200, list(STREAM_HEADERS))


def identify(service: Service, request: Request) -> Known:
    """Return whose stream this is."""
    known = service.gatekeeper.identify(request, BACKEND)
    if not service.settings.streams_per_process:
        raise Refusal(404, "This node holds no streams.")
    return known


def follow_states(hub: Hub) -> None:
    """Tell these streams also of what is no change to anybody else.

    Definitions are lowered again as time passes, and an environment may get another app.
    """

    def tell(*_news: object) -> None:
        for group, members in list(hub.groups.items()):
            event = group.voice.update() if isinstance(group.voice, StateVoice) else b""
            if event:
                hub.send(Event(event), list(members))

    hub.state.on_live.append(tell)
    hub.state.on_access.append(tell)
