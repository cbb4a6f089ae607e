"""`GET /api/client/streaming`: changes of the definitions, pushed to backend SDKs.

A stream is `delta` turned round: each remembers the state that its client has, and what is
told next leads from there to what is served. So nobody ends in a wrong state who missed
something: a client that does not keep up is ended and comes back with the id it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

from flags.delivery.auth import BACKEND
from flags.delivery.delta import Standing, find_standing, find_standing_steps, read_ids
from flags.delivery.http import Refusal, Request, Response
from flags.delivery.listener import Event, Listener
from flags.delivery.live import Steps, run
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


@dataclass(slots=True, unsafe_hash=True)
class StateVoice:
    """Tells a client what leads from the state it has, `sent`, to the one that is served.

    Clients of the same query are of one group, whatever each has: `follow_states` tells them.
    """

    spreads: ClassVar = False

    narrowing: Narrowing
    sent: str = field(default="", compare=False)

    def greet(self, view: View, change: Change, last_event_id: bytes) -> bytes:
        """Return everything, or the events since the state that the client comes back with."""
        del change
        standing = find_standing(view)
        known = [digest for digest in read_ids(last_event_id) if digest in view.history.states]
        told = run(find_news(view, standing, known[-1] if known else "", self.narrowing))
        self.sent = standing.state.digest
        return render_event(CONNECTED, standing.id, told or NO_EVENTS)

    def tell(self, change: Change) -> bytes:
        """Say nothing at a change: what is new may be something else for each client."""
        del change
        return b""

    def catch_up(self, change: Change) -> bytes:
        """End the stream of who does not keep up: only its client knows what it has read."""
        del change
        return b""


def find_news(view: View, standing: Standing, since: str, narrowing: Narrowing) -> Steps[bytes]:
    """Return the events since a state, everything where it is not known, empty where equal."""
    state, revision = standing
    told = yield from view.history.tell(since, state, narrowing, revision)
    if told is None:
        told = yield from view.history.hydrate(state, narrowing, revision)
    return told


def open_states(service: Service, request: Request) -> Listener:
    """Admit a backend SDK; 404 where no streams are held, so that SDKs poll instead."""
    known = identify(service, request)
    narrowing = read_narrowing(request.query, known.token.app)
    service.gatekeeper.view(known)
    listener = Listener(known=known, address=request.peer, voice=StateVoice(narrowing))
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
    """Tell these streams whenever something is served anew, also what is no change to others.

    Definitions are lowered again as time passes, and an environment may get another app.
    """

    def tell(*_news: object) -> None:
        groups = hub.groups.items()
        found = [each for group, each in groups if isinstance(group.voice, StateVoice)]
        if found:
            hub.send_states(tell_states(hub.state, list(chain.from_iterable(found))))

    hub.state.on_live.append(tell)
    hub.state.on_access.append(tell)


def tell_states(state: State, listeners: list[Listener]) -> Steps[None]:
    """Bring each client to what is served, with events that are rendered once for all alike."""
    events: dict[tuple[str, str, object, Narrowing], Event | None] = {}
    for listener in listeners:
        yield
        voice, known = listener.voice, listener.known
        view = state.view(known.token.app, known.environment)
        if listener.gone or view is None or not isinstance(voice, StateVoice):
            continue
        standing = yield from find_standing_steps(view)
        digest = standing.state.digest
        if voice.sent == digest:
            continue
        key = (voice.sent, digest, view.mark, voice.narrowing)
        if key not in events:
            told = yield from find_news(view, standing, voice.sent, voice.narrowing)
            event = Event(render_event(UPDATED, standing.id, told)) if told else None
            events[key] = event
        voice.sent = digest
        event = events[key]
        if event is not None:
            listener.write(event)
